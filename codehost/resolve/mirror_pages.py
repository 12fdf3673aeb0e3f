"""The project pages of mirrors, wherever their simple roots are: the shell around the search for a root.

A search costs budget once: its result is used at once for the pin that started it, kept for the run, and remembered
for later runs. Whoever asks while a mirror is being searched waits for the result.
"""

import asyncio
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import Fetcher, FoundRoot, PageResponse, RootMemory, Validators
from codehost.net.origins import same_origin, shown
from codehost.resolve.listing import lists_projects, still_there
from codehost.resolve.pages import parse_page
from codehost.resolve.project_page import ProjectPage
from codehost.resolve.roots import AskListing, AskPage, Confirmed, How, Search, Unconfirmed, candidates
from codehost.resolve.words import Kind, Word, address_of, explained, failure_of

_LARGE = 64 * 1024
# Answers after which nothing is known, not even that a guess was wrong.
_NO_ANSWER = frozenset({Reason.THROTTLED, Reason.SERVER_ERROR})


@dataclass(slots=True, kw_only=True)
class _Place:
    """What this run knows of where a mirror's pages are.

    ``root`` and ``how`` are None until one is known. ``doubted`` is a remembered root that has not proved itself in
    this run yet. ``with_listings``: whether another search may ask for listings.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    root: str | None = None
    how: How | None = None
    doubted: FoundRoot | None = None
    recalled: bool = False
    with_listings: bool = True


class NoMemory:
    """The ``RootMemory`` port for those who have nowhere to keep a root: each run searches anew."""

    async def recall(self, mirror_url: str) -> FoundRoot | None:  # noqa: ARG002 - the port's
        """Nothing is known."""
        return None

    async def remember(self, mirror_url: str, found: FoundRoot) -> None:
        """Nothing is kept."""


class MirrorPages:
    """Project pages by mirror and project, for one run."""

    def __init__(self, fetcher: Fetcher, memory: RootMemory) -> None:
        self._fetcher = fetcher
        self._memory = memory
        # A large page takes many times its size while it is read.
        self._reading = asyncio.Lock()
        self._places: dict[tuple[int, str], _Place] = {}

    async def ask(self, mirror: Mirror, project: str, validators: Validators | None = None) -> Word:
        """The mirror's word on a project (normalised): a page, or that it is not there.

        With ``validators`` of an earlier page, the word may be that the page is unchanged.

        Raises:
            Failure: there is no such answer: NETWORK, SERVER_ERROR, THROTTLED, AUTH, BAD_PAGE, BLOCKED.
        """
        word = await self._ask(mirror, project, validators)
        if word.failure is not None:
            raise explained(word.failure, word.tried)
        return word

    async def locate(self, mirror: Mirror) -> tuple[str, How] | None:
        """The mirror's simple root and how it was found; by its listings, unless a page has told. None: unknown.

        Raises:
            Failure: a listing could not be asked, or credentials were wanted where one may be.
        """
        located = await self._located(mirror, None)
        if isinstance(located, Word) and located.failure is not None:
            raise located.failure
        place = self._place(mirror)
        return None if place.root is None or place.how is None else (place.root, place.how)

    def knows_root(self, mirror: Mirror) -> bool:
        """Whether the mirror's simple root is known by now. As long as it is not, "not here" may be the wrong place."""
        return self._place(mirror).root is not None

    async def listing(self, mirror: Mirror, root: str) -> PageResponse:
        """The beginning of the listing of all projects; any status is an answer."""
        return await self._fetcher.beginning(mirror, f"{root}/")

    def _place(self, mirror: Mirror) -> _Place:
        key = (mirror.position, mirror.url)
        if key not in self._places:
            certain = candidates(mirror.url) == (mirror.url,)
            root, how = (mirror.url, How.WRITTEN) if certain else (None, None)
            self._places[key] = _Place(root=root, how=how)
        return self._places[key]

    async def _ask(self, mirror: Mirror, project: str, validators: Validators | None = None) -> Word:
        located = await self._located(mirror, project)
        return located if isinstance(located, Word) else await self._ask_at(mirror, located, project, validators)

    async def _located(self, mirror: Mirror, project: str | None) -> str | Word:
        """The mirror's root; or the mirror's word, when the search for the root has just heard it."""
        place = self._place(mirror)
        if place.root is not None:
            return place.root
        async with place.lock:
            # Another one may have found it while this one waited.
            if place.root is None:
                await self._recall(mirror, place)
            if place.root is not None:
                return place.root
            return await self._search(mirror, place, project)

    async def _recall(self, mirror: Mirror, place: _Place) -> None:
        if place.recalled:
            return
        found = await self._memory.recall(mirror.url)
        place.recalled = True
        if found is not None and found.root in candidates(mirror.url):
            place.root, place.how, place.doubted = found.root, How.REMEMBERED, found

    async def _ask_at(self, mirror: Mirror, root: str, project: str, validators: Validators | None) -> Word:
        place = self._place(mirror)
        doubted = place.doubted
        word = await self._hear(mirror, root, project, validators)
        if word.kind is Kind.HERE and place.root == root:
            place.doubted = None
        elif word.kind is Kind.MISSING and doubted is not None:
            async with place.lock:
                if place.doubted is not None:
                    return await self._doubt(mirror, place, place.doubted, word, project)
            # Another one asked the witness meanwhile, and the mirror may have moved.
            return word if place.root == root else await self._ask(mirror, project)
        return word

    async def _doubt(self, mirror: Mirror, place: _Place, found: FoundRoot, word: Word, project: str) -> Word:
        """A project is not where the mirror was: has the mirror moved?"""
        witness = await self._listen(mirror, found.witness)
        if witness is None or not _is_gone(witness, mirror, found):
            place.doubted = None
            return word
        _forget(place)
        try:
            searched = await self._search(mirror, place, project, word)
        except BaseException:
            # Nothing was learnt: the next one who misses a project asks the witness again.
            place.root, place.how = found.root, How.REMEMBERED
            raise
        place.doubted = None
        return word if place.root is None else searched

    async def _search(self, mirror: Mirror, place: _Place, project: str | None, *known: Word) -> Word:
        search = Search(
            candidates=candidates(mirror.url),
            with_project=project is not None,
            with_listings=place.with_listings,
            words=known,
        )
        while True:
            match search.next_step:
                case AskPage(root=root):
                    search = search.heard(await self._hear(mirror, root, project or ""))
                case AskListing(root=root):
                    search = await self._look(mirror, search, root)
                case Confirmed() as confirmed:
                    await self._adopt(mirror, place, confirmed, project)
                    return confirmed.word
                case Unconfirmed(word=word):
                    # What listings said once they say again; those that could not be asked may say something later.
                    place.with_listings &= not (search.listings and search.with_listings)
                    return word

    async def _look(self, mirror: Mirror, search: Search, root: str) -> Search:
        try:
            word, lists = await self._hear_listing(mirror, root)
        except Failure:
            if search.settled:
                return search.without_listings()
            raise
        return search.looked(word, lists=lists)

    async def _adopt(self, mirror: Mirror, place: _Place, confirmed: Confirmed, project: str | None) -> None:
        root = confirmed.root
        by_page = project if confirmed.how is How.PROJECT_PAGE else None
        witness = f"{root}/" if by_page is None else address_of(root, by_page)
        await self._memory.remember(mirror.url, FoundRoot(root=root, witness=witness))
        place.root, place.how, place.doubted = root, confirmed.how, None

    async def _hear(self, mirror: Mirror, root: str, project: str, validators: Validators | None = None) -> Word:
        """The answer to the request for a project page below ``root``. Raises when there is none."""
        address = address_of(root, project)
        try:
            response = await self._fetcher.page(mirror, address, validators)
        except Failure as failure:
            if failure.reason is not Reason.BAD_PAGE:
                raise
            return Word(root=root, url=address, status=0, failure=failure.at(mirror.url))
        if response.status == HTTPStatus.NOT_MODIFIED and validators:
            return Word(root=root, url=response.url, status=response.status, validators=validators, unchanged=True)
        if response.status != HTTPStatus.OK:
            failed = failure_of(response, mirror)
            if failed is not None and failed.reason in _NO_ANSWER:
                raise failed
            return Word(root=root, url=response.url, status=response.status, failure=failed)
        try:
            page = await self._read(response, project)
        except Failure as failure:
            return Word(root=root, url=response.url, status=response.status, failure=failure.at(mirror.url))
        fresh = Validators(etag=response.etag, last_modified=response.last_modified)
        return Word(root=root, url=response.url, status=response.status, page=page, validators=fresh)

    async def _hear_listing(self, mirror: Mirror, root: str) -> tuple[Word, bool]:
        """The answer to the request for the listing of ``root``, and whether it is one. Raises when there is none."""
        listing = await self._listen(mirror, f"{root}/")
        if listing is None:
            unread = Failure(Reason.BAD_PAGE, f"{root}/ cannot be read", mirror=mirror.url)
            return Word(root=root, url=root, status=0, failure=unread), False
        failed = None if listing.status == HTTPStatus.OK else failure_of(listing, mirror)
        if failed is not None and failed.reason in _NO_ANSWER:
            raise failed
        word = Word(root=root, url=listing.url, status=listing.status, failure=failed)
        lists = same_origin(listing.url, root) and lists_projects(listing, base=root == mirror.url)
        if listing.status == HTTPStatus.OK and not lists:
            unfit = Failure(Reason.BAD_PAGE, f"{shown(listing.url)} is no list of projects", mirror=mirror.url)
            return replace(word, failure=unfit), False
        return word, lists

    async def _listen(self, mirror: Mirror, address: str) -> PageResponse | None:
        """The beginning of a page, with any status; None when what came is no page. Raises when nothing came."""
        try:
            return await self._fetcher.beginning(mirror, address)
        except Failure as failure:
            if failure.reason is not Reason.BAD_PAGE:
                raise
            return None

    async def _read(self, response: PageResponse, project: str) -> ProjectPage:
        try:
            if len(response.body) < _LARGE:
                return parse_page(response, project)
            async with self._reading:
                return await asyncio.to_thread(parse_page, response, project)
        except Failure as failure:
            raise Failure(failure.reason, f"{shown(response.url)}: {failure.what}") from None


def _forget(place: _Place) -> None:
    place.root, place.how = None, None


def _is_gone(witness: PageResponse, mirror: Mirror, found: FoundRoot) -> bool:
    """Whether a witness, asked again, says clearly that it is not there any more; an error says nothing of a move."""
    if witness.status == HTTPStatus.OK:
        return not still_there(witness, found, base=found.root == mirror.url)
    return failure_of(witness, mirror) is None
