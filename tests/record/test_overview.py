"""How every code host stands."""

import pytest
from sqlalchemy import func, select, update

from codehost.model.circuits import Setback
from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState
from codehost.model.status import Pace
from codehost.model.workers import Doing
from codehost.record.circuits import SharedCircuits
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.ledger import LedgerBudget
from codehost.record.overview import Overview
from codehost.record.tables import attempts, jobs, releases
from codehost.record.workers import Workers
from tests.record.helpers import MIRROR, download, let_retries_come_due, pinned, replan, report, resolution


async def test_nothing(database: Database) -> None:
    found = await Overview(database).survey()
    assert (found.hosts, found.workers, found.leases) == ((), (), {})


async def test_everything(database: Database) -> None:
    pins = [f"a{number}==1" for number in range(12)]
    host = await pinned(database, *pins)
    await pinned(database, "b==1", name="another", pattern="other/{project}/{version}")
    work = Jobs(database)
    taken = await work.claim(host, "w", 6, 60)
    for job in taken[:2]:
        await work.complete(job, resolution(job, yanked="broken"), download(job), report())
    await work.fail(taken[2], Failure(Reason.NETWORK, "broken"), 3_600)
    await work.fail(taken[3], Failure(Reason.NETWORK, "broken"), None)
    await work.fail(taken[4], Failure(Reason.TOO_LARGE, "large"), None)
    await replan(database, host, pins[1:])
    await mark(database, "python/a1/1", gone_at=5, quarantined=True, alarm="Other bytes.")
    async with LedgerBudget(database, host, 1_200) as budget:
        await budget.spend()
    circuits = SharedCircuits(database, host)
    ticket = await circuits.admit(MIRROR)
    await circuits.failed(ticket, Setback(reason=Reason.NETWORK, message="no answer", project="a"))
    await Workers(database).register("w", "machine", 1, "1")
    await Workers(database).seen("w", stopping=False, doing=[Doing(repository="x", stage="y", since=1)], waits=[])

    found = await Overview(database).survey()
    assert ([worker.owner for worker in found.workers], found.leases) == (["w"], {"w": 1})
    other, record = found.hosts
    assert (other.host.name, other.ready, other.pace.ended) == ("another", 1, 0)
    # The plan queued what had failed.
    assert record.counts == {
        **dict.fromkeys(JobState, 0),
        JobState.QUEUED: 9,
        JobState.PROCESSING: 1,
        JobState.COMPLETED: 1,
    }
    assert (record.retired, record.ready, record.later, record.later_at) == (1, 9, 0, None)
    assert (record.pace.completed, record.pace.errored, record.pace.failed, record.pace.requests) == (2, 2, 1, 1)
    assert record.pace.seconds < 60
    assert record.spent.tokens == 1
    assert [circuit.failures for circuit in record.circuits] == [1]
    marks = record.marks
    assert (marks.yanked, marks.quarantined, marks.gone, marks.alarmed) == (1, 1, 1, 1)
    assert marks.alarms == (("python/a1/1", "Other bytes."),)


async def mark(database: Database, repository: str, **values: object) -> None:
    async with database.write() as connection:
        await connection.execute(update(releases).where(releases.c.repository == repository).values(**values))


async def test_what_failed_and_what_is_tried_again(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1", "d==1")
    work = Jobs(database)
    first, second, third = await work.claim(host, "w", 3, 60)
    await work.fail(first, Failure(Reason.NETWORK, "x"), 100)
    await work.fail(second, Failure(Reason.NETWORK, "x"), 200)
    await work.fail(third, Failure(Reason.BLOCKED, "x"), None)
    [record] = (await Overview(database).survey()).hosts
    assert record.reasons == {(JobState.ERRORED, "network"): 2, (JobState.FAILED, "blocked"): 1}
    assert list(record.reasons.values()) == [2, 1]
    assert (record.ready, record.later) == (1, 2)
    async with database.read() as connection:
        soonest = (await connection.execute(select(func.min(jobs.c.not_before)))).scalar_one()
    assert record.later_at == soonest
    assert [(job.position, job.project, job.again) for job in record.next] == [(1, "d", False)]
    await let_retries_come_due(database)
    [record] = (await Overview(database).survey()).hosts
    assert (record.ready, record.later, record.later_at) == (3, 0, None)
    assert [(job.position, job.project, job.again) for job in record.next] == [
        (1, "a", True),
        (2, "b", True),
        (3, "d", False),
    ]


async def test_the_next_are_those_that_a_worker_gets_next(database: Database) -> None:
    host = await pinned(database, *(f"a{number}==1" for number in range(9)))
    await Jobs(database).retry(["python/a7/1"])
    [record] = (await Overview(database).survey()).hosts
    claimed = await Jobs(database).claim(host, "w", 5, 60)
    assert [job.repository for job in record.next] == [job.repository for job in claimed]
    assert record.next[0].repository == "python/a7/1"


@pytest.mark.parametrize("shift", [-700_000_000, 60_000_000])
async def test_the_pace_is_of_the_last_minutes(database: Database, shift: int) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await Jobs(database).complete(job, resolution(job), download(job), report())
    async with database.write() as connection:
        await connection.execute(update(attempts).values(finished_at=attempts.c.finished_at + shift))
    [record] = (await Overview(database).survey()).hosts
    assert record.pace == Pace(seconds=600.0)


async def test_documents(database: Database) -> None:
    host = await pinned(database, "a==1")
    assert await Overview(database).document(host) == "{}"
    assert await Overview(database).document(host + 1) == ""
