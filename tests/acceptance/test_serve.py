"""``codehost serve`` as people run it: a process that syncs, serves, is asked, stopped and killed."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.program import Running
from tests.acceptance.sourcegraph import read_list
from tests.serve.git.serving import client_environment
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist

PINS = ["p0==1.0", "p1==1.0"]
EVERYTHING = (
    "/healthz",
    "/readyz",
    "/metrics",
    "/",
    "/python/p0/1.0",
    "/v1/list-repos",
    "/api/v1/openapi.json",
    "/api/v1/repos",
    "/api/v1/repos/python/p0/1.0",
    "/api/v1/changes",
    "/api/v1/code-hosts",
    "/api/v1/status",
    "/api/v1/budget",
    "/api/v1/mirrors",
    "/api/v1/workers",
    "/api/v1/jobs",
    "/api/v1/schema/python-packages",
)


@dataclass(slots=True, kw_only=True)
class Site:
    """A fleet whose first member serves."""

    crew: Fleet
    session: aiohttp.ClientSession
    port: int
    served: list[Running] = field(default_factory=list)

    async def start(self, *options: str) -> Running:
        desk, listen = self.crew.desk, f"127.0.0.1:{self.port}"
        server = await desk.start("serve", *desk.place, "--listen", listen, *options)
        self.crew.running.append(server)
        assert await server.until_said("serve_started"), server.errors.read_text()
        return server

    async def token(self, role: str) -> str:
        made = await self.crew.desk.run("tokens", "add", role, "--role", role, *self.crew.desk.place)
        assert made.status == 0, made.said
        return made.stdout.strip()

    async def status(self, path: str, **options: Any) -> int:
        async with self.session.get(f"http://127.0.0.1:{self.port}{path}", **options) as answer:
            await answer.read()
            return answer.status

    async def clone(self, folder: Path, user: str = "", *, base: str = "") -> "subprocess.CompletedProcess[str]":
        return await self.clone_from(f"http://{user}127.0.0.1:{self.port}{base}/git/python/p0/1.0.git", folder)

    async def clone_from(self, url: str, folder: Path) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(
            subprocess.run,
            ["git", "clone", "-q", url, str(folder)],
            env=client_environment(folder.parent),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        for pin in PINS:
            add_sdist(running, pin)
        yield running


@pytest.fixture
async def site(database_url: str, tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[Site]:
    async with fleet(database_url, tmp_path) as crew, aiohttp.ClientSession() as session:
        yield Site(crew=crew, session=session, port=unused_tcp_port)


async def test_one_process_syncs_and_serves(site: Site, mirror: Mirror, tmp_path: Path) -> None:
    site.crew.desk.configure([mirror.url], PINS)
    server = await site.start("--config", str(site.crew.desk.config))
    await site.crew.until_states(completed=2)
    assert (await site.clone(tmp_path / "clone")).returncode == 0
    assert len(list((tmp_path / "clone").iterdir())) > 1
    for path in EVERYTHING:
        assert (path, await site.status(path)) == (path, 200)
    bare = f"http://127.0.0.1:{site.port}/api/v1/code-hosts"
    async with site.session.post(bare, json={}) as answer:
        assert answer.status == 401
    assert await site.status("/api/v1/openapi.json", headers={"Host": "evil.example.net"}) == 421
    server.send(signal.SIGTERM)
    ended = await server.finished()
    assert ended.status == 0, ended.said
    assert await site.crew.rows("SELECT owner FROM workers") == []
    for action in ("worker_started", "serve_stopping", "worker_ended", "serve_ended", "action=request "):
        assert action in ended.stderr


async def test_tokens_are_asked_for_and_revoked_at_once(site: Site, mirror: Mirror, tmp_path: Path) -> None:
    site.crew.desk.configure([mirror.url], PINS)
    reader = await site.token("reader")
    server = await site.start("--reading", "token", "--base-path", "/codehost", "--config", str(site.crew.desk.config))
    await site.crew.until_states(completed=2)
    refused = await site.clone(tmp_path / "refused", base="/codehost")
    assert refused.returncode != 0
    assert (await site.clone(tmp_path / "wrong", "x:codehost_wrong@")).returncode != 0
    assert (await site.clone(tmp_path / "clone", f"x:{reader}@", base="/codehost")).returncode == 0
    await follow_as_sourcegraph(site, f"x:{reader}@", "/codehost", tmp_path)
    assert await site.status("/healthz") == 200
    assert await site.status("/metrics") == 401
    bearer = {"Authorization": f"Bearer {reader}"}
    assert await site.status("/metrics", headers=bearer) == 200
    listed = await site.crew.desk.run("tokens", "list", *site.crew.desk.place)
    assert "last used" in listed.stdout
    assert (await site.crew.desk.run("tokens", "revoke", "reader", *site.crew.desk.place)).status == 0

    async def refused_now() -> bool:
        return await site.status("/metrics", headers=bearer) == 401

    await site.crew.until(refused_now)
    server.send(signal.SIGTERM)
    ended = await server.finished()
    assert ended.status == 0, ended.said
    assert reader not in ended.said
    assert reader not in str(await site.crew.rows("SELECT * FROM tokens"))


async def follow_as_sourcegraph(site: Site, user: str, base: str, folder: Path) -> None:
    url = f"http://127.0.0.1:{site.port}{base}"
    exported = await site.crew.desk.run("export", "sourcegraph", "--url", url, *site.crew.desk.place)
    assert exported.status == 0, exported.said
    # A token is written into the configuration by whoever has it, and never given to the command.
    found = await read_list(site.session, exported.stdout.replace("http://", f"http://{user}"))
    assert [one.name for one in found] == ["python/p0/1.0", "python/p1/1.0"]
    for number, one in enumerate(found):
        cloned = await site.clone_from(one.clone_url, folder / f"sourcegraph{number}")
        assert cloned.returncode == 0, cloned.stderr


async def test_other_machines_are_served_once_there_is_an_admin(site: Site) -> None:
    desk = site.crew.desk
    ended = await desk.run("serve", *desk.place, "--listen", f"0.0.0.0:{site.port}", "--no-worker")
    assert ended.status == 3
    assert "codehost tokens add NAME --role admin" in ended.stderr
    admin = await site.token("admin")
    server = await site.start("--listen", f"0.0.0.0:{site.port}", "--no-worker")
    # Reading is not open by itself where others reach it.
    assert await site.status("/metrics") == 401
    assert await site.status("/metrics", headers={"Authorization": f"Bearer {admin}"}) == 200
    assert await site.crew.rows("SELECT owner FROM workers") == []
    server.send(signal.SIGTERM)
    assert (await server.finished()).status == 0


async def test_whoever_follows_the_feed_does_not_hold_up_the_end(site: Site) -> None:
    server = await site.start("--no-worker", "--stop-within", "15")
    url = f"http://127.0.0.1:{site.port}/api/v1/events"
    async with site.session.get(url) as answer:
        assert answer.status == 200
        server.send(signal.SIGTERM)
        await answer.content.read()
    ended = await server.finished()
    assert ended.status == 0, ended.said
    assert "cut_off=0" in ended.stderr


async def test_it_starts_again_after_a_kill(site: Site, mirror: Mirror, tmp_path: Path) -> None:
    site.crew.desk.configure([mirror.url], PINS)
    options = ("--config", str(site.crew.desk.config), "--lease-seconds", "3")
    victim = await site.start(*options)
    victim.send(signal.SIGKILL)
    await victim.finished()
    server = await site.start(*options)
    await site.crew.until_states(completed=2)
    assert (await site.clone(tmp_path / "clone")).returncode == 0
    server.send(signal.SIGTERM)
    assert (await server.finished()).status == 0


async def test_a_port_in_use_ends_it_before_it_works(site: Site, mirror: Mirror) -> None:
    site.crew.desk.configure([mirror.url], PINS)
    await site.start("--no-worker")
    desk = site.crew.desk
    ended = await desk.run("serve", *desk.place, "--listen", f"127.0.0.1:{site.port}", "--config", str(desk.config))
    assert ended.status == 3
    assert "another process uses it" in ended.stderr
    assert mirror.requests == []
