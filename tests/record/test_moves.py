"""What becomes of jobs whose workers go away, and of those that a person speaks for."""

from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import MOST_LOSSES, JobChange, JobState, LeasedJob, LeaseLostError
from codehost.model.records import AttemptOutcome, ReleaseDetails
from codehost.model.workers import Doing
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.reports import Reports
from codehost.record.wakeups import open_wakeups
from codehost.record.workers import Workers
from tests.record.helpers import download, let_leases_expire, pinned, replan, report, resolution

NETWORK = Failure(Reason.NETWORK, "connection refused")


async def details(database: Database, repository: str) -> ReleaseDetails:
    found = await Reports(database).details(repository)
    assert found is not None
    return found


async def lose(database: Database, host: int, times: int) -> list[LeasedJob]:
    jobs, lost = Jobs(database), []
    for _ in range(times):
        lost += await jobs.claim(host, "w", 9, 60)
        await let_leases_expire(database)
        await jobs.reclaim_expired()
    return lost


async def test_expired_leases_of_all_code_hosts_are_taken_back(database: Database) -> None:
    one = await pinned(database, "a==1", name="one")
    two = await pinned(database, "b==1", "c==1", name="two")
    jobs = Jobs(database)
    [late] = await jobs.claim(one, "dead", 9, 60)
    await jobs.claim(two, "dead", 1, 60)
    await let_leases_expire(database)
    await jobs.claim(two, "alive", 1, 60)  # takes back what is its own, and works on it
    assert await jobs.reclaim_expired() == 1
    assert await jobs.reclaim_expired() == 0
    with pytest.raises(LeaseLostError):
        await jobs.fail(late, NETWORK, None)
    assert (await details(database, "python/a/1")).attempts[0].outcome is AttemptOutcome.LOST


async def test_what_only_waited_in_the_hand_of_a_dead_worker_counts_no_loss(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    jobs, workers = Jobs(database), Workers(database)
    await workers.register("w", "machine", 1, "1.0")
    begun = Doing(repository="python/a/1", stage="unpack", since=0)
    for _ in range(MOST_LOSSES):
        await jobs.claim(host, "w", 9, 60)
        await workers.seen("w", stopping=False, doing=[begun], waits=[])
        await let_leases_expire(database)
        assert await jobs.reclaim_expired() == 2
    assert (await details(database, "python/a/1")).reason == "crashed"
    assert (await details(database, "python/b/1")).state is JobState.QUEUED
    # Of a worker that died before it told of anything, nobody knows which it was.
    for _ in range(MOST_LOSSES):
        await jobs.claim(host, "w", 9, 60)
        await workers.seen("w", stopping=False, doing=[], waits=[])
        await let_leases_expire(database)
        await jobs.reclaim_expired()
    assert (await details(database, "python/b/1")).reason == "crashed"


async def test_a_job_that_loses_its_workers_fails_at_last(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    assert len(await lose(database, host, MOST_LOSSES)) == 2 * MOST_LOSSES
    assert await Jobs(database).claim(host, "w", 9, 60) == []
    found = await details(database, "python/a/1")
    assert (found.state, found.reason) == (JobState.FAILED, "crashed")
    assert found.message == (
        "3 workers in a row went away while they had this release in hand: it may be what ended them;"
        " look into their logs, then run codehost retry"
    )
    assert [attempt.outcome for attempt in found.attempts] == [AttemptOutcome.LOST] * MOST_LOSSES
    # A plan that tries again, or a person, begins anew.
    await replan(database, host, ["a==1", "b==1"])
    await lose(database, host, 1)
    assert len(await Jobs(database).claim(host, "w", 9, 60)) == 2


async def test_losses_count_only_in_a_row(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    for _ in range(2):
        await lose(database, host, MOST_LOSSES - 1)
        [job] = await jobs.claim(host, "w", 1, 60)
        await jobs.fail(job, NETWORK, -1)
    await lose(database, host, MOST_LOSSES - 1)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(job, resolution(job), download(job), report())


async def test_workers_that_were_stopped_in_order_are_not_lost(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    for _ in range(2 * MOST_LOSSES):
        [job] = await jobs.claim(host, "w", 1, 60)
        assert await jobs.release(job)
        assert await jobs.claim(host, "w", 1, 60)
        assert await jobs.reclaim_all(host) == 1
    assert len(await jobs.claim(host, "w", 1, 60)) == 1


async def test_cancelled_jobs_stay_so_and_workers_lose_them(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs = Jobs(database)
    done, held = await jobs.claim(host, "w", 2, 60)
    await jobs.complete(done, resolution(done), download(done), report())
    assert await jobs.cancel(["python/a/1", "python/b/1", "python/c/1", "python/x/1"]) == [
        JobChange(repository="python/a/1", before=JobState.COMPLETED, changed=False),
        JobChange(repository="python/b/1", before=JobState.PROCESSING, changed=True),
        JobChange(repository="python/c/1", before=JobState.QUEUED, changed=True),
    ]
    assert await jobs.heartbeat("w", 60) == {}
    assert not await jobs.release(held)
    assert await jobs.claim(host, "w", 9, 60) == []
    assert (await details(database, "python/b/1")).attempts[0].outcome is AttemptOutcome.CANCELLED
    assert [change.changed for change in await jobs.cancel(["python/b/1"])] == [False]


async def test_what_a_person_asks_for_goes_first(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1", "d==1", "e==1")
    jobs = Jobs(database)
    [failed, held] = await jobs.claim(host, "w", 2, 60)
    await jobs.fail(failed, Failure(Reason.UNSAFE_ARCHIVE, "damaged"), None)
    names = ["python/e/1", "python/b/1", "python/a/1"]
    changes = await jobs.retry(names)
    assert {change.repository: change.before for change in changes} == {
        "python/a/1": JobState.FAILED,
        "python/b/1": JobState.PROCESSING,
        "python/e/1": JobState.QUEUED,
    }
    assert await jobs.heartbeat("w", 60) == {}
    with pytest.raises(LeaseLostError):
        await jobs.fail(held, NETWORK, None)
    again = await jobs.claim(host, "w", 9, 60)
    assert {job.pin.project for job in again[:3]} == {"a", "b", "e"}
    assert [job.pin.project for job in again[3:]] == ["c", "d"]
    assert [job.attempt for job in again[:3]] == [1, 1, 1]
    # It is first once: when it fails again, it waits like any other.
    await jobs.fail(again[0], NETWORK, -1)
    assert await jobs.release(again[3])
    assert [job.pin.project for job in await jobs.claim(host, "w", 9, 60)] == ["c", "e"]


async def test_completed_and_retired_jobs_are_not_tried_again(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    jobs = Jobs(database)
    [done] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(done, resolution(done), download(done), report())
    await replan(database, host, ["a==1"])
    assert [change.changed for change in await jobs.retry(["python/a/1", "python/b/1"])] == [False]
    assert await jobs.cancel(["python/b/1"]) == []
    assert await jobs.claim(host, "w", 9, 60) == []


@pytest.mark.parametrize(("reason", "projects"), [(None, {"a", "b", "c"}), (Reason.NETWORK, {"a", "b"})])
async def test_everything_that_failed_is_tried_again(
    database: Database, reason: Reason | None, projects: set[str]
) -> None:
    host = await pinned(database, "a==1", name="one")
    other = await pinned(database, "b==1", "c==1", "d==1", name="two")
    jobs = Jobs(database)
    held = [*await jobs.claim(host, "w", 1, 60), *await jobs.claim(other, "w", 2, 60)]
    for job, failure in zip(held, [NETWORK, NETWORK, Failure(Reason.TOO_LARGE, "too large")], strict=True):
        await jobs.fail(job, failure, 3_600)
    assert {change.repository.split("/")[1] for change in await jobs.retry_failed(reason)} == projects
    claimed = await jobs.claim_fairly([host, other], "w", 9, 60)
    assert {job.pin.project for job in claimed} == projects | {"d"}


async def test_whatever_makes_work_wakes_the_workers(postgresql_url: str, tmp_path: Path) -> None:
    async with open_database(postgresql_url, tmp_path) as database, open_wakeups(postgresql_url, tmp_path) as wakeups:
        jobs = Jobs(database)
        assert await wakeups.wait(10)  # it listens
        assert not await wakeups.wait(0.05)
        host = await pinned(database, "a==1")
        assert await wakeups.wait(10)
        [job] = await jobs.claim(host, "w", 1, 60)
        assert not await wakeups.wait(0.05)
        await jobs.release(job)
        assert await wakeups.wait(10)
        [job] = await jobs.claim(host, "w", 1, 60)
        await jobs.retry([job.repository])
        assert await wakeups.wait(10)
        await jobs.claim(host, "w", 1, 60)
        await let_leases_expire(database)
        await jobs.reclaim_expired()
        assert await wakeups.wait(10)
        [job] = await jobs.claim(host, "w", 1, 60)
        await jobs.complete(job, resolution(job), download(job), report())
        assert not await wakeups.wait(0.05)
        await jobs.requeue([job.release_id])
        assert await wakeups.wait(10)
