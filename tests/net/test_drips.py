"""Servers that send for ever and say nothing: each must be given up soon, whatever the deadline."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import replace

import pytest

from codehost.model import codehosts
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.net.rate import LeastRate
from tests.net.wire import CountingBudget, Server, body_of, no_sleep, raw_server

SETTINGS = FetchSettings(
    silence=20, head=0.4, rate=LeastRate(least=1000, window=0.4), page_deadline=60, file_deadline=60
)
SOON = 8.0

OK = b"HTTP/1.1 200 OK\r\n"
LONG = OK + b"Content-Length: 1000000\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
# One at a time: no line may be longer than 8,190 bytes, which is long enough.
BYTES = [b"x"]


def sends(head: bytes, pieces: Iterable[bytes], pause: float = 0.02) -> Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        with suppress(ConnectionError):
            for piece in itertools.cycle(pieces):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)

    return serve


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(CountingBudget(), SETTINGS, sleep=no_sleep) as fetcher:
        yield fetcher


async def ask(fetcher: HttpFetcher, url: str, way: str) -> object:
    here = codehosts.Mirror(url=url)
    async with asyncio.timeout(SOON):
        if way == "file":
            return await body_of(fetcher, here, f"{url}/six")
        return (await (fetcher.page if way == "page" else fetcher.beginning)(here, f"{url}/six/")).status


HEADS = {
    "a status line": sends(b"HTTP/1.1 200 ", BYTES),
    "a field": sends(OK + b"X: ", BYTES),
    "provisional answers": sends(b"", [b"HTTP/1.1 102 Processing\r\n\r\n"]),
    "provisional answers without a pause": sends(b"", [b"HTTP/1.1 100 Continue\r\n\r\n" * 1000], pause=0),
    "provisional answers with large heads": sends(
        b"", [b"HTTP/1.1 103 Early Hints\r\n" + b"X: %s\r\n" % (b"x" * 8000) * 100 + b"\r\n"], pause=0
    ),
}


async def outcome(fetcher: HttpFetcher, server: Server, way: str) -> str:
    """What the failure says, without the server's address."""
    async with raw_server(server) as url:
        with pytest.raises(Failure) as caught:
            await ask(fetcher, url, way)
    failure = caught.value
    assert (failure.reason, failure.mirror, failure.facts.transient) == (Reason.NETWORK, url, True)
    return str(failure).replace(url, "URL")


# All at the same time, because each takes its time.
async def outcomes(fetcher: HttpFetcher, servers: dict[str, Server], way: str) -> dict[str, str]:
    said = await asyncio.gather(*(outcome(fetcher, server, way) for server in servers.values()))
    return dict(zip(servers, said, strict=True))


@pytest.mark.parametrize("way", ["page", "file", "beginning"])
async def test_heads(fetcher: HttpFetcher, way: str) -> None:
    said = await outcomes(fetcher, HEADS, way)
    assert said == dict.fromkeys(HEADS, "URL did not begin its answer in time: there was no whole head")


BODIES = {
    "a body of a length": sends(LONG, BYTES),
    "a body until the end": sends(OK + b"\r\n", BYTES),
    "chunks": sends(CHUNKED, [b"1\r\nx\r\n"]),
    "a chunk's extension": sends(CHUNKED + b"1;", BYTES),
    "a chunk's extension without a pause": sends(CHUNKED + b"1;", [b"x" * 65536], pause=0),
    "a chunk's length": sends(CHUNKED, [b"0"]),
    "a trailer": sends(CHUNKED + b"3\r\nsix\r\n0\r\nX: ", BYTES),
    "a trailer after a long body": sends(CHUNKED + b"1000\r\n" + b"x" * 4096 + b"\r\n0\r\nX: ", BYTES),
}


@pytest.mark.parametrize("way", ["page", "file"])
async def test_bodies(fetcher: HttpFetcher, way: str) -> None:
    said = await outcomes(fetcher, BODIES, way)
    slow = re.compile(
        r"URL/six/? comes too slowly: \d{1,3} bytes in 0\.4 seconds, where at least 1000 are wanted; "
        r"try later, or give a faster mirror"
    )
    assert {server: text for server, text in said.items() if not slow.fullmatch(text)} == {}


async def test_a_beginning_is_bound_too(fetcher: HttpFetcher) -> None:
    async with raw_server(sends(LONG, BYTES)) as url:
        with pytest.raises(Failure, match="comes too slowly"):
            await ask(fetcher, url, "beginning")


async def test_bodies_of_errors_are_not_waited_for(fetcher: HttpFetcher) -> None:
    async with raw_server(sends(b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1;", BYTES)) as url:
        assert await ask(fetcher, url, "page") == 404


async def test_bodies_of_redirects_are_not_waited_for(fetcher: HttpFetcher) -> None:
    asked = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            # Announced, and nothing of it comes: 20 seconds of silence would be allowed.
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 10\r\n\r\n")
            await reader.read()
        else:
            await sends(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", [b""])(reader, writer)

    async with raw_server(serve) as url:
        assert await ask(fetcher, url, "page") == 404
    assert asked == 2


async def test_twice_the_least_rate_is_enough() -> None:
    # A window so long that a machine with much else to do is not taken for a slow mirror.
    settings = replace(SETTINGS, rate=LeastRate(least=1000, window=2.5))

    async def steady(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 6000\r\n\r\n")
        for _ in range(12):
            writer.write(b"x" * 500)
            await asyncio.sleep(0.25)

    async with (
        raw_server(steady) as url,
        HttpFetcher(CountingBudget(), settings, sleep=no_sleep) as fetcher,
    ):
        assert await ask(fetcher, url, "file") == b"x" * 6000


async def test_our_own_slowness_does_not_count(fetcher: HttpFetcher) -> None:
    size = 8_000_000

    async def brisk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(8):
            writer.write(b"x" * (size // 8))
            await writer.drain()

    received = pauses = 0
    async with raw_server(brisk) as url, fetcher.file(codehosts.Mirror(url=url), f"{url}/six") as response:
        async for chunk in response.chunks():
            received += len(chunk)
            if pauses < 4:
                pauses += 1
                await asyncio.sleep(0.6)
    assert (received, pauses) == (size, 4)
