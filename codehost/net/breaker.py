"""A fetcher that leaves mirrors alone which fail again and again.

Whatever came to a request is told to the circuits; they decide which requests may go. The quick retries of the fetcher
inside are one request here.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from codehost.model.circuits import Setback, Ticket, counts
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.ports import Circuits, Fetcher, FileResponse, PageResponse, Validators
from codehost.net.origins import shown

# Answers of a mirror that works: the page, its being unchanged, and its not being there.
_ANSWERS = frozenset({HTTPStatus.OK, HTTPStatus.NOT_MODIFIED, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class BreakingFetcher:
    """The ``Fetcher`` port around another one.

    A request to a mirror that is left alone raises an ``unasked`` ``Failure`` at once, and costs nothing.
    """

    def __init__(self, fetcher: Fetcher, circuits: Circuits) -> None:
        self._fetcher = fetcher
        self._circuits = circuits

    async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
        """As the fetcher inside."""
        return await self._asked(mirror, url, lambda: self._fetcher.page(mirror, url, validators))

    async def beginning(self, mirror: Mirror, url: str) -> PageResponse:
        """As the fetcher inside."""
        return await self._asked(mirror, url, lambda: self._fetcher.beginning(mirror, url))

    @asynccontextmanager
    async def file(self, mirror: Mirror, url: str) -> AsyncIterator[FileResponse]:
        """As the fetcher inside. A body that breaks off is a failure of the mirror, too."""
        async with self._watched(mirror, url) as watch, self._fetcher.file(mirror, url) as response:
            # A long download must not keep others from the mirror that it shows to be there.
            await watch.heard(response.status, response.url, response.retry_after)
            yield response

    async def _asked(self, mirror: Mirror, url: str, ask: Callable[[], Awaitable[PageResponse]]) -> PageResponse:
        async with self._watched(mirror, url) as watch:
            page = await ask()
            await watch.heard(page.status, page.url, page.retry_after)
            return page

    @asynccontextmanager
    async def _watched(self, mirror: Mirror, url: str) -> AsyncIterator["_Watch"]:
        watch = _Watch(self._circuits, await self._circuits.admit(mirror.url), mirror, url)
        try:
            yield watch
        except Failure as failure:
            await watch.raised(failure)
            raise
        finally:
            await watch.close()


class _Watch:
    """One request, from its ticket to its outcome."""

    def __init__(self, circuits: Circuits, ticket: Ticket, mirror: Mirror, url: str) -> None:
        self._circuits = circuits
        self._ticket = ticket
        self._mirror = mirror
        self._project = _asked_for(url)
        self._told = False
        self._answered = False

    async def heard(self, status: int, url: str, retry_after: float | None) -> None:
        """The head of an answer came."""
        self._answered = True
        if status in _ANSWERS or status in self._mirror.ignore_status_codes:
            await self._succeed()
            return
        reason = reason_of_status(status)
        if counts(reason):
            await self._fail(reason, f"{shown(url)} answered {status}", retry_after)
        else:
            await self._succeed()

    async def raised(self, failure: Failure) -> None:
        """The request failed, or what is done with its answer."""
        # Once the head is there, whoever reads the body may fail for other reasons, of which the status is known.
        breaks_off = failure.reason is Reason.NETWORK
        if breaks_off or (not self._answered and counts(failure.reason)):
            await self._fail(failure.reason, str(failure), failure.retry_after)

    async def close(self) -> None:
        """Hand the ticket back, if that is still to be done."""
        if not self._told:
            self._told = True
            await self._circuits.withdrawn(self._ticket)

    async def _succeed(self) -> None:
        self._told = True
        await self._circuits.succeeded(self._ticket)

    async def _fail(self, reason: Reason, message: str, retry_after: float | None) -> None:
        self._told = True
        setback = Setback(reason=reason, message=message, project=self._project, retry_after=retry_after)
        await self._circuits.failed(self._ticket, setback)


def _asked_for(url: str) -> str:
    """Something that tells one project from another: the last piece of the path, a file's up to its version."""
    # PEP 503: a project page's path ends in the project's name and a slash; PEP 625: a file's name begins with it.
    piece = urlsplit(url).path.rstrip("/").rpartition("/")[2]
    return unquote(piece).partition("-")[0].lower() if "." in piece else unquote(piece).lower()
