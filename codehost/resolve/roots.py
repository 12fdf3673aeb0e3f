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
    that confirmed it. ``assumed``: nothing confirmed it; it is where requests go until something does.
    """

    WRITTEN = "written"
    REMEMBERED = "remembered"
    PROJECT_PAGE = "project-page"
    LISTING = "listing"
    ASSUMED = "assumed"


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
        for word in self.words:
            if word.kind is Kind.HERE:
                return Confirmed(root=word.root, how=How.PROJECT_PAGE, word=word)
        if self.with_project:
            for root in self.candidates:
                if self.word_at(root) is None:
                    return AskPage(root=root)
        return self._next_listing() or Unconfirmed(word=self._verdict())

    def _next_listing(self) -> Step | None:
        for listing, lists in self.listings:
            if lists:
                return Confirmed(root=listing.root, how=How.LISTING, word=self.word_at(listing.root) or listing)
        asked = {listing.root for listing, _ in self.listings}
        for root in self.candidates:
            word = self.word_at(root)
            wanted = word is None or word.status != _WANTS_CREDENTIALS
            if self.with_listings and root not in asked and wanted:
                return AskListing(root=root)
        return None

    def _verdict(self) -> Word:
        """The word that counts when nothing tells which one is the mirror's."""
        if not self.with_project:
            nothing = Word(root=self.candidates[0], url=self.candidates[0], status=0)
            return _refused([listing for listing, _ in self.listings]) or nothing
        ordered = [word for root in self.candidates if (word := self.word_at(root)) is not None]
        word = _elsewhere(ordered) or _refused(ordered) or _missing(ordered) or ordered[0]
        return replace(word, tried=self.candidates)


def candidates(url: str) -> tuple[str, ...]:
    """Where the simple root of a mirror may be, likeliest first; one when ``url`` names it."""
    if unquote(urlsplit(url).path).endswith(_ROOTS):
        return (url,)
    # The address itself comes last: a page of an index beside its simple API may be a page of links too (devpi).
    return (*(f"{url}{root}" for root in _ROOTS), url)


def _elsewhere(words: list[Word]) -> Word | None:
    # The likelier address speaks: another server's page must not stand in for a root that is refused, nor a guess
    # that is refused silence such a page.
    speaking = (word for word in words if word.kind in {Kind.ELSEWHERE, Kind.REFUSED})
    first = next(speaking, None)
    return first if first is not None and first.kind is Kind.ELSEWHERE else None


def _refused(words: list[Word]) -> Word | None:
    refused = [word for word in words if word.kind is Kind.REFUSED]
    # A demand for credentials tells more than a 403, which may mean anything.
    return min(refused, key=lambda word: word.status != _WANTS_CREDENTIALS, default=None)


def _missing(words: list[Word]) -> Word | None:
    missing = [word for word in words if word.kind is Kind.MISSING]
    # A page without links is still the page of some index (Nexus answers so); a 404 may come from anything.
    return min(missing, key=lambda word: word.page is None, default=None)
