"""Health and metrics over HTTP, asked by a real client."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import structlog
from aiohttp import ClientSession

from codehost.health.server import LOOPBACK, serving_health
from codehost.model.errors import UserError


@dataclass(slots=True, kw_only=True)
class Probe:
    wrong: str | None = None
    waiting: str | None = None
    body: bytes = b"codehost_x 1\n"
    defect: Exception | None = None

    def healthy(self) -> str | None:
        if self.defect is not None:
            raise self.defect
        return self.wrong

    def ready(self) -> str | None:
        return self.waiting

    async def metrics(self) -> bytes:
        if self.defect is not None:
            raise self.defect
        return self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    session: ClientSession
    port: int

    async def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        async with self.session.request(method, f"http://{LOOPBACK}:{self.port}{path}") as answer:
            return answer.status, await answer.text()


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def client(probe: Probe) -> AsyncIterator[Client]:
    async with serving_health(LOOPBACK, 0, probe) as port, ClientSession() as session:
        yield Client(session=session, port=port)


async def test_well(client: Client) -> None:
    assert await client.get("/healthz") == (200, "ok\n")
    assert await client.get("/readyz") == (200, "ok\n")
    assert await client.get("/metrics") == (200, "codehost_x 1\n")


async def test_unwell(client: Client, probe: Probe) -> None:
    probe.wrong, probe.waiting = "The loop stands still.", "The database is not there."
    assert await client.get("/healthz") == (503, "The loop stands still.\n")
    assert await client.get("/readyz") == (503, "The database is not there.\n")
    assert (await client.get("/metrics"))[0] == 200


@pytest.mark.parametrize("path", ["/", "/healthz/", "/metrics/x", "/debug", "/healthz/../metrics.json"])
async def test_nothing_else(client: Client, path: str) -> None:
    assert (await client.get(path))[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nobody_writes(client: Client, method: str) -> None:
    assert (await client.get("/metrics", method))[0] == 405


async def test_a_defect_of_the_probe_is_an_answer_without_its_text(client: Client, probe: Probe) -> None:
    probe.defect = ValueError("a secret")
    with structlog.testing.capture_logs() as logs:
        answers = [await client.get(path) for path in ("/healthz", "/metrics")]
    assert [status for status, _ in answers] == [503, 503]
    assert "secret" not in str(answers)
    assert [one["action"] for one in logs] == ["probe_crashed", "probe_crashed"]


async def test_headers(client: Client) -> None:
    async with client.session.get(f"http://{LOOPBACK}:{client.port}/metrics") as answer:
        assert answer.headers["Server"] == "codehost"
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_busy_port() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError) as caught:
            async with serving_health(LOOPBACK, port, Probe()):
                pass
    assert str(caught.value) == (
        f"Health and metrics cannot be served on 127.0.0.1:{port}; another process uses it: give another one, or none."
    )


@pytest.mark.parametrize("address", ["203.0.113.7", "no-such-host.invalid"])
async def test_an_address_that_is_not_ours(address: str) -> None:
    with pytest.raises(UserError, match=f"cannot be served on {address}:0; "):
        async with serving_health(address, 0, Probe()):
            pass


async def test_the_end_frees_the_port() -> None:
    async with serving_health(LOOPBACK, 0, Probe()) as port:
        pass
    async with asyncio.timeout(5), serving_health(LOOPBACK, port, Probe()) as again:
        assert again == port
