"""Who is let in, and what the others are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest
import structlog
from aiohttp import web

from codehost.serve.access.forwarded import Network
from codehost.serve.access.headers import ALWAYS, OTHERWISE
from tests.serve.test_listening import HERE, raw, serving


async def test_too_many_connections_are_told_so() -> None:
    async with serving(replace(HERE, connections=2, of_one=2)) as door:
        held = [await asyncio.open_connection("127.0.0.1", door.port) for _ in range(2)]
        await asyncio.sleep(0.05)
        with structlog.testing.capture_logs() as logs:
            answers = [await raw(door.port, b"") for _ in range(2)]
        assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 503 Service Unavailable"}
        for answer in answers:
            assert "try again" in as_ours(answer)
        assert [line["action"] for line in logs] == ["connections_full"]
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.05)
        assert (await raw(door.port, b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 200")


def as_ours(answer: bytes) -> str:
    """What an answer says that has the headers of all others, and tells nothing of the program."""
    head, _, body = answer.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert ALWAYS.items() | OTHERWISE.items() <= fields.items()
    assert fields["Content-Type"] == "text/plain; charset=utf-8"
    assert int(fields["Content-Length"]) == len(body)
    assert b"aiohttp" not in answer
    assert b"Python" not in answer
    return body.decode()


async def from_address(address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


@pytest.mark.parametrize(("crowds", "full"), [((), True), ((ip_network("127.0.0.2"),), False)])
async def test_one_address_does_not_take_all_the_room(crowds: Sequence[Network], *, full: bool) -> None:
    async with serving(replace(HERE, connections=9, of_one=2, crowds=crowds)) as door:
        held = [await from_address("127.0.0.2", door.port) for _ in range(2)]
        await asyncio.sleep(0.05)
        for address, refused in (("127.0.0.2", full), ("127.0.0.3", False)):
            reader, writer = await from_address(address, door.port)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (b" 503 " in await reader.readline()) is refused
            writer.close()
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: secret\r\n" * 500 + b"\r\n",
    ],
)
async def test_what_is_no_request_is_refused_and_quoted_nowhere(data: bytes) -> None:
    async with serving(HERE) as door:
        with structlog.testing.capture_logs() as logs:
            answer = await raw(door.port, data)
        assert answer.startswith(b"HTTP/1.0 400")
        assert as_ours(answer).startswith("This is no request of HTTP/1.1, or its head is too large")
        assert {line["action"] for line in logs} <= {"request_not_understood", "request"}
        assert "yyyy" not in str(logs)
        assert "secret" not in str(logs)


async def test_a_defect_before_the_application_says_little(caplog: pytest.LogCaptureFixture) -> None:
    async def odd(_request: web.Request) -> web.Response:
        raise ValueError("a secret")

    async with serving(HERE, web.get("/odd", odd)) as door:
        with structlog.testing.capture_logs() as logs:
            answer = await raw(door.port, b"GET /odd HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500")
        assert "see its log" in as_ours(answer)
    assert ("request_not_understood", "ValueError") in {(line["action"], line.get("error")) for line in logs}
    assert "a secret" not in caplog.text
