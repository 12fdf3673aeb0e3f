"""``codehost worker`` while somebody sets its database's clock by an hour, forward and back."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.faults_clock import MovedClock
from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.test_daemon import assert_ended_well, numbered, published, serve
from tests.simulator.mirror import Fault, Mirror

HOUR = 3_600
RELEASES = 40
CAP = 12


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    return MovedClock(folder=tmp_path / "clock")


@pytest.fixture
async def crew(database_url: str, tmp_path: Path, clock: MovedClock) -> AsyncIterator[Fleet]:
    async with fleet(database_url, tmp_path, clock.shim()) as made:
        await clock.prepare(made.database)
        yield made


@pytest.mark.parametrize("steps", [(HOUR, 0), (-HOUR, 0)])
async def test_work_goes_on_whatever_the_clock_says(
    crew: Fleet, mirror: Mirror, clock: MovedClock, steps: tuple[int, ...]
) -> None:
    serve(mirror, *numbered(RELEASES), delay=0.2)
    crew.desk.configure([mirror.url], numbered(RELEASES))
    worker = await crew.start("--lease-seconds", "4", "--concurrency", "2", config=crew.desk.config)
    for step in steps:
        assert await worker.until_said("action=synced")
        await asyncio.sleep(1)
        before = (await crew.states()).get("completed", 0)
        await clock.set(crew.database, step)

        async def goes_on(before: int = before) -> bool:
            return (await crew.states()).get("completed", 0) >= min(before + 5, RELEASES)

        await crew.until(goes_on)
    await crew.until_states(completed=RELEASES)
    (apart,) = await crew.rows("SELECT max(finished_at) - min(finished_at) FROM attempts")
    assert apart[0] > (HOUR - 300) * 1_000_000, "the clock was not moved"
    assert await crew.rows("SELECT id FROM jobs WHERE losses > 0") == []
    assert await crew.rows("SELECT job_id FROM attempts WHERE outcome IN ('lost', 'errored', 'failed')") == []
    said = worker.errors.read_text()
    assert "crashed" not in said, said
    assert "lease_lost" not in said, said
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0
    assert len(published(crew.desk)) == RELEASES
    await assert_ended_well(crew)


@pytest.mark.parametrize("by", [HOUR, -HOUR])
async def test_the_budget_holds_whatever_the_clock_says(
    crew: Fleet, mirror: Mirror, clock: MovedClock, by: int
) -> None:
    serve(mirror, *numbered(RELEASES))
    crew.desk.configure([mirror.url], numbered(RELEASES), rateLimit={"requestsPerHour": CAP})
    worker = await crew.start("--lease-seconds", "4", "--stop-within", "1", config=crew.desk.config)

    async def burst() -> bool:
        return len(mirror.requests) >= CAP // 2

    await crew.until(burst)
    await asyncio.sleep(1)
    await clock.set(crew.database, by)
    await asyncio.sleep(10)
    await clock.set(crew.database, 0)
    await asyncio.sleep(5)
    assert len(mirror.requests) <= CAP
    (spent,) = await crew.rows("SELECT sum(tokens) FROM ledger")
    assert len(mirror.requests) <= spent[0] <= CAP
    worker.send(signal.SIGTERM)
    assert (await worker.finished()).status == 0
    await assert_ended_well(crew)


async def test_what_waited_for_the_hour_that_comes_again_is_not_forgotten(
    crew: Fleet, mirror: Mirror, clock: MovedClock
) -> None:
    """A worker dies with jobs in hand, a try has failed, and then the clock goes back."""
    serve(mirror, *numbered(4), delay=30)
    add = mirror.file_path("p0-1.0.tar.gz")
    mirror.fault(add, Fault(status=404))
    await clock.set(crew.database, HOUR)
    crew.desk.configure([mirror.url], numbered(4))
    victim = await crew.start("--lease-seconds", "4", config=crew.desk.config)

    async def in_hand() -> bool:
        return (await crew.states()).get("processing", 0) >= 3

    await crew.until(in_hand)
    victim.send(signal.SIGKILL)
    await victim.finished()
    await clock.set(crew.database, 0)
    for pin in numbered(4):
        mirror.fault(mirror.file_path(f"{pin.replace('==', '-')}.tar.gz"), Fault())
    await crew.start("--lease-seconds", "4", config=crew.desk.config)

    async def taken_over() -> bool:
        return (await crew.states()).get("completed", 0) >= 3

    await crew.until(taken_over)
