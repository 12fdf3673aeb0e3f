"""Moves of jobs between states: every UPDATE of a state is built here, from the one table of transitions.

On PostgreSQL rows stay locked until their transaction ends. So that none has to be killed to end a deadlock:

- a transaction that waits for several jobs runs alone of its kind (``Database.write_alone``);
- every other takes one job by its id, or passes over those that are locked (SKIP LOCKED);
- jobs are written before releases, and the counter of the feed last.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState, LeasedJob, sources_of
from codehost.model.records import AttemptOutcome
from codehost.record.clock import clock
from codehost.record.tables import attempts, jobs

# SQLite allows 32,766 variables in a statement, PostgreSQL's protocol 32,767.
_CHUNK = 10_000

# What a job without an owner looks like.
UNOWNED: dict[str, Any] = {"owner": None, "lease_expires_at": None}
_REQUEUED: dict[str, Any] = {"attempts": 0, "not_before": None, "reason": None, "message": None}


def move(after: JobState, *conditions: ColumnElement[bool], **values: Any) -> Update:
    """The UPDATE that takes the jobs under ``conditions`` to ``after``, from the states that the table allows."""
    sources = sorted(state.value for state in sources_of(after))
    return update(jobs).where(jobs.c.state.in_(sources), *conditions).values(state=after.value, **values)


def held(job: LeasedJob) -> ColumnElement[bool]:
    """Fencing: the job is still in hand under the lease's epoch."""
    return and_(jobs.c.id == job.job_id, jobs.c.epoch == job.epoch, jobs.c.state == JobState.PROCESSING.value)


def close_attempt(job_id: int, epoch: int, outcome: AttemptOutcome, **values: Any) -> Update:
    """The UPDATE that ends the job's running attempt."""
    return (
        update(attempts)
        .where(attempts.c.job_id == job_id, attempts.c.epoch == epoch)
        .values(outcome=outcome.value, finished_at=clock(), **values)
    )


async def close_attempts(connection: AsyncConnection, job_ids: Sequence[int], outcome: AttemptOutcome) -> None:
    """End the running attempts of several jobs."""
    for chunk in chunks(job_ids):
        await connection.execute(
            update(attempts)
            .where(attempts.c.job_id.in_(chunk), attempts.c.outcome.is_(None))
            .values(outcome=outcome.value, finished_at=clock())
        )


async def requeue(connection: AsyncConnection, release_ids: Iterable[int]) -> int:
    """Queue the jobs of these releases again, as if never tried, unless they are queued or in hand; return how many."""
    count = 0
    for chunk in chunks(release_ids):
        statement = move(
            JobState.QUEUED,
            jobs.c.release_id.in_(chunk),
            jobs.c.state != JobState.PROCESSING.value,
            queued_at=clock(),
            **_REQUEUED,
        )
        count += (await connection.execute(statement)).rowcount
    return count


async def cancel(connection: AsyncConnection, release_ids: Iterable[int]) -> None:
    """Cancel what is not completed of these releases' jobs. A worker that holds one finds its lease lost."""
    for chunk in chunks(release_ids):
        cancelled = await connection.execute(
            move(JobState.CANCELLED, jobs.c.release_id.in_(chunk), not_before=None, **UNOWNED).returning(jobs.c.id)
        )
        await close_attempts(connection, cancelled.scalars().all(), AttemptOutcome.CANCELLED)


async def take_back(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Sequence[int]:
    """Queue jobs whose workers are gone; return their ids.

    Skips rows that another transaction has locked: their worker is not gone, or somebody takes them back already.
    """
    lost = select(jobs.c.id).where(in_state(JobState.PROCESSING), *conditions).with_for_update(skip_locked=True)
    job_ids = (await connection.execute(lost)).scalars().all()
    await close_attempts(connection, job_ids, AttemptOutcome.LOST)
    for chunk in chunks(job_ids):
        await connection.execute(move(JobState.QUEUED, jobs.c.id.in_(chunk), **UNOWNED))
    return job_ids


def in_state(state: JobState) -> ColumnElement[bool]:
    """The job's state as a literal in the SQL text: only then do SQLite's partial indexes apply."""
    return jobs.c.state == bindparam(None, state.value, literal_execute=True, unique=True)


def chunks(values: Iterable[int]) -> Iterator[list[int]]:
    """The values in pieces that fit one statement."""
    rest = iter(values)
    while piece := list(islice(rest, _CHUNK)):
        yield piece
