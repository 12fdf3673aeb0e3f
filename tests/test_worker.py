import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from codehost.model.errors import Reason, UserError
from codehost.model.events import Event, Returned, Stage, StageEntered, Synced
from codehost.model.jobs import JobState, LeasedJob
from codehost.model.members import IngestRequest
from codehost.model.pins import parse_pin
from codehost.model.retrying import for_months
from codehost.record.database import Database
from codehost.worker import new_owner
from tests.record.helpers import let_leases_expire
from tests.simulator.mirror import Fault, Mirror
from tests.wiring import Bench, ThreadIngester, Watcher, bench, published_repositories, queue, remains


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


@pytest.fixture
async def parts(database: Database, tmp_path: Path, mirror: Mirror) -> AsyncIterator[Bench]:
    async with bench(database, tmp_path, mirror, []) as made:
        yield made


async def states(parts: Bench) -> dict[JobState, int]:
    counts = await parts.reports.counts(parts.code_host_id)
    return {state: number for state, number in counts.items() if number}


def versions(project: str, number: int) -> list[str]:
    return [f"{project}=={minor}.0" for minor in range(1, number + 1)]


async def test_works_until_nothing_is_due(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==2.0")
    worker = parts.worker()
    await worker.run(asyncio.Event())
    assert worker.halted is None
    assert await states(parts) == {JobState.COMPLETED: 2}
    assert {str(event.pin) for event in parts.watcher.of(Synced)} == {"six==1.0", "attrs==2.0"}
    assert published_repositories(parts.data) == ["python/attrs/2.0.git", "python/six/1.0.git"]


async def test_no_more_than_its_concurrency_at_once(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *(f"p{number}==1.0" for number in range(9)))
    ingester = parts.ingester = ThreadIngester(lambda _: asyncio.sleep(0.02))
    await parts.worker(concurrency=3).run(asyncio.Event())
    assert await states(parts) == {JobState.COMPLETED: 9}
    assert ingester.most_at_once == 3
    assert mirror.most_at_once <= 3


async def test_one_page_serves_all_versions_and_is_then_forgotten(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *versions("six", 30), "attrs==1.0")
    worker = parts.worker()
    await worker.run(asyncio.Event())
    assert await states(parts) == {JobState.COMPLETED: 31}
    assert Counter(mirror.paths())["/simple/six/"] == 1
    await worker.pipeline.resolver.resolve(parse_pin("six==1.0"))
    assert Counter(mirror.paths())["/simple/six/"] == 2


async def test_a_project_that_a_claim_cuts_in_two_needs_one_page(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *versions("attrs", 60), *versions("six", 12))
    await parts.worker(concurrency=4).run(asyncio.Event())
    assert await states(parts) == {JobState.COMPLETED: 72}
    assert Counter(mirror.paths())["/simple/six/"] == 1


async def test_leases_are_kept_alive(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0")
    taken: list[LeasedJob] = []

    async def outlast_the_lease(_: IngestRequest) -> None:
        await asyncio.sleep(1.2)
        taken.extend(await parts.claim())

    parts.ingester = ThreadIngester(outlast_the_lease)
    worker = parts.worker(concurrency=1)
    worker.lease_seconds = 0.8
    await worker.run(asyncio.Event())
    assert taken == []
    assert await states(parts) == {JobState.COMPLETED: 2}


async def test_a_lost_lease_is_not_recorded(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    taken: list[LeasedJob] = []

    async def lose(_: IngestRequest) -> None:
        await let_leases_expire(parts.database)
        taken.extend(await parts.claim())

    parts.ingester = ThreadIngester(lose)
    # One at a time: the worker does not look for more meanwhile, and so does not prolong what it has.
    await parts.worker(concurrency=1).run(asyncio.Event())
    assert [job.epoch for job in taken] == [2]
    assert await states(parts) == {JobState.PROCESSING: 1}
    assert parts.watcher.ends() == []
    assert await parts.jobs.release(taken[0])  # the other one's lease is untouched


@pytest.mark.parametrize("change", ["cancel", "retry"])
async def test_what_a_person_takes_away_is_dropped_at_the_next_heartbeat(
    parts: Bench, mirror: Mirror, change: str
) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0", "idna==1.0")
    begun = 0

    async def take_away(request: IngestRequest) -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            await getattr(parts.jobs, change)(["python/six/1.0", "python/idna/1.0"])
            await asyncio.sleep(30)

    parts.ingester = ThreadIngester(take_away)
    worker = parts.worker(concurrency=1)
    worker.lease_seconds = 0.4
    async with asyncio.timeout(15):
        await worker.run(asyncio.Event())
    completed, cancelled = (1, 2) if change == "cancel" else (3, 0)
    expected = {JobState.COMPLETED: completed, JobState.CANCELLED: cancelled}
    assert await states(parts) == {state: number for state, number in expected.items() if number}
    assert remains(parts.data) == []


async def test_who_lost_its_lease_and_its_files_goes_on_with_the_rest(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0")

    async def lose(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            await parts.jobs.cancel(["python/six/1.0"])
            raise FileNotFoundError(2, "No such file or directory")

    parts.ingester = ThreadIngester(lose)
    worker = parts.worker()
    await worker.run(asyncio.Event())
    assert worker.halted is None
    assert await states(parts) == {JobState.CANCELLED: 1, JobState.COMPLETED: 1}


async def test_a_policy_decides_when_a_job_comes_again(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    mirror.fault("/simple/six/", Fault(status=404))
    worker = parts.worker()
    worker.retry, worker.jitter = for_months, lambda: 0.0
    before = await parts.releases.now()
    await worker.run(asyncio.Event())
    (failed,) = await parts.reports.failures(parts.code_host_id)
    assert failed.not_before is not None
    assert 0 <= failed.not_before - before - 6 * 3_600 * 1_000_000 < 60 * 1_000_000


async def test_a_worker_is_the_owner_of_its_folders(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    parts.data = parts.data.owned_by("me:1")
    seen: list[bool] = []

    async def look(request: IngestRequest) -> None:
        seen.append(Path(request.archive).parent == parts.data.spool)
        seen.append(Path(request.repository).is_relative_to(parts.data.staging))

    parts.ingester = ThreadIngester(look)
    worker = parts.worker()
    assert worker.owner == "me:1"
    await worker.run(asyncio.Event())
    assert seen == [True, True]
    assert await states(parts) == {JobState.COMPLETED: 1}
    assert remains(parts.data) == []


async def test_leases_that_ran_out_unnoticed_are_still_its_own(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0", "idna==1.0")

    async def sleep_through(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            await let_leases_expire(parts.database)

    parts.ingester = ThreadIngester(sleep_through)
    await parts.worker(concurrency=2).run(asyncio.Event())
    assert await states(parts) == {JobState.COMPLETED: 3}
    assert Counter(mirror.paths()).most_common(1)[0][1] == 1


async def test_a_defect_costs_one_job(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0", "idna==1.0")

    async def fail(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            raise ZeroDivisionError("secret")

    parts.ingester = ThreadIngester(fail)
    worker = parts.worker()
    await worker.run(asyncio.Event())
    assert worker.halted is None
    assert await states(parts) == {JobState.COMPLETED: 2, JobState.ERRORED: 1}
    (failed,) = await parts.reports.failures(parts.code_host_id)
    assert (failed.project, failed.reason, failed.message) == ("six", "internal", "unexpected ZeroDivisionError")


async def test_a_full_disk_halts_and_returns_the_jobs(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *(f"p{number}==1.0" for number in range(6)))

    async def full(request: IngestRequest) -> None:
        if request.filename.startswith("p0"):
            raise OSError(28, "No space left on device")
        await asyncio.sleep(30)

    parts.ingester = ThreadIngester(full)
    worker = parts.worker(concurrency=3)
    await worker.run(asyncio.Event())
    assert worker.halted is not None
    assert worker.halted.reason is Reason.STORAGE
    await assert_untouched(parts, 6)


async def test_a_graceful_stop_returns_the_jobs_untouched(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, *(f"p{number}==1.0" for number in range(6)))
    stop = asyncio.Event()

    async def stop_and_hang(_: IngestRequest) -> None:
        stop.set()
        await asyncio.sleep(30)

    parts.ingester = ThreadIngester(stop_and_hang)
    await parts.worker(concurrency=2).run(stop)
    await assert_untouched(parts, 6)
    assert [job.attempt for job in await parts.claim()] == [1] * 6


async def assert_untouched(parts: Bench, number: int) -> None:
    assert await states(parts) == {JobState.QUEUED: number}
    assert parts.watcher.ends() == [Returned] * number
    assert remains(parts.data) == published_repositories(parts.data) == []


class Stopper(Watcher):
    """Asks the worker to stop when a pin enters the stage."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stop = asyncio.Event()
        self._stage = stage

    def notify(self, event: Event) -> None:
        super().notify(event)
        if isinstance(event, StageEntered) and event.stage is self._stage:
            self.stop.set()


async def test_what_is_being_published_when_the_stop_comes_is_recorded(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    parts.watcher = stopper = Stopper(Stage.PUBLISH)
    await parts.worker().run(stopper.stop)
    assert await states(parts) == {JobState.COMPLETED: 1}
    assert stopper.ends() == [Synced]


@pytest.mark.parametrize("stage", [Stage.RESOLVE, Stage.DOWNLOAD, Stage.PACK])
async def test_what_is_not_yet_published_when_the_stop_comes_is_returned(
    parts: Bench, mirror: Mirror, stage: Stage
) -> None:
    await queue(parts, mirror, "six==1.0")
    mirror.fault("/simple/six/", Fault(delay=0.1))
    mirror.fault("/files/six-1.0.tar.gz", Fault(delay=0.1))
    parts.ingester = ThreadIngester(lambda _: asyncio.sleep(0.1))
    parts.watcher = stopper = Stopper(stage)
    await parts.worker().run(stopper.stop)
    await assert_untouched(parts, 1)


async def test_a_mirror_that_always_says_come_back_soon_does_not_hold_a_sync_for_ever(
    parts: Bench, mirror: Mirror
) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0")
    for project in ("six", "attrs"):
        mirror.fault(f"/simple/{project}/", Fault(status=429, retry_after="0"))
    async with asyncio.timeout(20):
        await parts.worker().run(asyncio.Event())
    assert await states(parts) == {JobState.ERRORED: 2}
    failures = await parts.reports.failures(parts.code_host_id)
    assert [(failed.reason, failed.attempts, failed.not_before) for failed in failures] == [("throttled", 3, None)] * 2
    assert (parts.watcher.tally.failed, parts.watcher.tally.in_flight) == (2, {})


async def test_a_job_that_comes_due_meanwhile_is_tried_again(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0")
    # Three quick attempts of the fetcher make one of the job's.
    mirror.fault("/simple/six/", Fault(status=503, retry_after="0", times=3))
    await parts.worker().run(asyncio.Event())
    assert await states(parts) == {JobState.COMPLETED: 1}
    assert (parts.watcher.tally.synced, parts.watcher.tally.failed, parts.watcher.tally.done) == (1, 0, 1)


async def test_without_its_database_it_stops_with_a_sentence(parts: Bench, mirror: Mirror) -> None:
    await queue(parts, mirror, "six==1.0", "attrs==1.0")

    async def take_the_table_away(request: IngestRequest) -> None:
        if request.filename.startswith("six"):
            async with parts.database.write() as connection:
                await connection.execute(text("ALTER TABLE jobs RENAME TO gone"))

    parts.ingester = ThreadIngester(take_the_table_away)
    with pytest.raises(UserError, match="database"):
        await parts.worker(concurrency=1).run(asyncio.Event())
    assert remains(parts.data) == []


def test_owners_differ() -> None:
    assert new_owner() != new_owner()
