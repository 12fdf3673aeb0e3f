"""Who is let in, and what those are told who are not: that there is no room, or that what they say is no HTTP.

That is said before the application knows of anybody, and has the headers of all other answers.
"""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web

from codehost.serve.access.clients import Address, address_in, network_of
from codehost.serve.access.forwarded import Network
from codehost.serve.access.headers import ALWAYS, OTHERWISE

_FULL_EVERY = 60.0
_FULL = "There are too many connections to codehost: try again in seconds\n"
_REFUSED = "This is no request of HTTP/1.1, or its head is too large: a line of it may have 8 KiB.\n"
_FAILED = "The request was not answered: this is a defect of codehost, see its log.\n"

log = structlog.get_logger("codehost.serve")


class Guest(web.RequestHandler):
    """A connection that is served. ``client`` says whose it is, as far as that is known."""

    __slots__ = ("client",)

    def __init__(self, server: web.Server, client: str | None, **options: Any) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **options)
        self.client = client

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reaches the application. aiohttp's own answer quotes the request and names versions.

        Raises:
            ConnectionError: an answer has begun already.
        """
        super().handle_error(request, status, exc, message)
        text = _REFUSED if status == HTTPStatus.BAD_REQUEST else _FAILED
        response = web.Response(status=status, text=text, headers=ALWAYS | OTHERWISE)
        response.force_close()
        return response


class Doorman:
    """Makes the protocol of each connection: the server's, or one that says that there is no room.

    Args:
        server: the application's.
        most: how many connections there may be at a time.
        of_one: how many of them may be one client's.
        crowds: networks whose addresses may have all of them.
        options: of every connection that is served, as aiohttp calls them.
    """

    def __init__(
        self, server: web.Server, *, most: int, of_one: int, crowds: Sequence[Network], options: Mapping[str, Any]
    ) -> None:
        self._server = server
        self._most = most
        self._of_one = of_one
        self._crowds = crowds
        self._options = options
        self._clock = asyncio.get_running_loop().time
        self._said_at = -_FULL_EVERY

    def __call__(self) -> asyncio.Protocol:
        """Who meets a connection."""
        return _Entering(self) if len(self._server.connections) < self._most else self._full()

    def enter(self, transport: asyncio.BaseTransport) -> asyncio.Protocol:
        """Who serves the connection, now that it is known where it comes from."""
        address = _address_of(transport)
        client = None if address is None else network_of(address)
        if address is not None and self._has_enough(address, client):
            return self._full(client)
        return Guest(self._server, client, **self._options)

    def _has_enough(self, address: Address, client: str | None) -> bool:
        connections = self._server.connections
        # Looking through them costs something, and most of the time there are few.
        if len(connections) < self._of_one or any(address in network for network in self._crowds):
            return False
        return sum(isinstance(one, Guest) and one.client == client for one in connections) >= self._of_one

    def _full(self, client: str | None = None) -> asyncio.Protocol:
        """Who says that there is no room, for anybody or for that client."""
        if self._clock() - self._said_at >= _FULL_EVERY:
            self._said_at = self._clock()
            log.warning("too many connections", action="connections_full", most=self._most, address=client)
        return _Full()


class _Entering(asyncio.Protocol):
    """Lets the doorman look at a connection before it is served."""

    def __init__(self, doorman: Doorman) -> None:
        self._doorman = doorman

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hand it over."""
        protocol = self._doorman.enter(transport)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)


class _Full(asyncio.Protocol):
    """Says that there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so, and go."""
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_no_room())
            transport.close()


def _no_room() -> bytes:
    fields = {
        **ALWAYS,
        **OTHERWISE,
        "Retry-After": "5",
        "Connection": "close",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(_FULL)),
    }
    head = ["HTTP/1.1 503 Service Unavailable", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*head, "", _FULL]).encode()


def _address_of(transport: asyncio.BaseTransport) -> Address | None:
    peer = transport.get_extra_info("peername")
    return address_in(peer[0]) if isinstance(peer, tuple) else None
