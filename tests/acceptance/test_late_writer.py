"""A worker that stands still (SIGSTOP) beyond its lease, and goes on as if nothing had been (SIGCONT).

Another worker does its job meanwhile. What the late one writes is refused; it goes on living, and works again. While it
stands still in the middle of a transaction, it does not keep the others from working for longer than the server lets
it: the tests end its session themselves, as the server does after a minute, where nothing else is to be seen.
"""

import asyncio
import random
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.program import Running
from tests.acceptance.promises import check_at_any_moment, check_at_the_end, rows
from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Fault, Mirror
from tests.walking import below

LEASE = 2.0
_OPTIONS = ("--lease-seconds", str(LEASE), "--watch-every", "0", "--grace", "0")
# Every session of the program but the one that asks.
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_IN_TRANSACTION = f"SELECT pid {_OTHERS} AND state = 'idle in transaction'"
_BLOCKED = f"SELECT pid {_OTHERS} AND wait_event_type = 'Lock'"


@dataclass(slots=True)
class HeldMirror(Mirror):
    """Requests for a path in ``holds`` wait, one for each event there; those that come after go through."""

    holds: dict[str, list[asyncio.Event]] = field(default_factory=dict)
    held: int = 0

    def hold(self, path: str) -> asyncio.Event:
        event = asyncio.Event()
        self.holds.setdefault(path, []).append(event)
        return event

    async def _answer(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if waits := self.holds.get(request.path):
            event = waits.pop(0)
            self.held += 1
            await event.wait()
        return await Mirror._answer(self, request, fault)  # noqa: SLF001 - super() does not work in a class with slots


@dataclass(slots=True, kw_only=True)
class Scene:
    """Two workers, and what becomes of the release ``p0==1.0``."""

    crew: Fleet
    mirror: HeldMirror
    _pins: Sequence[str] = ()

    async def open(self, *pins: str, name: str = "host", requests_per_hour: int = 57_600) -> None:
        """Add a code host with these pins."""
        self._pins = pins if name == "host" else self._pins
        self._configure(pins, name, rateLimit={"requestsPerHour": requests_per_hour})
        await self.crew.hosts("add", str(self.crew.desk.config), "--name", name)

    async def pin(self, *pins: str) -> None:
        """The first code host has these pins from now on."""
        self._pins = pins
        self._configure(pins, "host")
        await self.crew.hosts("edit", "host", str(self.crew.desk.config))

    def _configure(self, pins: Sequence[str], name: str, **more: object) -> None:
        for pin in pins:
            project, version = pin.split("==")
            if not self.mirror.projects.get(project):
                self.mirror.add(sdist_name(project, version), make_sdist(project, version))
        pattern = f"{name}/{{project}}/{{version}}"
        self.crew.desk.configure([self.mirror.url], pins, repositoryPathPattern=pattern, **more)

    async def worker(self, *options: str) -> Running:
        worker = await self.crew.start(*_OPTIONS, *options)
        assert await worker.until_said("worker_started")
        return worker

    async def until_held(self, count: int = 1) -> None:
        async def met() -> bool:
            return self.mirror.held >= count

        await self.crew.until(met)

    async def until_found(self, query: str) -> list[Any]:
        async def met() -> bool:
            return bool(await self.crew.rows(query))

        await self.crew.until(met)
        return await self.crew.rows(query)

    async def until_completed(self, *pins: str) -> None:
        async def met() -> bool:
            found = await rows(self.crew)
            done = {row.key for row in found.values() if row.end[0] == "completed"}
            return {pin.replace("==", "/") for pin in pins} <= done

        await self.crew.until(met)

    async def record(self) -> list[Any]:
        """Everything that the first release's completion wrote."""
        columns = 'jobs.state, epoch, jobs.losses, synced_at, "commit"'
        release = await self.crew.rows(
            f"SELECT {columns} FROM jobs JOIN releases ON releases.id = release_id WHERE jobs.project = 'p0'"
        )
        attempts = await self.crew.rows(
            "SELECT attempts.epoch, outcome, attempts.finished_at FROM attempts JOIN jobs ON jobs.id = job_id"
            " WHERE project = 'p0' ORDER BY attempts.epoch"
        )
        changes = await self.crew.rows("SELECT kind, at FROM changes WHERE project = 'p0'")
        return [release, attempts, changes]

    async def outcomes(self) -> list[str]:
        return [outcome for _, outcome, _ in (await self.record())[1]]

    async def end(self, *workers: Running) -> None:
        """What is retired goes, all end in order, and everything is as it must be."""

        async def met() -> bool:
            return all(row.wanted for row in (await rows(self.crew)).values())

        await self.crew.until(met)
        for worker in workers:
            worker.send(signal.SIGTERM)
        for worker in workers:
            ended = await worker.finished()
            assert ended.status == 0, ended.said
            assert "crashed" not in ended.stderr, ended.stderr
        found = await rows(self.crew)
        commits = {row.key: row.commit or "" for row in found.values()}
        ends = {name: row.end for name, row in found.items()}
        assert {state for state, _ in ends.values()} == {"completed"}
        await check_at_the_end(self.crew, commits, ends, len(self.mirror.requests))

    async def assert_it_works(self, late: Running, other: Running, pin: str = "after==1.0") -> None:
        """The late one alone does what comes next."""
        other.send(signal.SIGTERM)
        assert (await other.finished()).status == 0
        await self.pin(*self._pins, pin)
        await self.until_completed(pin)
        await self.end(late)


@pytest.fixture
async def scene(postgresql_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with HeldMirror() as mirror, fleet(postgresql_url, tmp_path) as crew:
        yield Scene(crew=crew, mirror=mirror)


async def test_one_that_was_late_with_a_download_is_refused(scene: Scene) -> None:
    first = scene.mirror.hold("/files/p0-1.0.tar.gz")
    await scene.open("p0==1.0")
    late = await scene.worker()
    await scene.until_held()
    await stop(scene, late)
    other = await scene.worker()
    await scene.until_completed("p0==1.0")
    before = await scene.record()
    first.set()
    late.send(signal.SIGCONT)
    assert await late.until_said("lease_lost")
    await asyncio.sleep(LEASE)
    assert await scene.record() == before
    assert await scene.outcomes() == ["lost", "completed"]
    await scene.assert_it_works(late, other)


async def test_one_that_wakes_up_while_another_is_at_it_is_refused(scene: Scene) -> None:
    first, second = (scene.mirror.hold("/files/p0-1.0.tar.gz") for _ in range(2))
    await scene.open("p0==1.0")
    late = await scene.worker()
    await scene.until_held()
    await stop(scene, late)
    other = await scene.worker()
    await scene.until_held(2)
    first.set()
    late.send(signal.SIGCONT)
    assert await late.until_said("lease_lost")
    await asyncio.sleep(LEASE)
    assert await scene.outcomes() == ["lost", None]
    second.set()
    await scene.until_completed("p0==1.0")
    assert await scene.outcomes() == ["lost", "completed"]
    assert "lease_lost" not in other.errors.read_text()
    await scene.assert_it_works(late, other)


async def test_one_that_was_late_with_its_publication_is_refused(scene: Scene) -> None:
    """Its child packs while it stands still; its files are removed meanwhile, and it makes new ones."""
    # Bytes that bzip2 takes a second for.
    files = {f"{number}.bin": random.Random(number).randbytes(4 << 20) for number in range(3)}
    scene.mirror.add("p0-1.0.tar.bz2", make_sdist("p0", "1.0", files, suffix=".tar.bz2"), project="p0")
    await scene.open("p0==1.0")
    late = await scene.worker()
    staging = scene.crew.desk.data / "staging"
    assert await late.until(lambda: any(path.name == "git" for path in below(staging)))
    await stop(scene, late)
    [folder] = staging.iterdir()
    other = await scene.worker()
    await scene.until_completed("p0==1.0")
    before = await scene.record()
    assert await other.until(lambda: not folder.exists())
    late.send(signal.SIGCONT)
    assert await late.until_said("lease_lost")
    await asyncio.sleep(LEASE)
    assert await scene.record() == before
    assert await scene.outcomes() == ["lost", "completed"]
    await scene.assert_it_works(late, other)


async def stop(scene: Scene, late: Running) -> None:
    """It may have stood in a transaction, such as that of a heartbeat, which then holds up the others."""
    late.send(signal.SIGSTOP)
    await asyncio.sleep(0.1)  # what it has sent before may be answered still
    await end_sessions_in_transactions(scene.crew)


@asynccontextmanager
async def stopped_inside(scene: Scene, lock: str, late: Running) -> AsyncIterator[None]:
    """``late`` waits for rows that are locked here; it is stopped, then it gets them: it stands in a transaction."""
    async with scene.crew.database.write() as connection:
        await connection.execute(text(lock))
        yield
        await scene.until_found(_BLOCKED)
        late.send(signal.SIGSTOP)
    await scene.until_found(_IN_TRANSACTION)


async def end_sessions_in_transactions(crew: Fleet) -> None:
    """What the server does by itself after a while."""
    await crew.rows(f"SELECT pg_terminate_backend(pid) {_OTHERS} AND state = 'idle in transaction'")


async def test_one_that_stands_in_its_last_transaction_publishes_nothing_when_it_wakes_up(scene: Scene) -> None:
    first = scene.mirror.hold("/files/p0-1.0.tar.gz")
    await scene.open("p0==1.0")
    late = await scene.worker()
    await scene.until_held()
    async with stopped_inside(scene, "SELECT id FROM jobs FOR UPDATE", late):
        first.set()
    other = await scene.worker()
    # Its row is locked; all else goes on.
    await scene.pin("p0==1.0", "p1==1.0")
    await scene.until_completed("p1==1.0")
    assert (await scene.record())[0][0][0] == "processing"
    await end_sessions_in_transactions(scene.crew)
    await scene.until_completed("p0==1.0")
    before = await scene.record()
    late.send(signal.SIGCONT)
    await asyncio.sleep(2 * LEASE)
    assert await scene.record() == before
    assert await scene.outcomes() == ["lost", "completed"]
    await check_at_any_moment(scene.crew, {row.key: row.commit or "" for row in (await rows(scene.crew)).values()})
    await scene.assert_it_works(late, other)


async def test_one_that_stands_in_a_grant_keeps_others_waiting_for_a_quarter_of_a_minute(scene: Scene) -> None:
    page = scene.mirror.hold("/simple/p0/")
    # Grants of one token each: the file needs another one than the page.
    await scene.open("p0==1.0", requests_per_hour=600)
    late = await scene.worker()
    await scene.until_held()
    async with stopped_inside(scene, "SELECT id FROM code_hosts FOR UPDATE", late):
        page.set()
    # The grant's, and whatever else the worker was at when it was stopped.
    held = await scene.crew.rows(_IN_TRANSACTION)
    other = await scene.worker()
    await scene.open("p1==1.0", name="elsewhere")
    await scene.until_completed("p1==1.0")
    await scene.until_completed("p0==1.0")
    assert not set(held) & set(await scene.crew.rows(f"SELECT pid {_OTHERS}"))
    before = await scene.record()
    late.send(signal.SIGCONT)
    await asyncio.sleep(2 * LEASE)
    assert await scene.record() == before
    assert await scene.outcomes() == ["lost", "completed"]
    await scene.assert_it_works(late, other)


async def test_one_that_stands_in_a_plan_lets_others_work(scene: Scene) -> None:
    await scene.open("p0==1.0", "p1==1.0")
    await scene.open("p2==1.0", name="elsewhere")
    await scene.crew.hosts("pause", "elsewhere")
    late = await scene.worker()
    await scene.until_completed("p0==1.0", "p1==1.0")
    async with stopped_inside(scene, "SELECT id FROM releases WHERE project = 'p1' FOR UPDATE", late):
        await scene.pin("p0==1.0", "p3==1.0")
    other = await scene.worker()
    await scene.crew.hosts("resume", "elsewhere")
    await scene.until_completed("p2==1.0")
    # Whoever changes many jobs at once has to wait.
    asking = await scene.crew.desk.start("retry", *scene.crew.desk.place, "--failed")
    await scene.until_found(_BLOCKED)
    await end_sessions_in_transactions(scene.crew)
    assert (await asking.finished()).status == 0
    await scene.until_completed("p3==1.0")
    late.send(signal.SIGCONT)
    await asyncio.sleep(LEASE)
    await scene.assert_it_works(late, other)


def is_locked(file: Path) -> bool:
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError:
            return True
    return False


async def is_still_locked(file: Path) -> bool:
    """Whether it is locked all the time: others lock it for a moment only."""
    for _ in range(20):
        if not is_locked(file):
            return False
        await asyncio.sleep(0.02)
    return True


async def stop_inside(late: Running, file: Path) -> None:
    """Stop it again and again, until it stands in the middle of a write."""
    chance = random.Random(1)
    for _ in range(3_000):
        late.send(signal.SIGSTOP)
        if await is_still_locked(file):
            return
        late.send(signal.SIGCONT)
        await asyncio.sleep(chance.uniform(0, 0.02))
    raise AssertionError("it was never met in the middle of a write")


async def test_on_sqlite_the_others_say_so_and_live_on(sqlite_url: str, tmp_path: Path) -> None:
    pins = [f"p{number}==1.0" for number in range(100)]
    async with HeldMirror() as mirror, fleet(sqlite_url, tmp_path) as crew:
        scene = Scene(crew=crew, mirror=mirror)
        other = await scene.worker("--concurrency", "1")
        late = await scene.worker()
        await scene.open(*pins)
        await scene.until_completed("p0==1.0")
        await stop_inside(late, tmp_path / "test.db")
        assert await other.until(lambda: "is locked by another process" in other.errors.read_text())
        assert other.process.returncode is None
        late.send(signal.SIGCONT)
        await scene.until_completed(*pins)
        await scene.end(late, other)
