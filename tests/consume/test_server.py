import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from codehost.consume.server import HinderedError, Server, Token
from tests.consume.site import Site
from tests.consume.standin import answering

EMPTY = {"items": [], "cursor": "c", "more": False}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def test_the_real_one(site: Site, session: aiohttp.ClientSession) -> None:
    await site.put("a/1", "b/1")
    server = Server(session=session, url=site.url, token=Token())
    news = await server.news("", 0)
    assert news is not None
    assert [(item.name, item.commit, item.web_url) for item in news.items] == [
        (name, site.commits[name], f"{site.url}/{name}") for name in ("a/1", "b/1")
    ]
    again = await server.news(news.cursor, 0)
    assert again is not None
    assert (again.items, again.more) == ((), False)
    waiting = asyncio.create_task(server.news(again.cursor, 50))
    await site.put("c/1")
    woken = await waiting
    assert woken is not None
    assert [item.name for item in woken.items] == ["c/1"]
    # A cursor of another feed.
    assert await server.news("9999-1-1", 0) is None
    with pytest.raises(HinderedError, match="status 422"):
        await server.news("nonsense", 0)


async def test_what_it_asks(session: aiohttp.ClientSession) -> None:
    asked: list[tuple[str, dict[str, str], str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append((request.path, dict(request.query), request.headers.get("Authorization")))
        return web.json_response(EMPTY)

    async with answering(answer) as url:
        await Server(session=session, url=url, token=Token()).news("", 0)
        server = Server(session=session, url=f"{url}/base", token=Token(given="t"), code_host="h&1")
        await server.news("x y", 1.5)
    assert asked == [
        ("/api/v1/changes", {"after": "", "limit": "1000", "wait": "0.000"}, None),
        ("/base/api/v1/changes", {"after": "x y", "limit": "1000", "wait": "1.500", "codeHost": "h&1"}, "Bearer t"),
    ]


@pytest.mark.parametrize(
    ("status", "headers", "part", "retry_after", "hopeless"),
    [
        (401, {}, "codehost tokens add", None, True),
        (403, {}, "the token may not read", None, True),
        (404, {}, "base path", None, True),
        (421, {}, "--host-name", None, True),
        (302, {"Location": "http://elsewhere.invalid/"}, "leads elsewhere", None, True),
        (503, {"Retry-After": "7"}, "answers with status 503.", 7, False),
        (429, {"Retry-After": "999999"}, "status 429", 86_400, False),
        (500, {"Retry-After": "soon"}, "status 500", None, False),
    ],
)
async def test_refusals(
    session: aiohttp.ClientSession,
    status: int,
    headers: dict[str, str],
    part: str,
    retry_after: float | None,
    *,
    hopeless: bool,
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    async with answering(answer) as url:
        with pytest.raises(HinderedError) as caught:
            await Server(session=session, url=url, token=Token()).news("", 0)
    assert part in str(caught.value)
    assert url in str(caught.value)
    assert (caught.value.retry_after, caught.value.hopeless) == (retry_after, hopeless)


@pytest.mark.parametrize("body", [b"<html>", b'{"items": 1}', b" " * (65 << 20)])
async def test_answers_of_others(session: aiohttp.ClientSession, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body)

    async with answering(answer) as url:
        with pytest.raises(HinderedError, match="does not answer as codehost serve does"):
            await Server(session=session, url=url, token=Token()).news("", 0)


async def test_nobody_there(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    server = Server(session=session, url=f"http://127.0.0.1:{unused_tcp_port}", token=Token())
    with pytest.raises(HinderedError, match="refused the connection") as caught:
        await server.news("", 0)
    assert not caught.value.hopeless


def test_a_token_is_read_whenever_it_is_needed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = Token(file=file, given="unused")
    with pytest.raises(HinderedError, match=r"token cannot be read \(No such file"):
        token.read()
    file.write_text("one\n")
    assert token.header() == {"Authorization": "Bearer one"}
    file.write_text("two\n")
    assert token.read() == "two"
    assert Token().header() == {}
    assert Token(given="").read() is None


@pytest.mark.parametrize("content", [b"", b"\n", b"a b", b"a\nb", "ä".encode()])
def test_what_is_no_token(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(HinderedError, match="holds no token") as caught:
        Token(file=tmp_path / "token").read()
    assert "a b" not in str(caught.value)


def test_a_token_does_not_show() -> None:
    assert "secret" not in repr(Token(given="secret"))
