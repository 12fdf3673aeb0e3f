"""Bytes on their way: slow clients hold little, and not for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from codehost.serve.pages.raw import RawFile, RawSender, is_plain_text
from codehost.serve.pages.readers import BusyError

# More than the buffers of both sides take.
LARGE = bytes(32 << 20)


@pytest.mark.parametrize(
    ("content", "plain"),
    [(b"", True), ("ä\n".encode(), True), (b"\xe9", False), (b"a\0", False), (b"\xff\xfea\0", False)],
)
def test_plain_text(content: bytes, plain: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_plain_text(content) is plain


@asynccontextmanager
async def served(sender: RawSender) -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.StreamResponse:
        content = LARGE if request.path == "/large" else b"small"
        try:
            return await sender.send(request, RawFile(sha="0" * 40, name=b"x", content=content, text=False), fixed=True)
        except BusyError:
            return web.Response(status=503)

    application = web.Application()
    application.router.add_get("/{name}", answer)
    async with TestServer(application) as server:
        assert server.port is not None
        yield server.port


async def _ask(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def _status(port: int, path: str) -> int:
    reader, writer = await _ask(port, path)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


async def test_what_slow_clients_hold_is_bounded_and_given_back() -> None:
    async with served(RawSender(len(LARGE) + 1, 1 << 20)) as port:
        reader, writer = await _ask(port, "/large")
        await reader.readline()  # the answer has begun, and stands still
        assert await _status(port, "/large") == 503
        writer.transport.abort()
        async with asyncio.timeout(10):
            statuses = [503]
            for _ in range(100):
                if statuses[-1] == 503:
                    statuses.append(await _status(port, "/large"))
                    await asyncio.sleep(0.05)
        assert statuses[-1] == 200


async def test_a_file_beyond_the_bound_goes_alone() -> None:
    async with served(RawSender(1, 1 << 20)) as port:
        assert await _status(port, "/large") == 200


async def _received(reader: asyncio.StreamReader) -> int:
    count = 0
    try:
        while piece := await reader.read(1 << 20):
            count += len(piece)
    except ConnectionError:
        pass
    return count


async def test_whoever_takes_nothing_is_hung_up_on() -> None:
    async with served(RawSender(1 << 30, 1 << 30, patience=0.2)) as port:
        reader, writer = await _ask(port, "/large")
        await asyncio.sleep(0.6)
        async with asyncio.timeout(10):
            assert await _received(reader) < len(LARGE)
        writer.close()
