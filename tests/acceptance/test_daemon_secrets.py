"""Secrets of a worker that runs: rotated in their files, and kept from whatever it starts."""

import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.canaries import Canary, environments_of_children, found
from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.program import Desk
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import add_sdist

KEYS = Canary("keys for stored secrets")
# Writes down what it inherited, and then does what was asked of it.
SPY = """#!/bin/sh
env >> '{seen}'
exec '{git}' "$@"
"""


@pytest.fixture
async def crew(database_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(database_url, tmp_path) as made:
        yield made


def serve(mirror: Mirror, *pins: str) -> None:
    for pin in pins:
        add_sdist(mirror, pin)


async def test_a_secret_that_was_rotated_is_read_again_on_sighup(crew: Fleet) -> None:
    secret = crew.desk.folder / "secret"
    secret.write_text("one\n")
    pins = ["six==1.0", "attrs==1.0"]
    async with Mirror(username="ann", password="one") as mirror:
        serve(mirror, *pins)
        entry = {"url": mirror.url, "username": "ann", "password": {"file": str(secret)}}
        crew.desk.configure([entry], pins[:1])
        assert (await crew.desk.run("keys", "new", *crew.desk.place)).status == 0
        await crew.hosts("add", str(crew.desk.config))
        worker = await crew.start()
        await crew.until_states(completed=1)
        mirror.password = "two"
        secret.write_text("two\n")
        before = worker.errors.read_text().count("action=host_opened")
        worker.send(signal.SIGHUP)

        async def opened_anew() -> bool:
            return worker.errors.read_text().count("action=host_opened") > before

        await crew.until(opened_anew)
        assert "action=reloading" in worker.errors.read_text()
        crew.desk.configure([entry], pins)
        await crew.hosts("edit", "host", str(crew.desk.config))
        await crew.until_states(completed=2)
        worker.send(signal.SIGTERM)
        assert (await worker.finished()).status == 0


async def test_a_worker_keeps_the_keys_from_its_children(sqlite_url: str, tmp_path: Path) -> None:
    async with fleet(sqlite_url, tmp_path, {"CODEHOST_KEY": KEYS.value}) as crew, Mirror() as mirror:
        # With the keys in its environment from its first moment.
        crew.desk.forks = False
        serve(mirror, "six==1.0", "slow==1.0")
        mirror.fault(mirror.file_path("slow-1.0.tar.gz"), Fault(delay=60))
        crew.desk.configure([mirror.url], ["six==1.0", "slow==1.0"])
        worker = await crew.start("--stop-within", "0", config=crew.desk.config)
        await crew.until_states(completed=1, processing=1)
        seen = environments_of_children(worker)
        assert b"PATH=" in seen
        assert found([KEYS], seen) == []
        worker.send(signal.SIGTERM)
        assert (await worker.finished()).status == 0


async def test_other_commands_keep_the_keys_from_what_they_start(tmp_path: Path) -> None:
    git, tools, seen = shutil.which("git"), tmp_path / "tools", tmp_path / "seen"
    assert git is not None
    tools.mkdir()
    (tools / "git").write_text(SPY.format(seen=seen, git=git))
    (tools / "git").chmod(0o755)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    desk = Desk(folder=tmp_path / "desk", environment={"CODEHOST_KEY": KEYS.value, "PATH": path}, forks=True)
    async with Mirror() as mirror:
        serve(mirror, "six==1.0")
        desk.configure([mirror.url], ["six==1.0"])
        assert (await desk.sync()).status == 0
    assert json.loads((await desk.run("status", "--json", *desk.place)).stdout)
    assert (await desk.verify()).status == 0
    inherited = seen.read_bytes()
    assert path.encode() in inherited
    assert found([KEYS], inherited) == []
