"""What a worker has in hand: the real record and pipeline, with the simulator's mirror at the far end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from codehost.hands import Hands, Workplace, new_owner
from codehost.model.errors import Failure, Reason
from codehost.model.events import NotSynced, Returned, Synced
from codehost.model.jobs import JobState
from codehost.model.members import IngestRequest
from codehost.model.retrying import for_months
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from tests.record.helpers import let_leases_expire, replan
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import LEASE, Bench, ThreadIngester, bench, published_repositories, queue, remains

SIX, ATTRS = "six==1.0", "attrs==1.0"


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
async def parts(database: Database, tmp_path: Path, mirror: Mirror) -> AsyncIterator[Bench]:
    async with bench(database, tmp_path, mirror, []) as made:
        yield made


def hands_at(parts: Bench, owner: str = "me:1") -> tuple[Hands, Workplace]:
    place = Workplace(code_host_id=parts.code_host_id, pipeline=parts.pipeline(), observer=parts.watcher)
    hands = Hands(
        jobs=parts.jobs,
        owner=owner,
        lease_seconds=LEASE,
        retry=for_months,
        place_of={parts.code_host_id: place}.get,
        jitter=lambda: 0.5,
    )
    return hands, place


async def begin_all(hands: Hands, place: Workplace) -> None:
    await hands.claim([place.code_host_id], 10)
    while hands.waiting:
        hands.begin(hands.waiting.popleft(), place)


async def all_ended(hands: Hands) -> list[BaseException]:
    await asyncio.gather(*hands.running, return_exceptions=True)
    return hands.collect()


async def states(parts: Bench) -> dict[JobState, int]:
    counts = await parts.reports.counts(parts.code_host_id)
    return {state: number for state, number in counts.items() if number}


def test_every_owner_has_a_name_of_its_own() -> None:
    assert len({new_owner() for _ in range(100)}) == 100


async def test_what_is_claimed_waits_until_it_begins_and_is_collected_when_it_ends(
    parts: Bench, mirror: Mirror
) -> None:
    await queue(parts, mirror, SIX, ATTRS)
    hands, place = hands_at(parts)
    claimed = await hands.claim([parts.code_host_id], 1)
    assert [list(hands.waiting), len(hands.running)] == [claimed, 0]
    await begin_all(hands, place)
    assert (len(hands.waiting), len(hands.running)) == (0, 2)
    assert await all_ended(hands) == []
    assert hands.running == {}
    assert await states(parts) == {JobState.COMPLETED: 2}
    assert len(parts.watcher.of(Synced)) == 2


async def test_a_page_is_kept_as_long_as_a_job_of_its_project_is_in_hand(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "six==2.0")
    hands, place = hands_at(parts)
    await hands.claim([parts.code_host_id], 10)
    for _ in range(2):
        hands.begin(hands.waiting.popleft(), place)
        await all_ended(hands)
    assert Counter(mirror.paths())["/simple/six/"] == 1
    await replan(parts.database, parts.code_host_id, ["six==1.0", "six==2.0", "six==3.0"])
    await begin_all(hands, place)
    await all_ended(hands)
    assert Counter(mirror.paths())["/simple/six/"] == 2


async def test_what_waits_goes_back_of_one_code_host_or_of_all(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX, ATTRS)
    hands, _ = hands_at(parts)
    await hands.claim([parts.code_host_id], 10)
    await hands.give_back_waiting(parts.code_host_id + 1)
    assert await states(parts) == {JobState.PROCESSING: 2}
    await hands.give_back_waiting(parts.code_host_id)
    assert (await states(parts), len(hands.waiting)) == ({JobState.QUEUED: 2}, 0)
    assert len(parts.watcher.of(Returned)) == 2


async def test_winding_down_stops_what_runs_and_leaves_nothing(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX, ATTRS)
    mirror.fault(mirror.file_path("six-1.0.tar.gz"), Fault(delay=60))
    hands, place = hands_at(parts)
    await hands.claim([parts.code_host_id], 10)
    job = next(job for job in hands.waiting if job.pin.project == "six")
    hands.waiting.remove(job)
    hands.begin(job, place)
    async with asyncio.timeout(10):
        while mirror.file_path("six-1.0.tar.gz") not in mirror.paths():  # noqa: ASYNC110 - the job does it
            await asyncio.sleep(0.01)
        await hands.wind_down()
    assert await states(parts) == {JobState.QUEUED: 2}
    assert (hands.running, len(hands.waiting), remains(parts.data)) == ({}, 0, [])


@pytest.mark.parametrize("running", [False, True])
async def test_what_others_took_is_dropped_at_the_next_heartbeat(
    parts: Bench, mirror: Mirror, *, running: bool
) -> None:
    await queue(parts, mirror, SIX)
    mirror.fault(mirror.file_path("six-1.0.tar.gz"), Fault(delay=60))
    hands, place = hands_at(parts)
    await hands.claim([parts.code_host_id], 1)
    if running:
        hands.begin(hands.waiting.popleft(), place)
    await let_leases_expire(parts.database)
    [taken] = await parts.jobs.claim(parts.code_host_id, "other:1", 1, LEASE)
    with capture_logs() as logged:
        await hands.renew()
    await all_ended(hands)
    assert [line["action"] for line in logged if line["action"] == "lease_lost"] == ["lease_lost"] * running
    assert (hands.running, len(hands.waiting)) == ({}, 0)
    assert await parts.jobs.release(taken)  # the other one's lease is untouched


async def test_a_job_that_was_taken_and_came_back_is_not_the_one_that_was_in_hand(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX)
    mirror.fault(mirror.file_path("six-1.0.tar.gz"), Fault(delay=60))
    hands, place = hands_at(parts)
    await begin_all(hands, place)
    await let_leases_expire(parts.database)
    [taken] = await parts.jobs.claim(parts.code_host_id, "other:1", 1, LEASE)
    await parts.jobs.release(taken)
    again = await hands.claim([parts.code_host_id], 1)
    assert [job.epoch for job in again] == [3]
    await hands.renew()
    await asyncio.wait(hands.running, timeout=10)
    hands.collect()
    assert (hands.running, [job.epoch for job in hands.waiting]) == ({}, [3])
    assert await states(parts) == {JobState.PROCESSING: 1}


async def test_jobs_under_its_name_that_it_does_not_have_go_back(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX, ATTRS)
    hands, _ = hands_at(parts)
    await parts.jobs.claim(parts.code_host_id, "me:1", 1, LEASE)  # the answer was lost
    [kept] = await hands.claim([parts.code_host_id], 1)
    with capture_logs() as logged:
        await hands.renew()
    assert [(line["action"], line["count"]) for line in logged] == [("orphans_returned", 1)]
    assert list(hands.waiting) == [kept]
    assert await states(parts) == {JobState.PROCESSING: 1, JobState.QUEUED: 1}


async def test_a_disk_that_fails_gives_the_job_back_once_and_halts(parts: Bench, mirror: Mirror) -> None:
    async def full(_: IngestRequest) -> None:
        raise OSError(28, "No space left on device")

    await queue(parts, mirror, SIX)
    parts.ingester = ThreadIngester(full)
    hands, place = hands_at(parts)
    await begin_all(hands, place)
    assert await all_ended(hands) == []
    assert hands.halted is not None
    assert (hands.halted.reason, await states(parts)) == (Reason.STORAGE, {JobState.QUEUED: 1})
    # Whoever minds the disk found it well, and the same job meets it again: it waits for its own sake.
    hands.halted = None
    await begin_all(hands, place)
    await all_ended(hands)
    assert await states(parts) == {JobState.ERRORED: 1}


async def test_a_failure_is_recorded_and_told(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX)
    mirror.fault(mirror.page_path("six"), Fault(status=401))
    hands, place = hands_at(parts)
    await begin_all(hands, place)
    await all_ended(hands)
    [told] = parts.watcher.of(NotSynced)
    [failed] = await parts.reports.failures(parts.code_host_id)
    assert (told.failure.reason, failed.reason, failed.attempts) == (Reason.AUTH, "auth", 1)


async def test_what_nobody_was_asked_for_is_put_off_and_no_try(parts: Bench, mirror: Mirror) -> None:
    async def left_alone(_: IngestRequest) -> None:
        raise Failure(Reason.NETWORK, "the mirror is left alone", retry_after=60.0, unasked=True)

    await queue(parts, mirror, SIX)
    parts.ingester = ThreadIngester(left_alone)
    hands, place = hands_at(parts)
    await begin_all(hands, place)
    await all_ended(hands)
    [failed] = await parts.reports.failures(parts.code_host_id)
    assert (failed.state, failed.attempts) == (JobState.ERRORED, 0)
    assert parts.watcher.ends() == [Returned]


async def test_a_defect_costs_one_job(parts: Bench, mirror: Mirror) -> None:
    async def crash(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            raise ZeroDivisionError("canary")

    await queue(parts, mirror, SIX, ATTRS)
    parts.ingester = ThreadIngester(crash)
    hands, place = hands_at(parts)
    await begin_all(hands, place)
    assert await all_ended(hands) == []
    assert await states(parts) == {JobState.COMPLETED: 1, JobState.ERRORED: 1}
    [failed] = await parts.reports.failures(parts.code_host_id)
    assert (failed.reason, failed.message) == ("internal", "unexpected ZeroDivisionError")
    assert published_repositories(parts.data) == ["python/attrs/1.0.git"]


async def test_waiting_until_a_place_is_left(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX)
    mirror.fault(mirror.file_path("six-1.0.tar.gz"), Fault(delay=0.3))
    hands, place = hands_at(parts)
    _, elsewhere = hands_at(parts)
    await begin_all(hands, place)
    await asyncio.wait_for(hands.until_left(elsewhere), 0.1)
    await asyncio.wait_for(hands.until_left(place), 10)
    assert await states(parts) == {JobState.COMPLETED: 1}


async def test_a_job_whose_end_is_being_recorded_is_not_taken_for_lost(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, SIX)
    hands, place = hands_at(parts)
    recorded, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Jobs):
        async def complete(self, *arguments: Any) -> None:
            await super().complete(*arguments)
            recorded.set()
            await go_on.wait()

    hands.jobs = Slow(parts.database)
    await begin_all(hands, place)
    await asyncio.wait_for(recorded.wait(), 20)
    with capture_logs() as logs:
        await hands.renew()
    go_on.set()
    assert await all_ended(hands) == []
    assert [entry["action"] for entry in logs] == []
    assert len(parts.watcher.of(Synced)) == 1
