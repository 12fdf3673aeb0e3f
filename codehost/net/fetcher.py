"""The fetcher: requests to mirrors over HTTP, each one counted.

Pages are small, retried here and returned whole. Files are streamed; whoever downloads them restarts them.
"""

import asyncio
import random
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from codehost import __version__
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason, reason_of_status
from codehost.model.members import MIB
from codehost.model.ports import Budget, PageResponse
from codehost.net.bodies import decode_body, too_large
from codehost.net.explain import WIRE_ERRORS, explain
from codehost.net.origins import BadAddressError, same_origin, sendable, shown
from codehost.net.redirects import next_hop
from codehost.net.retries import delay_before_retry, parse_retry_after

_OK = 200
_DRAINED = 64 * 1024
_LARGE = 64 * 1024
_READ_BUFFER = 256 * 1024

# PEP 691: JSON first; an HTML-only mirror still answers.
_PAGE_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchSettings:
    """Bounds on requests. Times are seconds, sizes bytes.

    ``page_deadline`` and ``file_deadline`` bound one request from first byte to last, ``silence`` the wait for the
    next byte.
    """

    connect_timeout: float = 5.0
    silence: float = 60.0
    page_deadline: float = 120.0
    file_deadline: float = 4 * 3600.0
    max_page_bytes: int = 64 * MIB
    max_redirects: int = 5
    connections_per_host: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Want:
    """What is asked for: a page or a file."""

    headers: dict[str, str]
    deadline: float
    lost: Reason  # the reason when redirects lead nowhere


class HttpFetcher:
    """The ``Fetcher`` port over HTTP; an asynchronous context manager.

    Credentials go to their mirror's own origin only. No cookies, no netrc, no proxies from the environment.
    """

    def __init__(
        self,
        budget: Budget,
        settings: FetchSettings | None = None,
        *,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._budget = budget
        self._settings = settings or FetchSettings()
        self._jitter = jitter
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None
        self._page = _Want(
            headers={"Accept": _PAGE_ACCEPT, "Accept-Encoding": "gzip"},
            deadline=self._settings.page_deadline,
            lost=Reason.BAD_PAGE,
        )
        # A coding undone on the way would make the bytes differ from the page's digest.
        self._file = _Want(
            headers={"Accept": "*/*", "Accept-Encoding": "identity"},
            deadline=self._settings.file_deadline,
            lost=Reason.FILE_NOT_FOUND,
        )

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=self._settings.connections_per_host),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"codehost/{__version__}"},
            auto_decompress=False,
            trust_env=False,
            read_bufsize=_READ_BUFFER,
        )
        # The library repeats a request on its own when a kept connection turns out closed; the budget would not know.
        self._session._retry_connection = False  # noqa: SLF001 - no public switch; our own retry is counted
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def page(self, mirror: Mirror, url: str) -> PageResponse:
        """Ask for a project page, with a few quick retries; any status is an answer.

        Raises:
            Failure: no answer came (NETWORK), the address is refused (BLOCKED), or the body cannot be read (BAD_PAGE).
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                page = await self._page_once(mirror, url)
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

    @asynccontextmanager
    async def file(self, mirror: Mirror, url: str) -> AsyncIterator["HttpFile"]:
        """Ask once for a distribution file; any status is an answer.

        Raises:
            Failure: no answer came (NETWORK), or the address is refused (BLOCKED).
        """
        async with self._open(mirror, url, self._file) as (response, final):
            yield HttpFile(response, final, mirror)

    async def _page_once(self, mirror: Mirror, url: str) -> PageResponse:
        async with self._open(mirror, url, self._page) as (response, final):
            body = b""
            if response.status == _OK:
                body = await self._read_page(response, mirror)
            else:
                await _drain(response)
            return PageResponse(
                status=response.status,
                url=final,
                content_type=_media_type(response),
                body=body,
                retry_after=_retry_after(response),
            )

    @asynccontextmanager
    async def _open(self, mirror: Mirror, url: str, want: _Want) -> AsyncIterator[tuple[aiohttp.ClientResponse, str]]:
        try:
            hop = sendable(url)
        except BadAddressError as error:
            raise Failure(Reason.BLOCKED, f"the address is refused: {error}", mirror=mirror.url) from None
        visited: set[str] = set()
        while hop not in visited and len(visited) <= self._settings.max_redirects:
            visited.add(hop)
            response = await self._send(mirror, hop, want)
            # Leaving the block puts the connection back, or closes it when the body was not read.
            async with response:
                with _at(mirror):
                    target = next_hop(response.status, hop, response.headers.get("Location"))
                if target is None:
                    yield response, hop
                    return
                await _drain(response)
            hop = target
        how = "in a circle" if hop in visited else f"more than {self._settings.max_redirects} times"
        raise Failure(want.lost, f"{shown(url)} redirects {how}", mirror=mirror.url)

    async def _send(self, mirror: Mirror, url: str, want: _Want) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the fetcher is used outside its context")
        await self._budget.spend()
        timeout = aiohttp.ClientTimeout(
            total=want.deadline, sock_connect=self._settings.connect_timeout, sock_read=self._settings.silence
        )
        with _at(mirror), _explained(url):
            return await self._session.get(
                # Encoded already: a signed address must go out byte for byte.
                URL(url, encoded=True),
                headers=want.headers | _authorization(mirror, url),
                allow_redirects=False,
                timeout=timeout,
            )

    async def _read_page(self, response: aiohttp.ClientResponse, mirror: Mirror) -> bytes:
        limit = self._settings.max_page_bytes
        raw = bytearray()
        with _at(mirror):
            async for chunk in HttpFile(response, str(response.url), mirror).chunks():
                raw += chunk
                if len(raw) > limit:
                    raise too_large(limit)
            coding = response.headers.get("Content-Encoding", "")
            if coding and len(raw) > _LARGE:
                return await asyncio.to_thread(decode_body, bytes(raw), coding, limit)
            return decode_body(bytes(raw), coding, limit)


class HttpFile:
    """An answer whose body is still to come; the ``FileResponse`` port."""

    def __init__(self, response: aiohttp.ClientResponse, url: str, mirror: Mirror) -> None:
        self.status = response.status
        self.url = url
        # RFC 9112, 6.3: a transfer coding overrides Content-Length.
        self.length = None if "Transfer-Encoding" in response.headers else response.content_length
        self.retry_after = _retry_after(response)
        self._response = response
        self._mirror = mirror

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece.

        Raises:
            Failure: NETWORK, when the connection breaks or the length disagrees with the announced one.
        """
        received = 0
        while chunk := await self._read():
            received += len(chunk)
            yield chunk
        if self.length is not None and received != self.length:
            what = f"{shown(self.url)} has {received} bytes instead of the announced {self.length}"
            raise Failure(Reason.NETWORK, what, mirror=self._mirror.url)

    async def _read(self) -> bytes:
        with _at(self._mirror), _explained(self.url):
            return await self._response.content.readany()


@contextmanager
def _at(mirror: Mirror) -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        raise failure.at(mirror.url) from None


@contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except WIRE_ERRORS as error:
        raise explain(error, url) from error


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read a short rest, so that the connection can be used again; what is said there does not matter."""
    with suppress(*WIRE_ERRORS):
        await response.content.read(_DRAINED)


def _authorization(mirror: Mirror, url: str) -> dict[str, str]:
    if mirror.credentials is None or not same_origin(url, mirror.url):
        return {}
    # RFC 7617: basic authentication, in UTF-8.
    pair = f"{mirror.credentials.username}:{mirror.credentials.password}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _media_type(response: aiohttp.ClientResponse) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    return parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
