"""What a server may write on the wire, byte for byte, and what is made of it."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from codehost.model import codehosts
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from tests.net.wire import CountingBudget, Server, no_sleep, raw_server

SETTINGS = FetchSettings(silence=1, page_deadline=5, file_deadline=5, max_page_bytes=10_000)

OK = b"HTTP/1.1 200 OK\r\n"
SIX = b"Content-Length: 3\r\n\r\nsix"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"3\r\nsix\r\n0\r\n\r\n"
ZIPPED = gzip.compress(b"six")
BOMB = gzip.compress(b"x" * 10_000_000)
FOUND = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n"

NO_HTTP = "something that is not HTTP"
BROKE = "broke before the whole body had come"
TOO_LARGE = "more than 10000 bytes"


def answers(raw: bytes, heads: list[bytes] | None = None, *, close: bool = True) -> Server:
    """A server that sends these bytes to every request; without ``close`` it keeps the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            if heads is not None:
                heads.append(head)
            writer.write(raw)
            if close:
                writer.close()
                return

    return serve


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(CountingBudget(), SETTINGS, sleep=no_sleep) as fetcher:
        yield fetcher


async def ask(fetcher: HttpFetcher, url: str, way: str) -> tuple[int, bytes]:
    here = codehosts.Mirror(url=url)
    if way == "page":
        page = await fetcher.page(here, f"{url}/six/")
        return page.status, page.body
    async with fetcher.file(here, f"{url}/six") as answer:
        return answer.status, b"".join([chunk async for chunk in answer.chunks()])


@pytest.mark.parametrize(
    "raw",
    [
        OK + SIX,
        b"HTTP/1.0 200 OK\r\n" + SIX,
        b"HTTP/1.1 200\r\n" + SIX,
        b"HTTP/1.1 200 \x1b[31mred\r\n" + SIX,
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + SIX,
        OK + CHUNKED + b"\r\n" + CHUNKS,
        OK + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
        OK + CHUNKED + b"\r\n1;a=b\r\ns\r\n2\r\nix\r\n0\r\nTrailer: x\r\n\r\n",
        OK + b"Transfer-Encoding: identity\r\n\r\nsix",
        OK + b"\r\nsix",
        OK + b"Content-Encoding: identity\r\n" + SIX,
        OK + b"Content-Encoding:\r\n" + SIX,
        # Neither leads anywhere: this is no redirect.
        OK + b"Location: http://127.0.0.2/\r\nRefresh: 0; url=http://127.0.0.2/\r\n" + SIX,
        OK + b"Set-Cookie: a=b\r\nSet-Cookie: \x1b=;\r\n" + SIX,
    ],
)
@pytest.mark.parametrize("way", ["page", "file"])
async def test_sound_answers(fetcher: HttpFetcher, raw: bytes, way: str) -> None:
    async with raw_server(answers(raw)) as url:
        assert await ask(fetcher, url, way) == (200, b"six")


@pytest.mark.parametrize(
    ("raw", "reason", "what"),
    [
        # Lengths that are wrong, or that two readers may read in two ways (RFC 9112, 6.3).
        (OK + b"Content-Length: 10\r\n\r\nsix", Reason.NETWORK, BROKE),
        (OK + b"Content-Length: 3\r\n\r\nsixty", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: 3\r\nContent-Length: 6\r\n\r\nsixsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: 3, 6\r\n\r\nsixsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: -3\r\n\r\nsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: +3\r\n\r\nsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: 0x3\r\n\r\nsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: 99999999999999999999999999\r\n\r\nsix", Reason.NETWORK, NO_HTTP),
        (OK + b"Content-Length: 3\r\n" + CHUNKED + b"\r\n" + CHUNKS, Reason.NETWORK, NO_HTTP),
        (OK + CHUNKED + b"Content-Length: 3\r\n\r\n" + CHUNKS, Reason.NETWORK, NO_HTTP),
        # Chunks that end early or are none.
        (OK + CHUNKED + b"\r\n6\r\nsix", Reason.NETWORK, BROKE),
        (OK + CHUNKED + b"\r\n3\r\nsix\r\n", Reason.NETWORK, BROKE),
        (OK + CHUNKED + b"\r\n3\r\nsix\r\n0\r\n", Reason.NETWORK, BROKE),
        (OK + CHUNKED + b"\r\n-3\r\nsix\r\n0\r\n\r\n", Reason.NETWORK, NO_HTTP),
        (OK + CHUNKED + b"\r\nfffffffffffffffff\r\nsix\r\n0\r\n\r\n", Reason.NETWORK, NO_HTTP),
        (OK + CHUNKED + b"\r\n3\r\nsix\r\n0\r\n" + b"X: y\r\n" * 10_000, Reason.NETWORK, NO_HTTP),
        # Transfer codings that nobody undoes.
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS, Reason.SERVER_ERROR, "coding gzip"),
        (OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS, Reason.SERVER_ERROR, "coding gzip"),
        (OK + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS, Reason.SERVER_ERROR, "coding xchunked"),
        # Heads that are none, and heads without end.
        (b"six", Reason.NETWORK, NO_HTTP),
        (b"\x16\x03\x01\x00\x05\r\n\r\n", Reason.NETWORK, NO_HTTP),
        (b"ICY 200 OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/2 200 OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/9.9 200 OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/1.1 20 OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/1.1 2000 OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/1.1 200a OK\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (OK + b"X: a\x00b\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (OK + b"X: a\rY: b\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (b"HTTP/1.1 200 " + b"x" * 10_000 + b"\r\n" + SIX, Reason.NETWORK, NO_HTTP),
        (OK + b"X: " + b"x" * 10_000_000, Reason.NETWORK, NO_HTTP),
        (OK + b"X: x\r\n" * 200 + SIX, Reason.NETWORK, NO_HTTP),
        (b"", Reason.NETWORK, "without an answer"),
        # Redirects to two places, and texts that a terminal could obey.
        (FOUND + b"Location: /a\r\nLocation: /b\r\n\r\n", Reason.SERVER_ERROR, "2 addresses at once"),
        (FOUND + b"Location: ftp://h/\x1b[31m\x9b\xc2\x9b\x07\r\n\r\n", Reason.BLOCKED, "neither http nor https"),
        (FOUND + b"Location: ftp://u:pa55@h/" + b"x" * 8000 + b"\r\n\r\n", Reason.BLOCKED, "neither http nor https"),
        (FOUND + b"Location: http://h\x1b[31m.example/\r\n\r\n", Reason.BLOCKED, "refused"),
        (FOUND + b"Location: http://u:pa55@127.0.0.2/\x1b[31m?pa55\r\n\r\n", Reason.BLOCKED, "not public"),
    ],
)
@pytest.mark.parametrize("way", ["page", "file"])
async def test_unsound_answers(fetcher: HttpFetcher, raw: bytes, reason: Reason, what: str, way: str) -> None:
    async with raw_server(answers(raw)) as url:
        with pytest.raises(Failure, match=what) as caught:
            await ask(fetcher, url, way)
    assert (caught.value.reason, caught.value.mirror) == (reason, url)
    says = str(caught.value)
    assert says.isprintable()
    assert len(says) < 600
    assert "pa55" not in says


@pytest.mark.parametrize("status", [101, 204, 205, 206, 303, 304, 400, 416, 451, 600, 999])
@pytest.mark.parametrize("way", ["page", "file"])
async def test_other_statuses_are_answers(fetcher: HttpFetcher, status: int, way: str) -> None:
    raw = b"HTTP/1.1 %d \x1b]0;x\x07\r\nContent-Range: bytes 3-5/6\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    heads: list[bytes] = []
    async with raw_server(answers(raw % status, heads)) as url:
        assert await ask(fetcher, url, way) == (status, b"")
    # Nothing but GET is ever asked, and never for a part.
    assert {head.split(b" ", 1)[0] for head in heads} == {b"GET"}
    assert b"range:" not in b"".join(heads).lower()


def coded(coding: bytes, body: bytes) -> bytes:
    return OK + coding + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    "coding", [b"gzip", b"x-gzip", b"GZIP", b"identity, gzip", b"gzip\r\nContent-Encoding: identity"]
)
async def test_a_page_has_one_coding(fetcher: HttpFetcher, coding: bytes) -> None:
    async with raw_server(answers(coded(b"Content-Encoding: " + coding + b"\r\n", ZIPPED))) as url:
        assert await ask(fetcher, url, "page") == (200, b"six")


@pytest.mark.parametrize(
    ("coding", "body", "what"),
    [
        (b"gzip, gzip", gzip.compress(ZIPPED), "'gzip, gzip'"),
        (b"gzip\r\nContent-Encoding: gzip", gzip.compress(ZIPPED), "'gzip, gzip'"),
        (b"identity\r\nContent-Encoding: br", b"six", "'br'"),
        (b"\x1b[1m", b"six", "which was not asked for"),
        (b"gzip", BOMB, TOO_LARGE),
        (b"gzip", gzip.compress(b"x" * 5_000) * 3, TOO_LARGE),
        (b"gzip", gzip.compress(b"") * 5_000, "more than 10000 bytes|1000 gzip members"),
    ],
)
async def test_pages_that_do_not_unfold(fetcher: HttpFetcher, coding: bytes, body: bytes, what: str) -> None:
    async with raw_server(answers(coded(b"Content-Encoding: " + coding + b"\r\n", body))) as url:
        with pytest.raises(Failure, match=what) as caught:
            await ask(fetcher, url, "page")
    assert caught.value.reason is Reason.BAD_PAGE
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"gzip, gzip", b"br"])
async def test_a_file_is_taken_as_it_comes(fetcher: HttpFetcher, coding: bytes) -> None:
    async with raw_server(answers(coded(b"Content-Encoding: " + coding + b"\r\n", BOMB))) as url:
        assert await ask(fetcher, url, "file") == (200, BOMB)


async def test_bombs_in_errors_and_redirects_are_not_unfolded(fetcher: HttpFetcher) -> None:
    rest = b"Content-Encoding: gzip\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(BOMB) + BOMB
    async with raw_server(answers(b"HTTP/1.1 404 Not Found\r\n" + rest)) as url:
        assert await ask(fetcher, url, "page") == (404, b"")
    async with raw_server(answers(b"HTTP/1.1 302 Found\r\nLocation: /six/\r\n" + rest)) as url:
        with pytest.raises(Failure, match="in a circle"):
            await ask(fetcher, url, "page")


EVIL = OK + b"Content-Length: 4\r\n\r\nevil"


@pytest.mark.parametrize(
    ("unasked", "later"),
    [
        (EVIL, False),
        (EVIL, True),
        (EVIL[:-2], True),
        (b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", True),
        (b"\r\n", True),
    ],
)
@pytest.mark.parametrize("way", ["page", "file"])
async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next(
    fetcher: HttpFetcher, way: str, *, unasked: bytes, later: bool
) -> None:
    asked = connections = 0
    spoken = asyncio.Event()

    async def splits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked, connections
        connections += 1
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            writer.write(OK + SIX + (unasked if asked == 1 and not later else b""))
            if asked == 1 and later:
                # In a segment of its own: the first answer has been read, and nothing is being waited for.
                await asyncio.sleep(0.05)
                writer.write(unasked)
                spoken.set()

    async with raw_server(splits) as url:
        assert await ask(fetcher, url, way) == (200, b"six")
        if later:
            await spoken.wait()
        for _ in range(2):
            assert await ask(fetcher, url, way) == (200, b"six")
    assert (asked, connections) == (3, 2)


@pytest.mark.parametrize(
    "link",
    [
        "/a\r\nX-Evil: 1\r\n\r\nGET /b HTTP/1.1",
        "/a%0d%0aX-Evil:%201",
        "/a?x=\r\nX-Evil: 1",
        "/a\u2028X-Evil: 1\x85\x0b\x0c\x00",
        "/a HTTP/1.1\tX-Evil: 1",
    ],
)
async def test_no_link_writes_a_header(fetcher: HttpFetcher, link: str) -> None:
    heads: list[bytes] = []
    async with (
        raw_server(answers(OK + SIX, heads)) as url,
        fetcher.file(codehosts.Mirror(url=url), url + link) as answer,
    ):
        assert answer.status == 200
    (head,) = heads
    line, *fields = head.rstrip().split(b"\r\n")
    assert line.startswith(b"GET /a")
    assert line.count(b" ") == 2
    assert sorted(field.partition(b":")[0].lower() for field in fields) == [
        b"accept",
        b"accept-encoding",
        b"host",
        b"user-agent",
    ]
