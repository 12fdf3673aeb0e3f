"""What somebody may try who speaks HTTP by hand: the application behind a raw socket."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog

from codehost.serve.access.gate import Reading
from tests.serve.test_application import Served, serving

ROOT = "/api/v1/things/x"
BODY = b'{"name": "n"}'


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Served]:
    """Reading needs a token."""
    async with serving(tmp_path, reading=Reading.TOKEN) as running:
        yield running


async def say(served: Served, data: bytes) -> list[int]:
    """The statuses of all answers to these bytes; the connection ends after them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(data)
    try:
        got = await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
    lines = got.replace(b"HTTP/1.0 ", b"HTTP/1.1 ").split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]


def head(served: Served, *lines: str, method: str = "GET", target: str = ROOT, token: str | None = None) -> bytes:
    known = [f"Authorization: Bearer {served.reader if token is None else token}"] if token != "" else []
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Connection: close", *known, *lines, "", ""]).encode()


SMUGGLED = b"GET /api/v1/things/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 0", "Transfer-Encoding: chunked"),
        ("Content-Length: 0", "Content-Length: 70"),
        ("Content-Length: +0",),
        ("Content-Length: 0x0",),
        ("Content-Length: 0_0",),
        ("Content-Length: -1",),
        ("Content-Length: 0, 70",),
        ("Content-Length : 0",),
        (" Content-Length: 0",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding: identity, nonsense",),
        ("Transfer-Encoding: \x0bchunked",),
    ],
)
async def test_where_a_request_ends_is_not_for_two_readings(closed: Served, lines: tuple[str, ...]) -> None:
    data = head(closed, "Host: localhost", *lines, method="PUT").replace(b"Connection: close\r\n", b"")
    assert await say(closed, data + SMUGGLED) == [400]


@pytest.mark.parametrize("chunks", [b"5;\n\r\nhello\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"zz\r\n"])
async def test_damaged_chunks_are_no_body(closed: Served, chunks: bytes) -> None:
    lines = ("Host: localhost", "Content-Type: application/json", "Transfer-Encoding: chunked")
    data = head(closed, *lines, method="PUT", token=closed.admin)
    assert await say(closed, data + chunks) == [400]


@pytest.mark.parametrize(
    ("target", "lines", "status"),
    [
        (ROOT, ("Host: localhost",), 200),
        (ROOT, ("Host: LocalHost:3434",), 200),
        (ROOT, ("Host: localhost.",), 200),
        (ROOT, ("Host: CODE.example.com.:80",), 200),
        (ROOT, ("Host: code.example.com.evil.example.net",), 421),
        (ROOT, ("Host: evil.example.net#localhost",), 421),
        (ROOT, ("Host: [fe80::1%25eth0]",), 421),
        (ROOT, ("Host: localhost:port",), 421),
        (ROOT, ("Host: localhost, evil.example.net",), 421),
        (ROOT, ("Host: ",), 421),
        (ROOT, (), 400),
        (ROOT, ("Host: localhost", "Host: evil.example.net"), 400),
        (f"http://localhost{ROOT}", ("Host: evil.example.net",), 200),
        (f"http://evil.example.net{ROOT}", ("Host: localhost",), 421),
        (f"http://localhost@evil.example.net{ROOT}", ("Host: localhost",), 421),
    ],
)
async def test_by_what_name_the_server_is_called(
    closed: Served, target: str, lines: tuple[str, ...], status: int
) -> None:
    assert await say(closed, head(closed, *lines, target=target)) == [status]


@pytest.mark.parametrize("target", [f"{ROOT}?token=%s", f"{ROOT}?access_token=%s", f"{ROOT}?private_token=%s"])
async def test_a_token_in_the_address_is_none_and_not_written_down(closed: Served, target: str) -> None:
    with structlog.testing.capture_logs() as logs:
        assert await say(closed, head(closed, "Host: localhost", target=target % closed.admin, token="")) == [401]
    assert closed.admin not in str(logs)


async def test_user_information_in_the_target_is_not_written_down(closed: Served) -> None:
    with structlog.testing.capture_logs() as logs:
        for target in (f"http://ann:hunter2@localhost{ROOT}", "ann:hunter2@localhost:80"):
            await say(closed, head(closed, "Host: localhost", target=target))
    assert "hunter2" not in str(logs)


def basic(text: str | bytes) -> str:
    return f"Basic {base64.b64encode(text.encode() if isinstance(text, str) else text).decode()}"


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda token: f"bEARER   {token}", 200),
        (lambda token: basic(f"ä:{token}"), 200),
        (lambda token: basic(f"{token}:"), 200),
        (lambda token: basic(f"{token}:wrong"), 401),
        (lambda token: basic(f"a:b:{token}"), 401),
        (lambda token: basic(f"a:{token}".encode("utf-16")), 401),
        (lambda token: basic(f"{'x' * 5_000}:{token}"), 200),
        (lambda _: basic(b"\xff\xfe"), 401),
        (lambda token: f"Bearer {token} {token}", 401),
        (lambda token: f"Bearer {token.upper()}", 401),
        (lambda token: f"Bearer {token[:-1]}", 401),
        (lambda token: f"Token {token}", 401),
        (lambda _: "Basic", 401),
        (lambda _: "Bearer ", 401),
        (lambda token: f"Bearer {token}\r\nAuthorization: {basic(f'a:{token}')}", 401),
    ],
)
async def test_forms_of_credentials(closed: Served, make: Callable[[str], str], status: int) -> None:
    line = f"Authorization: {make(closed.reader)}"
    assert await say(closed, head(closed, "Host: localhost", line, token="")) == [status]


@pytest.mark.parametrize(
    ("method", "lines", "status"),
    [
        ("POST", ("X-HTTP-Method-Override: PUT",), 405),
        ("GET", ("X-HTTP-Method-Override: PUT", "X-HTTP-Method: PUT", "X-Method-Override: DELETE"), 200),
        ("PUT", ("Sec-Fetch-Site: none",), 200),
        ("PUT", ("Sec-Fetch-Site: same-site",), 403),
        ("PUT", ("Sec-Fetch-Site: ",), 403),
        ("PUT", ("Origin: null",), 403),
        ("PUT", ("Origin: http://localhost.evil.example.net",), 403),
        ("PUT", ("Origin: http://localhost:1",), 403),
        ("PUT", ("Origin: http://localhost",), 200),
        ("GET", ("Sec-Fetch-Site: cross-site", "Origin: http://evil.example.net"), 200),
        ("TRACE", (), 405),
        ("CONNECT", (), 404),
    ],
)
async def test_methods_and_other_sites(closed: Served, method: str, lines: tuple[str, ...], status: int) -> None:
    common = ("Host: localhost", "Content-Type: application/json", f"Content-Length: {len(BODY)}")
    data = head(closed, *common, *lines, method=method, token=closed.admin)
    assert await say(closed, data + BODY) == [status]


async def test_a_stranger_does_not_learn_what_is_there(closed: Served) -> None:
    for method in ("GET", "HEAD", "PUT"):
        answers = [
            await closed.ask(f"/api/v1/things/{name}", method, headers={"Content-Type": "application/json"})
            for name in ("x", "unknown")
        ]
        assert [answer.status for answer in answers] == [401, 401]
        assert answers[0].text == answers[1].text


async def test_lines_of_the_log_are_lines(closed: Served) -> None:
    with structlog.testing.capture_logs() as logs:
        await say(closed, head(closed, "Host: localhost", "User-Agent: a\x1b[31m\tb\u202e", target="/%0d%0a\x1b[0m"))
        await say(closed, head(closed, "Host: localhost", "User-Agent: a\x7f\u202eb", target="/x%1b%0a\u202e"))
    text = "".join(f"{line.get('path')}{line.get('agent')}" for line in logs)
    assert text.isprintable()
