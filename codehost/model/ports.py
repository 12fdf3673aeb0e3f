"""The seams: what stages need from outside, as protocols. The test simulator implements the same ones."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from codehost.model.circuits import Setback, Ticket
from codehost.model.codehosts import Mirror


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What tells one state of a page from another (RFC 9110, section 8.8), as the server wrote it."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return self.etag is not None or self.last_modified is not None


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResponse:
    """An answer to a request for a project page, after redirects; the body is decoded and bounded.

    ``content_type`` is the media type in lower case without parameters, empty if the server sent none.
    ``url`` is the final URL without user information: relative links are joined to it. ``etag`` and ``last_modified``
    are the page's validators, None where the server sent none that can be sent back.
    """

    status: int
    url: str
    content_type: str
    body: bytes
    retry_after: float | None = None
    etag: str | None = None
    last_modified: str | None = None


class FileResponse(Protocol):
    """An answer to a request for a distribution file, after redirects, its body not yet read."""

    status: int
    url: str
    length: int | None
    retry_after: float | None

    def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece. Raises ``Failure`` when the connection breaks or the length disagrees."""
        ...


class Fetcher(Protocol):
    """Requests to mirrors. Every request, redirect hop and retry is counted against the budget."""

    async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
        """Ask for a project page. Raises ``Failure`` when no answer came; any status is an answer.

        With ``validators`` of an earlier answer, status 304 says that nothing has changed since.
        """
        ...

    async def beginning(self, mirror: Mirror, url: str) -> PageResponse:
        """Ask for a page that may be very long and read its first 64 KiB at most. Otherwise as ``page``."""
        ...

    def file(self, mirror: Mirror, url: str) -> AbstractAsyncContextManager[FileResponse]:
        """Ask for a distribution file. Raises ``Failure`` when no answer came; any status is an answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoot:
    """Where a mirror's simple API is.

    ``root`` has no trailing slash. ``witness`` is the address whose answer proved it: a project page or the listing
    of all projects. As long as it answers, the mirror has not moved.
    """

    root: str
    witness: str


class RootMemory(Protocol):
    """What earlier runs found out about the mirrors of one code host, by the mirrors' URLs."""

    async def recall(self, mirror_url: str) -> FoundRoot | None:
        """What is known of the mirror, or None."""
        ...

    async def remember(self, mirror_url: str, found: FoundRoot) -> None:
        """Keep what was found, in place of what was known."""
        ...


class Budget(Protocol):
    """The hourly allowance of one code host."""

    async def spend(self) -> None:
        """Wait until one more request may be sent, and count it."""
        ...


class Circuits(Protocol):
    """The circuit breakers of one code host's mirrors. Every ticket is handed back in one of three ways."""

    async def admit(self, url: str) -> Ticket:
        """Leave to send a request to the mirror. Raises an ``unasked`` ``Failure`` while it is left alone."""
        ...

    async def succeeded(self, ticket: Ticket) -> None:
        """The mirror answered as it should."""
        ...

    async def failed(self, ticket: Ticket, setback: Setback) -> None:
        """The mirror failed."""
        ...

    async def withdrawn(self, ticket: Ticket) -> None:
        """Nothing was learnt of the mirror."""
        ...
