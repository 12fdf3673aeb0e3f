"""Who may work on a data directory beside whom."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from codehost.housekeeping import locked
from codehost.model.datadir import DataDirectory
from codehost.record.workers import Workers
from tests.acceptance.fleet import Fleet, fleet
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        add_sdist(running, "six==1.0")
        yield running


@pytest.fixture
async def crew(database_url: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet(database_url, tmp_path) as made:
        yield made


async def test_a_worker_waits_until_a_sync_or_verify_has_ended(
    crew: Fleet, mirror: Mirror, unused_tcp_port: int
) -> None:
    crew.desk.configure([mirror.url], ["six==1.0"])
    ready = f"http://127.0.0.1:{unused_tcp_port}/readyz"
    async with aiohttp.ClientSession() as session:
        with locked(DataDirectory(crew.desk.data)):
            worker = await crew.start("--http", f"127.0.0.1:{unused_tcp_port}", config=crew.desk.config)
            assert await worker.until_said("action=trouble")
            async with session.get(ready) as answer:
                assert (answer.status, "the worker begins when it ends" in await answer.text()) == (503, True)
            await asyncio.sleep(2.5)
            assert await crew.rows("SELECT owner FROM workers") == []
            assert worker.errors.read_text().count("\n") == 1
        await crew.until_states(completed=1)
        async with session.get(ready) as answer:
            assert answer.status == 200
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0


async def test_a_worker_that_waits_can_be_stopped_and_once_does_not_wait(sqlite_url: str, tmp_path: Path) -> None:
    async with fleet(sqlite_url, tmp_path) as crew:
        with locked(DataDirectory(crew.desk.data)):
            worker = await crew.start()
            assert await worker.until_said("action=trouble")
            worker.send(signal.SIGTERM)
            assert (await worker.finished(5)).status == 0
            ended = await (await crew.start("--once")).finished()
        assert (ended.status, ended.stdout) == (3, "")
        assert f"Another codehost works on the data directory {crew.desk.data}: wait until it ends" in ended.stderr


async def test_a_sync_is_refused_beside_a_worker_on_another_machine(crew: Fleet, mirror: Mirror) -> None:
    crew.desk.configure([mirror.url], ["six==1.0"])
    workers = Workers(crew.database)
    await workers.register("there:1", "there", 1, "0")
    ended = await crew.desk.sync()
    assert (ended.status, mirror.requests) == (3, [])
    assert "A codehost worker on there works with the database" in ended.stderr
    assert "stop it before you sync" in ended.stderr
    await workers.remove("there:1")
    assert (await crew.desk.sync()).status == 0
