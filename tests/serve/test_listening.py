"""Connections: too slow, over TLS, and the end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
import trustme
from aiohttp import ClientSession, web
from aiohttp.typedefs import Handler

from codehost.model.errors import UserError
from codehost.serve.access.traffic import Traffic
from codehost.serve.listening import Door, Listening, TlsFiles, listening, tls_context

HERE = Listening(address="127.0.0.1", port=0)


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


@asynccontextmanager
async def serving(where: Listening, *routes: web.RouteDef, traffic: Traffic | None = None) -> AsyncIterator[Door]:
    counted = traffic or Traffic()

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        with counted.request():
            return await handler(request)

    application = web.Application(middlewares=[count])
    application.add_routes([web.get("/", fine), *routes])

    async def drain() -> None:
        await counted.drain(2.0)

    async with listening(application, where, drain=drain, farewell=0.5) as door:
        yield door


async def raw(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(65_536), 5)
    finally:
        writer.close()


@pytest.mark.parametrize("drops", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
async def test_a_head_that_does_not_come_ends_the_connection(drops: bytes) -> None:
    async with serving(replace(HERE, head_seconds=0.5)) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)

        async def drip() -> None:
            writer.write(drops)
            while drops:
                await asyncio.sleep(0.05)
                writer.write(b"y")

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(3):
            with suppress(ConnectionError):
                assert await reader.read() == b""
        dripping.cancel()
        writer.close()


async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    ended = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        finally:
            ended.set()

    async with serving(replace(HERE, stalled_seconds=1.0), web.get("/endless", endless)) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as silent:
            silent.send(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
            async with asyncio.timeout(20):
                await ended.wait()


async def test_the_end_waits_for_what_is_under_way_and_lets_nobody_in() -> None:
    traffic, begun = Traffic(), asyncio.Event()

    async def until_the_end(_request: web.Request) -> web.Response:
        begun.set()
        await traffic.stopping.wait()
        await asyncio.sleep(0.2)
        return web.Response(text="whole")

    async with ClientSession() as session:
        async with serving(HERE, web.get("/long", until_the_end), traffic=traffic) as door:

            async def ask() -> str:
                async with session.get(f"http://127.0.0.1:{door.port}/long") as answer:
                    return await answer.text()

            asking = asyncio.create_task(ask())
            await begun.wait()
        assert await asking == "whole"
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", door.port)


async def test_the_end_cuts_off_what_does_not_end() -> None:
    async def forever(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async with asyncio.timeout(10):
        async with serving(HERE, web.get("/forever", forever)) as door:
            asking = asyncio.create_task(raw(door.port, b"GET /forever HTTP/1.1\r\nHost: a\r\n\r\n"))
            await asyncio.sleep(0.1)
        assert await asking == b""


def issued(folder: Path, authority: trustme.CA) -> TlsFiles:
    certificate = authority.issue_cert("localhost")
    files = TlsFiles(certificate=folder / "cert.pem", key=folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(files.certificate)
    assert files.key is not None
    certificate.private_key_pem.write_to_path(files.key)
    return files


async def test_https_and_a_renewed_certificate(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    files = issued(tmp_path, first)

    async def ask(port: int, authority: trustme.CA) -> str:
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        url = f"https://localhost:{port}/"
        async with ClientSession() as session, session.get(url, ssl=trusting) as answer:
            return await answer.text()

    async with serving(replace(HERE, tls=files)) as door:
        assert await ask(door.port, first) == "ok"
        issued(tmp_path, second)
        door.reload()
        assert await ask(door.port, second) == "ok"
        files.certificate.write_text("nonsense")
        with structlog.testing.capture_logs() as logs:
            door.reload()
        assert [line["action"] for line in logs] == ["certificate_kept"]
        assert await ask(door.port, second) == "ok"
        await asyncio.sleep(0.1)


def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    assert tls_context(issued(tmp_path, trustme.CA())).minimum_version is ssl.TLSVersion.TLSv1_2


def test_unfit_certificates(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        tls_context(TlsFiles(certificate=tmp_path / "none.pem"))
    (tmp_path / "bad.pem").write_text("nonsense")
    with pytest.raises(UserError, match="have to be PEM files that belong together"):
        tls_context(TlsFiles(certificate=tmp_path / "bad.pem"))


async def test_addresses_that_cannot_be_listened_on() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"cannot listen on 127.0.0.1:{port}; another process uses it"):
            async with serving(replace(HERE, port=port)):
                pass
    with pytest.raises(UserError, match="this machine does not have the address"):
        async with serving(replace(HERE, address="203.0.113.7")):
            pass
