"""An HTTP proxy on the loopback interface: tunnels (CONNECT) and absolute-form requests, and what it saw of them."""

import asyncio
import ssl
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to the proxy. ``headers`` have lower-case names; ``certified``: the client showed a certificate."""

    method: str
    target: str
    headers: dict[str, str]
    certified: bool


@dataclass(slots=True, kw_only=True)
class Proxy:
    """``async with Proxy() as proxy``: ``url`` is where it is, ``requests`` what it was asked.

    With ``username`` it wants basic authentication. ``refuse`` answers every request with that status, ``drop``
    closes without an answer. ``names`` are host names that only the proxy resolves. With ``ssl_context`` its own
    connections are https.
    """

    username: str | None = None
    password: str | None = None
    refuse: int | None = None
    drop: bool = False
    names: dict[str, str] = field(default_factory=dict)
    ssl_context: ssl.SSLContext | None = None
    requests: list[Asked] = field(default_factory=list)
    url: str = ""
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    def methods(self) -> list[str]:
        return [asked.method for asked in self.requests]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.ssl_context)
        scheme = "http" if self.ssl_context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            await _closed(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            line, *fields = (await reader.readuntil(_HEAD_END)).decode("latin-1").split("\r\n")
            method, target, _ = line.split(" ")
            pairs = [field.split(": ", 1) for field in fields if field]
            asked = Asked(
                method=method,
                target=target,
                headers={name.lower(): value for name, value in pairs},
                certified=bool(writer.get_extra_info("peercert")),
            )
            self.requests.append(asked)
            status = self._status(asked)
            if status is not None:
                writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            elif not self.drop and method == "CONNECT":
                await self._tunnel(target, reader, writer)
            elif not self.drop:
                await self._forward(asked, reader, writer)

    def _status(self, asked: Asked) -> int | None:
        pair = b64encode(f"{self.username}:{self.password}".encode()).decode()
        if self.username is not None and asked.headers.get("proxy-authorization") != f"Basic {pair}":
            return 407
        return self.refuse

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = target.rpartition(":")
        there_reader, there_writer = await self._connect(host.strip("[]"), int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, there_reader, there_writer)

    async def _forward(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(asked.target)
        there_reader, there_writer = await self._connect(parts.hostname or "", parts.port or 80)
        query = f"?{parts.query}" if parts.query else ""
        kept = {name: value for name, value in asked.headers.items() if not name.startswith("proxy-")}
        lines = [f"{name}: {value}" for name, value in (kept | {"connection": "close"}).items()]
        head = "\r\n".join((f"{asked.method} {parts.path}{query} HTTP/1.1", *lines, "", ""))
        there_writer.write(head.encode("latin-1"))
        await _join(reader, writer, there_reader, there_writer)

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.names.get(host, host), port)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    there_reader: asyncio.StreamReader,
    there_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on in both directions until one side ends."""
    ways = [asyncio.ensure_future(_pump(reader, there_writer)), asyncio.ensure_future(_pump(there_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Before anything is awaited: this may be the end of the proxy, too, which cancels.
        there_writer.close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        await _closed(there_writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
