"""Moves of jobs between states: every UPDATE of a state is built here, from the one table of transitions.

On PostgreSQL rows stay locked until their transaction ends. So that none has to be killed to end a deadlock:

- a transaction that waits for several jobs runs alone of its kind (``Database.write_alone``);
- every other takes one job by its id, or passes over those that are locked (SKIP LOCKED);
- jobs are written before releases, and the counter of the feed last.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Update, and_, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import Reason
from codehost.model.jobs import MOST_LOSSES, PLANNED, JobState, LeasedJob, sources_of
from codehost.model.records import AttemptOutcome
from codehost.record.clock import clock
from codehost.record.tables import attempts, jobs, releases, workers
from codehost.record.wakeups import notify

T = TypeVar("T")

# SQLite allows 32,766 variables in a statement, PostgreSQL's protocol 32,767.
_CHUNK = 10_000

# What a job without an owner looks like.
UNOWNED: dict[str, Any] = {"owner": None, "lease_expires_at": None}
_AFRESH: dict[str, Any] = {"attempts": 0, "losses": 0, "not_before": None, "reason": None, "message": None}

_LOST_TOO_OFTEN = (
    f"{MOST_LOSSES} workers in a row went away while they had this release in hand: it may be what ended them;"
    " look into their logs, then run codehost retry"
)


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


async def requeue(connection: AsyncConnection, release_ids: Iterable[int], *conditions: ColumnElement[bool]) -> int:
    """Queue the jobs of these releases again, as if never tried, unless they are queued or in hand; return how many."""
    count = 0
    for chunk in chunks(release_ids):
        statement = move(
            JobState.QUEUED,
            jobs.c.release_id.in_(chunk),
            jobs.c.state != JobState.PROCESSING.value,
            *conditions,
            queued_at=clock(),
            priority=PLANNED,
            **_AFRESH,
        )
        count += (await connection.execute(statement)).rowcount
    if count:
        await notify(connection)
    return count


async def put_first(connection: AsyncConnection, release_ids: Iterable[int], priority: int) -> None:
    """Queue the jobs of these releases again with this priority, those in hand and those in the queue too."""
    # The table of transitions has no move from queued to queued, and none is needed: only the place changes.
    waiting = jobs.c.state == JobState.QUEUED.value
    for chunk in chunks(release_ids):
        of_these = jobs.c.release_id.in_(chunk)
        await connection.execute(update(jobs).where(of_these, waiting).values(priority=priority, **_AFRESH))
        moved = move(JobState.QUEUED, of_these, priority=priority, queued_at=clock(), **_AFRESH, **UNOWNED)
        job_ids = (await connection.execute(moved.returning(jobs.c.id))).scalars().all()
        await close_attempts(connection, job_ids, AttemptOutcome.CANCELLED)
        await notify(connection)


async def cancel(connection: AsyncConnection, release_ids: Iterable[int]) -> None:
    """Cancel what is not completed of these releases' jobs. A worker that holds one finds its lease lost."""
    for chunk in chunks(release_ids):
        cancelled = await connection.execute(
            move(JobState.CANCELLED, jobs.c.release_id.in_(chunk), not_before=None, **UNOWNED).returning(jobs.c.id)
        )
        await close_attempts(connection, cancelled.scalars().all(), AttemptOutcome.CANCELLED)


async def take_back(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Sequence[int]:
    """Queue jobs whose workers were stopped; return their ids. Nothing is held against the jobs.

    Skips rows that another transaction has locked: their worker is not gone, or somebody takes them back already.
    """
    job_ids: Sequence[int] = (await connection.execute(_in_hand(*conditions))).scalars().all()
    await _queue_lost(connection, job_ids)
    return job_ids


async def reclaim_expired(connection: AsyncConnection, now: int, *conditions: ColumnElement[bool]) -> Sequence[int]:
    """Queue jobs whose leases ran out; return their ids. A job that lost ``MOST_LOSSES`` workers in a row fails.

    A job that only waited in the hands of its worker did not end it, and counts no loss.
    Skips locked rows as ``take_back`` does: a worker that is just finishing is not gone.
    """
    expired = _in_hand(jobs.c.lease_expires_at <= now, *conditions).add_columns(jobs.c.losses, jobs.c.owner)
    found = (await connection.execute(expired)).all()
    waited = await _waited(connection, {row.id: row.owner for row in found})
    given_up = [row.id for row in found if row.id not in waited and row.losses + 1 >= MOST_LOSSES]
    spared = {*waited, *given_up}
    await _queue_lost(connection, sorted(waited))
    await _queue_lost(connection, [row.id for row in found if row.id not in spared], 1)
    await close_attempts(connection, given_up, AttemptOutcome.LOST)
    for chunk in chunks(given_up):
        failed = move(
            JobState.FAILED,
            jobs.c.id.in_(chunk),
            losses=jobs.c.losses + 1,
            reason=Reason.CRASHED.value,
            message=_LOST_TOO_OFTEN,
            finished_at=now,
            **UNOWNED,
        )
        await connection.execute(failed)
    return [row.id for row in found]


async def _waited(connection: AsyncConnection, owner_of: Mapping[int, str]) -> set[int]:
    """Of these jobs those that their workers had not begun, as far as they told what they were doing."""
    told = select(workers.c.owner, workers.c.doing).where(workers.c.owner.in_(set(owner_of.values())))
    begun = {row.owner: _begun(row.doing) for row in (await connection.execute(told)).all()}
    waited: set[int] = set()
    for chunk in chunks(job_id for job_id, owner in owner_of.items() if begun.get(owner)):
        named = select(jobs.c.id, releases.c.repository).where(jobs.c.id.in_(chunk), releases.c.id == jobs.c.release_id)
        names = (await connection.execute(named)).all()
        waited.update(row.id for row in names if row.repository not in begun[owner_of[row.id]])
    return waited


def _begun(told: Any) -> frozenset[str]:
    """The repositories of the jobs in flight, of what a worker's row tells of its doing."""
    return frozenset(one["repository"] for one in (told or {}).get("doing", ()))


def _in_hand(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(jobs.c.id).where(in_state(JobState.PROCESSING), *conditions).with_for_update(skip_locked=True)


async def _queue_lost(connection: AsyncConnection, job_ids: Sequence[int], once_more: int = 0) -> None:
    await close_attempts(connection, job_ids, AttemptOutcome.LOST)
    for chunk in chunks(job_ids):
        lost = move(JobState.QUEUED, jobs.c.id.in_(chunk), losses=jobs.c.losses + once_more, **UNOWNED)
        await connection.execute(lost)
        await notify(connection)


def in_state(state: JobState) -> ColumnElement[bool]:
    """The job's state as a literal in the SQL text: only then do SQLite's partial indexes apply."""
    return jobs.c.state == bindparam(None, state.value, literal_execute=True, unique=True)


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in pieces that fit one statement."""
    rest = iter(values)
    while piece := list(islice(rest, _CHUNK)):
        yield piece
