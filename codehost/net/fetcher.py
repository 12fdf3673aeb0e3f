"""The fetcher: requests to mirrors over HTTP, each one counted.

Pages are small, retried here and returned whole. Files are streamed; whoever downloads them restarts them.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver

from codehost.model.budget import DEPARTURE, SECOND
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.members import MIB
from codehost.model.ports import Budget, PageResponse, Validators
from codehost.net.answers import HttpAnswer
from codehost.net.bodies import decode_beginning, decode_body, too_large
from codehost.net.connections import Bounds, Connections, open_connections
from codehost.net.explain import at
from codehost.net.origins import BadAddressError, sendable, shown
from codehost.net.rate import LeastRate
from codehost.net.redirects import next_hop
from codehost.net.retries import delay_before_retry

BEGINNING_BYTES = 64 * 1024

_OK = 200

_RATE = LeastRate(least=60 * 1024, window=60.0)

# PEP 691: JSON first; an HTML-only mirror still answers.
_PAGE_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds on requests. Times are seconds, sizes bytes.

    ``page_deadline`` and ``file_deadline`` bound one request from sending to its last byte where the mirror has no
    deadline of its own, ``silence`` the wait for the next byte. ``head`` bounds the wait for the whole head of an
    answer, provisional ones included, and ``rate`` how slowly the body may come: by default 60 KiB in every minute
    (1 KiB/s), which the slowest of lines exceeds and which no drip reaches; a body that is whole within the first
    minute may be of any size. ``departure``: how long after it was counted a request may leave; until then its
    connection must stand.
    """

    silence: float = 60.0
    head: float = 90.0
    rate: LeastRate = _RATE
    page_deadline: float = 120.0
    file_deadline: float = 4 * 3600.0
    departure: float = DEPARTURE / SECOND
    max_page_bytes: int = 32 * MIB
    max_redirects: int = 5
    connections_per_mirror: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Want:
    """What is asked for: a page, its beginning, or a file."""

    headers: dict[str, str]
    deadline: float
    lost: Reason  # the reason when redirects lead nowhere


_Read = Callable[[HttpAnswer], Awaitable[bytes]]


class HttpFetcher:
    """The ``Fetcher`` port over HTTP; an asynchronous context manager.

    Each mirror has its own session: connections, TLS, proxy and the addresses that it may reach. Credentials go to
    their mirror's own origin only. No cookies, no netrc, no proxies from the environment.

    Args:
        budget: counts every request before it leaves.
        settings: bounds on requests.
        resolver: looks names up (the caller closes it); None: as this machine does.
        jitter: random numbers from 0 to 1 for the delays between attempts.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        budget: Budget,
        settings: FetchSettings | None = None,
        *,
        resolver: AbstractResolver | None = None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._budget = budget
        self._settings = settings or FetchSettings()
        self._resolver = resolver
        self._jitter = jitter
        self._sleep = sleep
        self._entered = False
        self._opening = asyncio.Lock()
        self._connections: dict[Mirror, Connections] = {}
        self._page, self._beginning, self._file = _wants(self._settings)

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        # A session that is being opened right now is closed by its opener.
        async with self._opening:
            while self._connections:
                _, connections = self._connections.popitem()
                await connections.close()

    async def page(self, mirror: Mirror, url: str, validators: Validators | None = None) -> PageResponse:
        """Ask for a project page, with a few quick retries; any status is an answer.

        With ``validators`` of an earlier answer, status 304 says that nothing has changed since.

        Raises:
            Failure: no answer came (NETWORK, AUTH), the address is refused (BLOCKED), or the body cannot be read
                (BAD_PAGE).
        """
        want = self._page
        if validators:
            want = replace(want, headers=want.headers | _conditions(validators))
        return await self._retried(mirror, url, want, self._read_page)

    async def beginning(self, mirror: Mirror, url: str) -> PageResponse:
        """Ask for a page and read its first ``BEGINNING_BYTES`` at most; otherwise as ``page``."""
        return await self._retried(mirror, url, self._beginning, _read_beginning)

    @asynccontextmanager
    async def file(self, mirror: Mirror, url: str) -> AsyncIterator[HttpAnswer]:
        """Ask once for a distribution file; any status is an answer.

        Raises:
            Failure: no answer came (NETWORK, AUTH), or the address is refused (BLOCKED).
        """
        connections = await self._connections_of(mirror)
        async with self._open(connections, url, self._file) as answer:
            yield answer

    async def _retried(self, mirror: Mirror, url: str, want: _Want, read: _Read) -> PageResponse:
        connections = await self._connections_of(mirror)
        attempt = 0
        while True:
            attempt += 1
            try:
                page = await self._page_once(connections, url, want, read)
            except Failure as failure:
                delay = delay_before_retry(attempt, failure.reason, failure.retry_after, self._jitter())
                if delay is None:
                    raise
            else:
                reason = reason_of_status(page.status)
                delay = delay_before_retry(attempt, reason, page.retry_after, self._jitter())
                if page.status == _OK or delay is None:
                    return page
            await self._sleep(delay)

    async def _page_once(self, connections: Connections, url: str, want: _Want, read: _Read) -> PageResponse:
        async with self._open(connections, url, want) as answer:
            body = b""
            if answer.status == _OK:
                with at(connections.mirror):
                    body = await read(answer)
            else:
                await answer.drain()
            return PageResponse(
                status=answer.status,
                url=answer.url,
                content_type=answer.media_type,
                body=body,
                retry_after=answer.retry_after,
                etag=answer.etag,
                last_modified=answer.last_modified,
            )

    @asynccontextmanager
    async def _open(self, connections: Connections, url: str, want: _Want) -> AsyncIterator[HttpAnswer]:
        mirror = connections.mirror
        try:
            hop = sendable(url)
        except BadAddressError as error:
            raise Failure(Reason.BLOCKED, f"the address is refused: {error}", mirror=mirror.url) from None
        visited: set[str] = set()
        while hop not in visited and len(visited) <= self._settings.max_redirects:
            visited.add(hop)
            async with connections.get(hop, want.headers, want.deadline) as response:
                with at(mirror):
                    answer = HttpAnswer(response, hop, mirror, self._settings.rate)
                    target = next_hop(answer.status, hop, *answer.locations)
                if target is None:
                    yield answer
                    return
                await answer.drain()
            hop = target
        how = "in a circle" if hop in visited else f"more than {self._settings.max_redirects} times"
        raise Failure(want.lost, f"{shown(url)} redirects {how}", mirror=mirror.url)

    async def _connections_of(self, mirror: Mirror) -> Connections:
        settings = self._settings
        async with self._opening:
            self._check_entered()
            if mirror not in self._connections:
                bounds = Bounds(
                    connections=settings.connections_per_mirror,
                    silence=settings.silence,
                    head=settings.head,
                    departure=settings.departure,
                )
                resolver = self._resolver or aiohttp.ThreadedResolver()
                with at(mirror):
                    connections = await open_connections(mirror, resolver, self._budget, bounds)
                if not self._entered:
                    await connections.close()
                    self._check_entered()
                self._connections[mirror] = connections
            return self._connections[mirror]

    def _check_entered(self) -> None:
        if not self._entered:
            raise RuntimeError("the fetcher is used outside its context")

    async def _read_page(self, answer: HttpAnswer) -> bytes:
        limit = self._settings.max_page_bytes
        raw = bytearray()
        async for chunk in answer.chunks():
            raw += chunk
            if len(raw) > limit:
                raise too_large(limit)
        if answer.coding:
            # However short it came, it may unfold to the limit.
            return await asyncio.to_thread(decode_body, bytes(raw), answer.coding, limit)
        return decode_body(bytes(raw), answer.coding, limit)


async def _read_beginning(answer: HttpAnswer) -> bytes:
    return decode_beginning(await answer.beginning(BEGINNING_BYTES), answer.coding, BEGINNING_BYTES)


def _conditions(validators: Validators) -> dict[str, str]:
    # RFC 9110, 13.1.3: a server that knows entity tags leaves the date aside.
    fields = {"If-None-Match": validators.etag, "If-Modified-Since": validators.last_modified}
    return {name: value for name, value in fields.items() if value is not None}


def _wants(settings: FetchSettings) -> tuple[_Want, _Want, _Want]:
    page = _Want(
        headers={"Accept": _PAGE_ACCEPT, "Accept-Encoding": "gzip"},
        deadline=settings.page_deadline,
        lost=Reason.BAD_PAGE,
    )
    # What is cut off in the middle is read best as it is.
    beginning = replace(page, headers={"Accept": _PAGE_ACCEPT, "Accept-Encoding": "identity"})
    # A coding undone on the way would make the bytes differ from the page's digest.
    file = _Want(
        headers={"Accept": "*/*", "Accept-Encoding": "identity"},
        deadline=settings.file_deadline,
        lost=Reason.FILE_NOT_FOUND,
    )
    return page, beginning, file
