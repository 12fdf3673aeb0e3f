"""Where a mirror's simple API is: the search for its root, as a state machine. Pure.

An entry of ``urls`` may be a server's base or its simple root. What ends in ``/simple`` or ``/+simple`` is taken at
its word; for anything else a few candidates are asked for a project that is wanted anyway, then for their listings.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from codehost.resolve.words import Kind, Word

_ROOTS = ("/simple", "/+simple")
# A status at which the listing next to it would be refused too (RFC 9110, 15.5.2).
_WANTS_CREDENTIALS = HTTPStatus.UNAUTHORIZED


class How(StrEnum):
    """How a root was found.

    ``written``: urls names it. ``remembered``: an earlier run found it. ``project-page`` and ``listing``: the answer
    that confirmed it.
    """

    WRITTEN = "written"
    REMEMBERED = "remembered"
    PROJECT_PAGE = "project-page"
    LISTING = "listing"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPage:
    """Next: ask for the project's page below ``root``."""

    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskListing:
    """Next: ask for the listing of ``root``."""

    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The end: the mirror's root, how it was found, and its word on the project (or the listing, if none was asked)."""

    root: str
    how: How
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """The end: no root was confirmed. ``word`` is what that means for the project.

    With no project asked for, ``word`` is the listing that wants credentials, or empty with the status 0.
    """

    word: Word


Step = AskPage | AskListing | Confirmed | Unconfirmed


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search has heard so far.

    ``with_project`` is False when only listings are asked, ``with_listings`` when none may be. ``listings`` holds what
    was heard where a listing was asked for, and whether it is one.
    """

    candidates: tuple[str, ...]
    with_project: bool = True
    with_listings: bool = True
    words: tuple[Word, ...] = ()
    listings: tuple[tuple[Word, bool], ...] = ()

    def heard(self, word: Word) -> "Search":
        """The search, one project page later."""
        return replace(self, words=(*self.words, word))

    def looked(self, word: Word, *, lists: bool) -> "Search":
        """The search, one listing later."""
        return replace(self, listings=(*self.listings, (word, lists)))

    def without_listings(self) -> "Search":
        """The search, when no more listings can be asked."""
        return replace(self, with_listings=False)

    def word_at(self, root: str) -> Word | None:
        """What was heard at a candidate."""
        return next((word for word in self.words if word.root == root), None)

    @property
    def settled(self) -> bool:
        """Whether the project is missing wherever the root is, so that listings can teach no more than the root."""
        return bool(self.words) and all(word.kind is Kind.MISSING for word in self.words)

    @property
    def next_step(self) -> Step:
        """What to do next."""
        step = self._next_page() if self.with_project else None
        return step or self._next_listing() or Unconfirmed(word=self._verdict())

    def _next_page(self) -> Step | None:
        for root in self.candidates:
            likelier = self._likelier(root, self.words)
            word = self.word_at(root)
            if word is None:
                return AskPage(root=root) if _alike(likelier) else None
            if word.kind is Kind.HERE:
                confirmed = Confirmed(root=root, how=How.PROJECT_PAGE, word=word)
                return confirmed if self._leaves_open(root, likelier) else None
        return None

    def _next_listing(self) -> Step | None:
        heard = {listing.root: (listing, lists) for listing, lists in self.listings}
        for root in self.candidates:
            likelier = self._likelier(root, self.words), self._likelier(root, tuple(word for word, _ in self.listings))
            word = self.word_at(root)
            if root not in heard:
                wanted = word is None or word.status != _WANTS_CREDENTIALS
                return AskListing(root=root) if self.with_listings and wanted and all(map(_alike, likelier)) else None
            listing, lists = heard[root]
            if lists:
                confirmed = Confirmed(root=root, how=How.LISTING, word=word or listing)
                return confirmed if self._leaves_open(root, *likelier) else None
        return None

    def _likelier(self, root: str, words: tuple[Word, ...]) -> list[Word]:
        """What was heard at the candidates before ``root``."""
        before = self.candidates[: self.candidates.index(root)]
        return [word for word in words if word.root in before]

    def _leaves_open(self, root: str, *likelier: list[Word]) -> bool:
        """Whether the answers at likelier candidates leave open that ``root`` is the mirror's simple root.

        They do when all of them say "not here". A refusal or a page that is none may come from the true root, which is
        ill: then no other address may speak for the mirror, or something public would stand in for something private.
        But a server that says the same at every guess says it for whatever it lacks (PyTorch's says 403).
        """
        last = root == self.candidates[-1]
        return all(not _obstacles(words) or (last and len(words) > 1 and _alike(words)) for words in likelier)

    def _verdict(self) -> Word:
        """The word that counts when nothing tells which one is the mirror's."""
        if not self.with_project:
            nothing = Word(root=self.candidates[0], url=self.candidates[0], status=0)
            refused = (listing for listing, _ in self.listings if listing.kind is Kind.REFUSED)
            return next(refused, nothing)
        ordered = [word for root in self.candidates if (word := self.word_at(root)) is not None]
        # The likeliest address that says anything but "not here" speaks.
        word = next((word for word in ordered if word.kind is not Kind.MISSING), None) or _missing(ordered)
        return replace(word, tried=self.candidates)


def candidates(url: str) -> tuple[str, ...]:
    """Where the simple root of a mirror may be, likeliest first; one when ``url`` names it."""
    if unquote(urlsplit(url).path).endswith(_ROOTS):
        return (url,)
    # The address itself comes last: a page of an index beside its simple API may be a page of links too (devpi).
    return (*(f"{url}{root}" for root in _ROOTS), url)


def _obstacles(words: list[Word]) -> list[Word]:
    return [word for word in words if word.kind in {Kind.REFUSED, Kind.UNUSABLE}]


def _alike(words: list[Word]) -> bool:
    """Whether no guess stands out: none failed, or all did in the same way, and not for want of credentials."""
    obstacles = _obstacles(words)
    if not obstacles:
        return True
    ways = {(word.kind, word.status) for word in words}
    return len(ways) == 1 and obstacles[0].status != _WANTS_CREDENTIALS


def _missing(words: list[Word]) -> Word:
    # A page without links is still the page of some index (Nexus answers so); a 404 may come from anything.
    return min(words, key=lambda word: word.page is None)
