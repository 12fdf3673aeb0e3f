"""Many code hosts, one worker: the real parts, with the simulator's mirror at the far end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.hands import Hands
from codehost.model.errors import Failure, Reason
from codehost.model.events import Synced
from codehost.model.jobs import JobState
from codehost.model.members import IngestRequest
from codehost.model.retrying import for_months
from codehost.record.database import Database
from codehost.service import Post, Service
from tests.simulator.mirror import Mirror
from tests.wiring import LEASE, Bench, ThreadIngester, bench, queue


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
async def parts(database: Database, tmp_path: Path, mirror: Mirror) -> AsyncIterator[Bench]:
    async with bench(database, tmp_path, mirror, []) as made:
        yield made


def service(parts: Bench, *, waiting: bool = False, rests: float = 0.0, concurrency: int = 4) -> Service:
    async def resting() -> float:
        return rests

    posts = {
        parts.code_host_id: Post(
            code_host_id=parts.code_host_id,
            pipeline=parts.pipeline(),
            observer=parts.watcher,
            is_waiting=lambda: waiting,
            rests=resting,
        )
    }
    hands = Hands(jobs=parts.jobs, owner="me:1", lease_seconds=LEASE, retry=for_months, place_of=posts.get)
    return Service(
        hands=hands,
        posts=posts,
        priorities={},
        concurrency=concurrency,
        bell=asyncio.Event(),
        usable=lambda: None,
    )


async def states(parts: Bench) -> dict[JobState, int]:
    counts = await parts.reports.counts(parts.code_host_id)
    return {state: number for state, number in counts.items() if number}


async def test_once_ends_when_nothing_is_due(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *(f"p{number}==1.0" for number in range(40)))
    await service(parts).run(asyncio.Event(), once=True)
    assert await states(parts) == {JobState.COMPLETED: 40}
    assert mirror.most_at_once <= 4


async def test_nothing_is_claimed_while_the_first_mirror_is_left_alone(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    await service(parts, rests=60.0).run(asyncio.Event(), once=True)
    assert await states(parts) == {JobState.QUEUED: 1}
    assert mirror.requests == []


async def test_a_full_disk_halts_the_work_and_then_it_is_tried_again(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0")
    full = True

    async def write(_: IngestRequest) -> None:
        if full:
            raise OSError(28, "No space left on device")

    parts.ingester = ThreadIngester(write)
    made, stop = service(parts), asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    async with asyncio.timeout(10):
        while made.halt is None or await states(parts) != {JobState.QUEUED: 2}:  # noqa: ASYNC110 - as below
            await asyncio.sleep(0.01)
    assert "cannot be written" in str(made.halt)
    full = False
    made._halted_until = 0.0  # noqa: SLF001 - instead of ten seconds of waiting
    made.bell.set()
    async with asyncio.timeout(10):
        while len(parts.watcher.of(Synced)) < 2:  # noqa: ASYNC110 - the work goes on beside
            await asyncio.sleep(0.01)
    assert made.halt is None
    stop.set()
    await running


async def test_jobs_that_are_its_own_and_not_in_hand_go_back(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    await parts.jobs.claim(parts.code_host_id, "me:1", 10, LEASE)  # the answer was lost
    made = service(parts)
    await made.hands.renew()
    assert await states(parts) == {JobState.QUEUED: 1}
    await made.run(asyncio.Event(), once=True)
    assert await states(parts) == {JobState.COMPLETED: 1}


async def test_what_was_not_asked_for_is_no_try(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    (job,) = await parts.claim()
    failure = Failure(Reason.NETWORK, "the mirror is left alone", retry_after=60.0, unasked=True)
    await parts.jobs.put_off(job, failure, 60.0)
    (failed,) = await parts.reports.failures(parts.code_host_id)
    assert (failed.state, failed.attempts, failed.reason) == (JobState.ERRORED, 0, "network")
    due = await parts.jobs.due_in([parts.code_host_id])
    assert due is not None
    assert 50 < due <= 60
    assert await parts.claim() == []


async def test_nothing_is_known_to_come(parts: Bench, mirror: Mirror) -> None:
    assert await parts.jobs.due_in([parts.code_host_id]) is None


async def test_a_release_that_alone_cannot_be_written_lets_the_others_go_on(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0", "idna==1.0")

    async def write(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            raise OSError(36, "File name too long")

    parts.ingester = ThreadIngester(write)
    made, stop = service(parts, concurrency=1), asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    async with asyncio.timeout(20):
        while await states(parts) != {JobState.COMPLETED: 2, JobState.ERRORED: 1}:
            made._halted_until = 0.0  # noqa: SLF001 - instead of ten seconds of waiting
            made.bell.set()
            await asyncio.sleep(0.01)
    stop.set()
    await running
    (failed,) = await parts.reports.failures(parts.code_host_id)
    assert (failed.attempts, failed.reason) == (1, "storage")


async def test_what_was_in_flight_does_not_lengthen_the_halt(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *(f"p{number}==1.0" for number in range(4)))

    async def write(request: IngestRequest) -> None:
        await asyncio.sleep(0.2 * int(request.filename[1]))
        raise OSError(28, "No space left on device")

    parts.ingester = ThreadIngester(write)
    made, stop = service(parts), asyncio.Event()
    running = asyncio.create_task(made.run(stop))
    async with asyncio.timeout(10):
        while made.halt is None or made.hands.running:  # noqa: ASYNC110 - the work goes on beside
            await asyncio.sleep(0.01)
    assert made._halts == 1  # noqa: SLF001 - it decides on the length of the next one
    stop.set()
    await running
