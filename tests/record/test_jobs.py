"""Claims, leases and fences, on both databases."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState, LeasedJob, LeaseLostError
from codehost.model.records import AttemptOutcome, ReleaseDetails
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.reports import Reports
from tests.record.helpers import (
    download,
    let_leases_expire,
    let_retries_come_due,
    pinned,
    replan,
    report,
    resolution,
)

NETWORK = Failure(Reason.NETWORK, "connection refused", mirror="https://m.example.com")


def names(jobs: list[LeasedJob]) -> list[str]:
    return [str(job.pin) for job in jobs]


async def details(database: Database, job: LeasedJob) -> ReleaseDetails:
    found = await Reports(database).details(job.repository)
    assert found is not None
    return found


async def complete(database: Database, job: LeasedJob) -> None:
    await Jobs(database).complete(job, resolution(job), download(job), report())


async def test_a_claim_hands_out_all_that_a_job_needs(database: Database) -> None:
    host = await pinned(database, "Six==1.16.0")
    [job] = await Jobs(database).claim(host, "w", 5, 60)
    assert (job.code_host_id, str(job.pin), job.pin.release.version) == (host, "six==1.16.0", "1.16")
    assert (job.repository, job.epoch, job.attempt, job.recorded_sha256) == ("python/six/1.16.0", 1, 1, None)


async def test_a_claim_keeps_projects_together_in_the_order_of_the_queue(database: Database) -> None:
    host = await pinned(database, "b==1", "a==1")
    await replan(database, host, ["b==1", "a==1", "c==1", "b==2", "a==2"])
    jobs = Jobs(database)
    assert names(await jobs.claim(host, "w", 3, 60)) == ["b==1", "b==2", "a==1"]
    assert names(await jobs.claim(host, "w", 3, 60)) == ["c==1", "a==2"]
    assert await jobs.claim(host, "w", 3, 60) == []


async def test_a_claim_sees_only_its_code_host(database: Database) -> None:
    await pinned(database, "a==1", name="one")
    other = await pinned(database, "b==1", name="two")
    assert names(await Jobs(database).claim(other, "w", 9, 60)) == ["b==1"]


async def test_claimers_at_the_same_time_never_get_the_same_job(database_url: str, tmp_path: Path) -> None:
    pins = [f"p{number % 20}=={number}" for number in range(200)]
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await pinned(one, *pins)
        got: Counter[str] = Counter()

        async def work(database: Database, owner: str) -> None:
            while sum(got.values()) < len(pins):
                got.update(names(await Jobs(database).claim(host, owner, 7, 60)))

        await asyncio.wait_for(asyncio.gather(*(work((one, other)[n % 2], f"w{n}") for n in range(6))), 60)
    assert got == Counter(pins)


async def test_a_late_writer_is_refused(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [late] = await jobs.claim(host, "first", 1, 60)
    await let_leases_expire(database)
    [current] = await jobs.claim(host, "second", 1, 60)
    assert (current.job_id, current.epoch, current.attempt) == (late.job_id, 2, 2)
    with pytest.raises(LeaseLostError):
        await complete(database, late)
    with pytest.raises(LeaseLostError):
        await jobs.fail(late, NETWORK, 1.0)
    assert not await jobs.release(late)
    await complete(database, current)
    found = await details(database, current)
    assert found.state is JobState.COMPLETED
    assert [(attempt.owner, attempt.outcome) for attempt in found.attempts] == [
        ("first", AttemptOutcome.LOST),
        ("second", AttemptOutcome.COMPLETED),
    ]


async def test_a_refused_writer_leaves_no_trace(database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await replan(database, host, [])  # cancelled
    with pytest.raises(LeaseLostError):
        await complete(database, job)
    found = await details(database, job)
    assert (found.commit, found.synced_at, found.skips) == (None, None, ())


async def test_a_job_is_finished_once(database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await complete(database, job)
    with pytest.raises(LeaseLostError):
        await complete(database, job)


async def test_a_lease_that_ran_out_but_was_not_taken_still_counts(database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await let_leases_expire(database)
    await complete(database, job)


async def test_a_heartbeat_keeps_the_owners_leases(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs = Jobs(database)
    [first, second] = await jobs.claim(host, "w", 2, 60)
    await jobs.claim(host, "other", 1, 60)
    await let_leases_expire(database)
    await complete(database, second)
    assert await jobs.heartbeat("w", 60) == {first.job_id: first.epoch}
    assert names(await jobs.claim(host, "x", 9, 60)) == ["c==1"]


async def test_a_job_given_back_was_never_taken(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    assert await jobs.release(job)
    [again] = await jobs.claim(host, "w", 1, 60)
    assert (again.attempt, again.epoch) == (1, 2)
    assert [attempt.outcome for attempt in (await details(database, job)).attempts] == [AttemptOutcome.RETURNED, None]


async def test_a_transient_failure_is_tried_again_when_its_time_has_come(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.fail(job, NETWORK, 3_600)
    found = await details(database, job)
    assert (found.state, found.reason) == (JobState.ERRORED, "network")
    assert found.message == "connection refused (mirror https://m.example.com)"
    [attempt] = found.attempts
    assert (attempt.outcome, attempt.reason, attempt.transient) == (AttemptOutcome.ERRORED, "network", True)
    assert await jobs.claim(host, "w", 1, 60) == []
    await let_retries_come_due(database)
    [again] = await jobs.claim(host, "w", 1, 60)
    assert again.attempt == 2


async def test_a_transient_failure_without_a_time_waits_for_a_person(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.fail(job, NETWORK, None)
    assert await jobs.claim(host, "w", 1, 60) == []
    assert (await details(database, job)).state is JobState.ERRORED


async def test_a_permanent_failure_is_not_tried_again(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.fail(job, Failure(Reason.UNSAFE_ARCHIVE, "two members share a name"), 0)
    assert (await details(database, job)).state is JobState.FAILED
    assert await jobs.claim(host, "w", 1, 60) == []


async def test_a_failure_keeps_no_secret(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.fail(job, Failure(Reason.NETWORK, "no answer from https://ann:secret@h/x\0"), None)
    found = await details(database, job)
    assert "secret" not in repr(found)
    assert "no answer from https://h/x" in (found.message or "")


async def test_requeue_starts_afresh(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1", "d==1")
    jobs = Jobs(database)
    done, failed, in_hand = await jobs.claim(host, "w", 3, 60)
    await complete(database, done)
    await jobs.fail(failed, NETWORK, None)
    everything = [done.release_id, failed.release_id, in_hand.release_id, in_hand.release_id + 1]
    assert await jobs.requeue(everything) == 2
    again = await jobs.claim(host, "w", 9, 60)
    assert names(again) == ["d==1", "a==1", "b==1"]  # queued later, so behind
    assert [(job.attempt, job.recorded_sha256) for job in again[1:]] == [(1, "ab" * 32), (1, None)]
    assert (await details(database, failed)).reason is None


async def test_reclaim_all_takes_everything_back(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    other = await pinned(database, "c==1", name="other")
    jobs = Jobs(database)
    [dead, _] = await jobs.claim(host, "dead", 9, 3_600)
    [alive] = await jobs.claim(other, "alive", 9, 3_600)
    assert await jobs.reclaim_all(host) == 2
    assert names(await jobs.claim(host, "new", 9, 60)) == ["a==1", "b==1"]
    with pytest.raises(LeaseLostError):
        await complete(database, dead)
    await complete(database, alive)
    assert [attempt.outcome for attempt in (await details(database, dead)).attempts] == [AttemptOutcome.LOST, None]
