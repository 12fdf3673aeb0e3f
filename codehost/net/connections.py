"""The connections made for one mirror: their number, TLS, proxy, time-outs, and the counting of what is sent on them.

A request first waits for a free place, then for the budget, and then leaves at once: a token that was granted must
be used within seconds (see ``codehost.model.budget``), and a slow mirror may keep others waiting for minutes.
"""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ssl import SSLContext

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from codehost import __version__
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import Budget
from codehost.net.addresses import MisspeltAddressError, Reach, RefusedAddressError, reach_of
from codehost.net.elapsed import elapsed
from codehost.net.explain import WIRE_ERRORS, LateHeadError, at, explain, explain_refusal, proxy_wants_credentials
from codehost.net.headers import headers_for, proxy_headers
from codehost.net.origins import origin_of, same_origin
from codehost.net.resolver import GuardedResolver
from codehost.net.tls import TlsContexts, make_contexts

_READ_BUFFER = 256 * 1024
_PROXY_AUTHENTICATION_REQUIRED = 407

# When the request at hand must have left, as time has elapsed, and how many seconds the head of its answer may take.
_LEAVES_BY: ContextVar[float] = ContextVar("_LEAVES_BY")
_HEAD: ContextVar[float] = ContextVar("_HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Bounds on the requests to one mirror, beside the mirror's own. Times are seconds.

    ``connections``: how many at once. ``silence``: the longest wait for the next byte. ``head``: how long the head
    of an answer may take, however many bytes and provisional answers (RFC 9110, 15.2) come meanwhile. ``departure``:
    how long after it was counted a request may leave; one whose connection took longer to make is counted again.
    """

    connections: int
    silence: float
    head: float
    departure: float


class Connections:
    """One mirror's session. Make it with ``open_connections``; close it."""

    def __init__(
        self, mirror: Mirror, contexts: TlsContexts, resolver: AbstractResolver, budget: Budget, bounds: Bounds
    ) -> None:
        self.mirror = mirror
        self._contexts = contexts
        self._budget = budget
        self._bounds = bounds
        self._reach = reach_of(origin_of(mirror.url).host, mirror.allowed_hosts)
        self._places = asyncio.Semaphore(bounds.connections)
        self._session = _session(mirror, contexts, resolver, self._reach)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    @asynccontextmanager
    async def get(self, url: str, headers: dict[str, str], deadline: float) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask once, without following redirects; any status but a proxy's own 407 is an answer.

        Args:
            url: as ``origins.sendable`` gives it.
            headers: what is wanted; the mirror's own are added where they belong.
            deadline: seconds from sending to the last byte, unless the mirror has its own.

        Raises:
            Failure: no answer came (NETWORK, AUTH), or the address is refused (BLOCKED).
        """
        mirror = self.mirror
        with at(mirror):
            self._check_host(url)
        async with self._places:
            with at(mirror):
                response = await self._send(url, headers, deadline)
            # Leaving the block puts the connection back, or closes it when the body was not read.
            async with response:
                with at(mirror):
                    self._check_proxy(url, response.status)
                yield response

    async def _send(self, url: str, headers: dict[str, str], deadline: float) -> aiohttp.ClientResponse:
        for _ in range(2):
            await self._budget.spend()
            _LEAVES_BY.set(elapsed() + self._bounds.departure)
            _HEAD.set(self._bounds.head)
            try:
                return await self._get(url, headers, deadline)
            except _TooLateError:
                # The connection stands now: counted again, the request leaves at once.
                continue
        what = f"a connection to {origin_of(url)} takes more than {self._bounds.departure:g} seconds to make"
        raise Failure(Reason.NETWORK, what)

    async def _get(self, url: str, headers: dict[str, str], deadline: float) -> aiohttp.ClientResponse:
        mirror = self.mirror
        own = same_origin(url, mirror.url)
        try:
            return await self._session.get(
                # Encoded already: a signed address must go out byte for byte.
                URL(url, encoded=True),
                headers=headers_for(mirror, url, headers),
                allow_redirects=False,
                ssl=self._contexts.own if own else self._contexts.elsewhere,
                proxy=mirror.proxy.url if mirror.proxy else None,
                proxy_headers=proxy_headers(mirror.proxy) if mirror.proxy else None,
                timeout=aiohttp.ClientTimeout(
                    total=mirror.deadline or deadline,
                    # The library counts the wait for a place in its pool, too; but its pool has no bounds here.
                    connect=mirror.connect_timeout,
                    sock_read=self._bounds.silence,
                ),
            )
        except WIRE_ERRORS as error:
            raise explain(error, url, mirror.proxy) from error

    def _check_host(self, url: str) -> None:
        try:
            self._reach.check_host(origin_of(url).host, through_proxy=self.mirror.proxy is not None)
        except (RefusedAddressError, MisspeltAddressError) as error:
            raise explain_refusal(error, url) from None

    def _check_proxy(self, url: str, status: int) -> None:
        # Inside a tunnel the proxy says nothing: there, such a status is the server's.
        proxy, plain = self.mirror.proxy, origin_of(url).scheme == "http"
        if proxy is not None and plain and status == _PROXY_AUTHENTICATION_REQUIRED:
            raise proxy_wants_credentials(proxy)


async def open_connections(mirror: Mirror, resolver: AbstractResolver, budget: Budget, bounds: Bounds) -> Connections:
    """The connections of a mirror; nothing is connected yet.

    Raises:
        Failure: the mirror's certificates cannot be loaded.
    """
    contexts = await asyncio.to_thread(make_contexts, mirror.tls)
    return Connections(mirror, contexts, resolver, budget, bounds)


class _TooLateError(Exception):
    """The connection took so long to make that the request may not leave as counted."""


class _PromptRequest(aiohttp.ClientRequest):
    """A request that leaves in time or not at all. The budget counts it before its connection is made."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if elapsed() > _LEAVES_BY.get():
            conn.release()
            raise _TooLateError
        return await super().send(conn)


class _PromptResponse(aiohttp.ClientResponse):
    """An answer whose head comes in time. The library bounds the wait for one byte and that for the whole answer."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        head = asyncio.timeout(_HEAD.get())
        try:
            async with head:
                return await super().start(connection)
        except TimeoutError as error:
            if head.expired():
                raise LateHeadError from error
            raise


class _SilentConnector(aiohttp.TCPConnector):
    """A connector whose kept connections are used again only while the server has been silent on them.

    The library would take what came unasked for the next request's answer: with one answer too many, every project
    would get that of another one.
    """

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (kept := await super()._get(key, traces)) is not None and _has_spoken(kept):
            kept.close()
        return kept


def _has_spoken(kept: Connection) -> bool:
    """Whether anything came since the last answer: bytes, or the end of the connection."""
    if kept.protocol is None or kept.protocol.should_close or kept.transport is None:
        return True
    # What the loop has not read yet counts as well.
    poll = select.poll()
    poll.register(kept.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(poll.poll(0))


class _ProxiedConnector(_SilentConnector):
    """A connector that makes all its connections through one proxy.

    The library does TLS with an https proxy as with the server behind it. The mirror's client certificate and a
    verification that is switched off are not meant for the proxy.
    """

    def __init__(self, to_proxy: SSLContext, resolver: AbstractResolver) -> None:
        super().__init__(limit=0, resolver=resolver)
        self._to_proxy = to_proxy

    def _get_ssl_context(self, req: aiohttp.ClientRequest) -> SSLContext | None:
        # Only the request to the proxy itself has no proxy.
        if req.proxy is None and req.is_ssl():
            return self._to_proxy
        return super()._get_ssl_context(req)


def _session(mirror: Mirror, contexts: TlsContexts, resolver: AbstractResolver, reach: Reach) -> aiohttp.ClientSession:
    connector = (
        _SilentConnector(limit=0, resolver=GuardedResolver(resolver, reach))
        if mirror.proxy is None
        # The proxy's name is all that is resolved here, and the configuration vouches for the proxy.
        else _ProxiedConnector(contexts.elsewhere, resolver)
    )
    session = aiohttp.ClientSession(
        connector=connector,
        request_class=_PromptRequest,
        response_class=_PromptResponse,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"codehost/{__version__}"},
        auto_decompress=False,
        trust_env=False,
        read_bufsize=_READ_BUFFER,
    )
    # The library repeats a request on its own when a kept connection turns out closed; the budget would not know.
    session._retry_connection = False  # noqa: SLF001 - no public switch; our own retry is counted
    return session
