"""``codehost worker`` and a database that goes away, breaks off, hides its answers or is locked."""

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.acceptance.faults_server import Mode, Wire, wired
from tests.acceptance.fleet import Fleet, desk_at, fleet
from tests.acceptance.program import ROOT, Running
from tests.acceptance.test_daemon import assert_ended_well, numbered, published, serve
from tests.conftest import Server, cluster
from tests.simulator.mirror import Mirror

RELEASES = 40


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
def own_server() -> Iterator[Server]:
    with cluster() as server:
        server.run("createdb", "own")
        yield server


@asynccontextmanager
async def behind_wire(
    url: str, folder: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Fleet, Wire]]:
    """A fleet whose workers reach the server over a wire, and the test does without."""
    async with wired(url) as (wire, shaky), fleet(url, folder) as crew:
        crew.desk = desk_at(shaky, folder, environment)
        yield crew, wire


async def assert_all_done_once(crew: Fleet, worker: Running, number: int = RELEASES) -> None:
    """Nothing lost, nothing doubled, nothing held against a job, and the same process has done it."""
    await crew.until_states(completed=number)
    twice = "SELECT job_id FROM attempts WHERE outcome = 'completed' GROUP BY job_id HAVING count(*) > 1"
    assert await crew.rows(twice) == []
    assert await crew.rows("SELECT id FROM jobs WHERE losses > 0") == []
    assert await crew.rows("SELECT job_id FROM attempts WHERE outcome IN ('errored', 'failed')") == []
    created = await crew.rows("SELECT repository FROM changes WHERE kind = 'created'")
    assert len(created) == len(set(created)) == number
    assert worker.process.returncode is None
    assert_no_defect(worker)
    worker.send(signal.SIGTERM)
    ended = await worker.finished()
    assert ended.status == 0, ended.said
    assert len(published(crew.desk)) == number
    await assert_ended_well(crew)


def assert_no_defect(worker: Running) -> None:
    said = worker.errors.read_text()
    assert "crashed" not in said, said
    assert "Traceback" not in said, said


def count_of(worker: Running, text: str) -> int:
    return sum(text in line for line in worker.errors.read_text().splitlines())


async def start(crew: Fleet, mirror: Mirror, pins: list[str], *, delay: float = 0.1) -> Running:
    serve(mirror, *pins, delay=delay)
    crew.desk.configure([mirror.url], pins)
    worker = await crew.start("--lease-seconds", "12", "--concurrency", "4", config=crew.desk.config)
    assert await worker.until_said("action=synced"), worker.errors.read_text()
    return worker


@pytest.mark.parametrize("seconds", [0, 10])
async def test_a_server_that_crashes_is_waited_for(
    own_server: Server, tmp_path: Path, mirror: Mirror, seconds: float
) -> None:
    async with fleet(own_server.url("own"), tmp_path) as crew:
        worker = await start(crew, mirror, numbered(RELEASES))
        await asyncio.to_thread(own_server.stop, at_once=True)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(own_server.start)
        await crew.until_states(completed=RELEASES)
        # Each sentence once: that it cannot be reached, and that it is shutting down or starting.
        assert count_of(worker, "action=trouble ") <= 2, worker.errors.read_text()
        if seconds:
            assert await worker.until_said("action=trouble_over")
            # By then it is listened to again.
            await asyncio.sleep(10)
        late = desk_at(own_server.url("own"), tmp_path / "late")
        serve(mirror, "late==1.0")
        late.configure([mirror.url], ["late==1.0"], repositoryPathPattern="late/{project}/{version}")
        await crew.hosts("add", str(late.config), "--name", "late")
        await crew.until_states(completed=RELEASES + 1)
        await assert_all_done_once(crew, worker, RELEASES + 1)


async def test_wires_that_are_cut_anywhere_lose_nothing(postgresql_url: str, tmp_path: Path, mirror: Mirror) -> None:
    async with behind_wire(postgresql_url, tmp_path) as (crew, wire):
        worker = await start(crew, mirror, numbered(RELEASES))
        wire.cuts = 30_000
        wire.drop_all()
        await asyncio.sleep(12)
        wire.cuts = 0
        assert wire.cut > 5
        await assert_all_done_once(crew, worker)


async def test_a_commit_that_is_not_answered_counts(postgresql_url: str, tmp_path: Path, mirror: Mirror) -> None:
    async with behind_wire(postgresql_url, tmp_path) as (crew, wire):
        worker = await start(crew, mirror, numbered(RELEASES))
        wire.mode, wire.share = Mode.HIDE_COMMIT, 0.3
        await asyncio.sleep(8)
        wire.mode = Mode.WELL
        assert wire.hidden > 5
        await assert_all_done_once(crew, worker)


async def test_a_wire_that_swallows_everything_is_given_up(postgresql_url: str, tmp_path: Path, mirror: Mirror) -> None:
    shim = tmp_path / "shim"
    shim.mkdir()
    # Five minutes are five seconds here.
    (shim / "sitecustomize.py").write_text("from codehost.record import database\ndatabase.ANSWERING = 5.0\n")
    async with behind_wire(postgresql_url, tmp_path, {"PYTHONPATH": f"{shim}:{ROOT}"}) as (crew, wire):
        worker = await start(crew, mirror, numbered(RELEASES))
        wire.mode = Mode.SWALLOW
        await asyncio.sleep(3)
        wire.mode = Mode.WELL
        # What was swallowed never comes.
        await crew.until_states(completed=RELEASES)
        await assert_all_done_once(crew, worker)


@pytest.mark.parametrize("seconds", [2, 40])
async def test_a_locked_database_is_waited_for(tmp_path: Path, mirror: Mirror, seconds: float) -> None:
    async with fleet(f"sqlite:///{tmp_path}/test.db", tmp_path) as crew:
        worker = await start(crew, mirror, numbered(RELEASES))
        with closing(sqlite3.connect(tmp_path / "test.db", timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(seconds)
            other.execute("ROLLBACK")
        await crew.until_states(completed=RELEASES)
        assert count_of(worker, "is locked by another process") == (1 if seconds > 30 else 0)
        await assert_all_done_once(crew, worker)
