"""Servers behind TLS whose certificate only a private authority vouches for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.model.errors import Reason
from tests.integration.forwarder import Forwarder
from tests.integration.releases import PRIVATE, PUBLIC, SDIST, fill, sha256
from tests.integration.servers import PASSWORD, USER, Server
from tests.integration.taking import configured, failing, take
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Mirror

PIN = "inhouse==1.0"
AUTHORITY = Authority()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    """The simple root of each server, behind TLS."""
    async with Forwarder(target=server.origin, ssl_context=AUTHORITY.server()) as front:
        yield front.origin + server.forms[-1]


async def test_with_its_authority_a_server_is_trusted(url: str, tmp_path: Path) -> None:
    taken = await take(configured({"url": url, "caBundle": AUTHORITY.bundle(tmp_path)}), PIN, tmp_path)
    assert (taken.sha256, taken.download.final_url[:6]) == (sha256(PRIVATE, SDIST), "https:")


async def test_without_it_nothing_is_sent_and_the_sentence_says_what_to_write(url: str, tmp_path: Path) -> None:
    async with Mirror() as public:
        fill(public, PUBLIC)
        failure = await failing(configured(url, public.url), "common==1.0", tmp_path)
        assert (failure.mirror, public.requests) == (url, [])
        assert "caBundle" in str(failure)


async def test_the_check_can_be_turned_off(url: str, tmp_path: Path) -> None:
    taken = await take(configured({"url": url, "verifyTLS": False}), PIN, tmp_path)
    assert taken.sha256 == sha256(PRIVATE, SDIST)


async def test_another_authority_is_not_enough(url: str, tmp_path: Path) -> None:
    failure = await failing(configured({"url": url, "caBundle": Authority().bundle(tmp_path)}), PIN, tmp_path)
    assert "caBundle" in str(failure)


async def test_a_password_and_a_private_authority_together(static_server: Server, tmp_path: Path) -> None:
    async with Forwarder(
        target=static_server.origin, ssl_context=AUTHORITY.server(), username=USER, password=PASSWORD
    ) as front:
        entry = {"url": front.origin, "username": USER, "password": PASSWORD}
        trusted = {**entry, "caBundle": AUTHORITY.bundle(tmp_path)}
        assert (await take(configured(trusted), PIN, tmp_path)).sha256 == sha256(PRIVATE, SDIST)
        front.authorizations.clear()
        # Whoever cannot prove who they are does not get to see a password.
        await failing(configured(entry), PIN, tmp_path)
        assert front.authorizations == []
        assert (await failing(configured({**trusted, "password": "wrong"}), PIN, tmp_path)).reason is Reason.AUTH


async def test_a_client_certificate_that_the_server_wants(static_server: Server, tmp_path: Path) -> None:
    clients = Authority()
    files = clients.client(tmp_path, "ada", password="key password")
    async with Forwarder(target=static_server.origin, ssl_context=AUTHORITY.server(clients=clients)) as front:
        entry = {"url": front.origin, "caBundle": AUTHORITY.bundle(tmp_path)}
        mine = {"clientCertificate": files.certificate, "clientKey": files.key, "clientKeyPassword": "key password"}
        assert (await take(configured({**entry, **mine}), PIN, tmp_path)).sha256 == sha256(PRIVATE, SDIST)
        front.paths.clear()
        # What the server says of it, if anything, is its own affair (tests/net has the sentences).
        failure = await failing(configured(entry), PIN, tmp_path)
        assert (failure.mirror, front.paths) == (front.origin, [])
