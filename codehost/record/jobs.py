"""Sync jobs in the database: claimed under a lease, kept alive, finished, failed, given back."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import ASKED_FOR, JobChange, JobState, LeasedJob, sources_of
from codehost.model.members import IngestReport
from codehost.model.releases import Download, Resolution
from codehost.record import finishing, moves
from codehost.record.claims import claim
from codehost.record.clock import MICROSECONDS, clock, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import code_hosts, jobs, releases

# What a person can start again, and what is not worth it: a completed job is queued again only by a verification.
_CAN_RETRY = frozenset(JobState) - {JobState.COMPLETED}


class Jobs:
    """The queue of sync jobs. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, code_host_id: int, owner: str, limit: int, lease_seconds: float) -> list[LeasedJob]:
        """Take at most ``limit`` jobs that are queued, due for another try, or whose lease ran out.

        Whole projects, by priority and then in the order of the queue; the limit cuts the last one. An empty answer
        says that nothing is free at this moment; jobs may still be in other hands or due later.
        """
        return await self.claim_fairly([code_host_id], owner, limit, lease_seconds)

    async def claim_fairly(
        self, code_hosts: Sequence[int], owner: str, limit: int, lease_seconds: float
    ) -> list[LeasedJob]:
        """As ``claim``, for several code hosts: each gets an equal share, and what one leaves goes to the others.

        ``code_hosts`` come in the order of their turns (``model.jobs.Turns``); those at the end get nothing when there
        are more of them than ``limit``.
        """
        async with self._database.write() as connection:
            return await claim(
                connection, code_hosts=code_hosts, owner=owner, limit=limit, lease=microseconds(lease_seconds)
            )

    async def heartbeat(self, owner: str, lease_seconds: float) -> dict[int, int]:
        """Prolong all leases of ``owner``; return the ids of the jobs that are still its own, with their epochs."""
        own = select(jobs.c.id).where(moves.in_state(JobState.PROCESSING), jobs.c.owner == owner)
        # Somebody works on a locked one this moment: it ends, or the next heartbeat comes in time.
        free = own.with_for_update(skip_locked=True)
        prolong = update(jobs).where(jobs.c.id.in_(free)).values(lease_expires_at=clock() + microseconds(lease_seconds))
        async with self._database.write() as connection:
            await connection.execute(prolong)
            rows = await connection.execute(own.add_columns(jobs.c.epoch))
            return {row.id: row.epoch for row in rows}

    async def complete(
        self,
        job: LeasedJob,
        resolution: Resolution,
        download: Download,
        report: IngestReport,
        publish: finishing.Publish | None = None,
    ) -> None:
        """Publish a repository and record it: release, skips, attempt and change.

        ``publish`` runs inside the transaction, when the lease is proven and nobody can take it any more. None: the
        repository lies in its place already.

        Raises:
            LeaseLostError: the job is not in hand any more; nothing was published or recorded.
            Failure: it could not be published; nothing was recorded, and the job is still in hand.
            UserError: the database is gone. The repository may have been published and not recorded, or both.
        """
        async with self._database.write() as connection:
            await finishing.complete(connection, job, resolution, download, report, publish)

    async def fail(self, job: LeasedJob, failure: Failure, retry_in: float | None) -> None:
        """Record a failed attempt.

        A transient failure makes the job errored: it is claimed again after ``retry_in`` seconds; with None, only
        when a plan or a person queues it again. A permanent one makes it failed.

        Raises:
            LeaseLostError: the job is not in hand any more; nothing was recorded.
        """
        async with self._database.write() as connection:
            await finishing.fail(connection, job, failure, retry_in)

    async def put_off(self, job: LeasedJob, failure: Failure, retry_in: float) -> None:
        """Let a job wait for ``retry_in`` seconds because its mirror is left alone; the attempt does not count.

        Raises:
            LeaseLostError: the job is not in hand any more; nothing was recorded.
        """
        async with self._database.write() as connection:
            await finishing.put_off(connection, job, failure, retry_in)

    async def release(self, job: LeasedJob) -> bool:
        """Give an untouched job back to the queue; the attempt does not count. False if the lease was lost."""
        async with self._database.write() as connection:
            return await finishing.give_back(connection, job)

    async def requeue(self, release_ids: Iterable[int]) -> int:
        """Queue these releases' jobs again, whatever became of them, except those in hand; return how many."""
        async with self._database.write_alone() as connection:
            return await moves.requeue(connection, release_ids)

    async def reclaim_expired(self, *, spare: str = "") -> int:
        """Take back the jobs of all code hosts whose leases ran out, except those of an owner; return how many.

        They are queued again; one that lost ``MOST_LOSSES`` workers in a row fails, with the reason crashed.
        """
        async with self._database.write() as connection:
            now = await read_clock(connection)
            return len(await moves.reclaim_expired(connection, now, jobs.c.owner != spare))

    async def cancel(self, repositories: Iterable[str]) -> list[JobChange]:
        """Cancel the jobs of these repositories, also those in hand: their workers find their leases lost.

        A repository without a wanted release is not in the answer.
        """
        return await self._ask(repositories, sources_of(JobState.CANCELLED))

    async def retry(self, repositories: Iterable[str]) -> list[JobChange]:
        """Queue the jobs of these repositories at the head of the queue, as if never tried, unless they are completed.

        What a worker has in hand is taken from it. A repository without a wanted release is not in the answer.
        """
        return await self._ask(repositories, _CAN_RETRY, again=True)

    async def retry_failed(self, reason: Reason | None) -> list[JobChange]:
        """As ``retry``, for all jobs of all code hosts whose last attempt failed, for that reason or for any."""
        failed = jobs.c.state.in_((JobState.ERRORED.value, JobState.FAILED.value))
        condition = failed if reason is None else failed & (jobs.c.reason == reason.value)
        async with self._database.write_alone() as connection:
            return await _change(connection, condition, _CAN_RETRY, again=True)

    async def _ask(
        self, repositories: Iterable[str], sources: frozenset[JobState], *, again: bool = False
    ) -> list[JobChange]:
        changes: list[JobChange] = []
        async with self._database.write_alone() as connection:
            for chunk in moves.chunks(dict.fromkeys(repositories)):
                changes += await _change(connection, releases.c.repository.in_(chunk), sources, again=again)
        return changes

    async def take_back(self, owner: str, job_ids: Collection[int]) -> int:
        """Queue those of these jobs again that ``owner`` has; return how many. Nothing is held against them.

        For an owner that does not work on them: a claim's answer was lost, or a job's end could not be recorded.
        """
        async with self._database.write() as connection:
            return len(await moves.take_back(connection, jobs.c.owner == owner, jobs.c.id.in_(job_ids)))

    async def due_in(self, code_host_ids: Collection[int]) -> float | None:
        """In how many seconds the next job may be claimed that cannot be now; None: nothing is known to come.

        An errored job comes due, and a lease runs out. At once, if one is queued that another claim looks at this
        moment: it may leave it.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(due_query(code_host_ids))).all()
            now = await read_clock(connection)
        known = [moment for row in rows for moment in row if moment is not None]
        return max(min(known) - now, 0) / MICROSECONDS if known else None

    async def reclaim_all(self, code_host_id: int) -> int:
        """Queue all jobs in hand again; return how many. Only for a caller who knows that no worker is alive."""
        async with self._database.write() as connection:
            return len(await moves.take_back(connection, jobs.c.code_host_id == code_host_id))


def due_query(code_host_ids: Collection[int]) -> Select[Any]:
    """When each code host's first errored job comes due and its first lease runs out, and 0 if a job is queued.

    Heads of indexes for each.
    """
    mine = jobs.c.code_host_id == code_hosts.c.id
    errored = select(func.min(jobs.c.not_before)).where(moves.in_state(JobState.ERRORED), mine)
    leased = select(func.min(jobs.c.lease_expires_at)).where(moves.in_state(JobState.PROCESSING), mine)
    queued = select(literal(0)).where(moves.in_state(JobState.QUEUED), mine).limit(1)
    moments = (moment.correlate(code_hosts).scalar_subquery() for moment in (errored, leased, queued))
    return select(*moments).where(code_hosts.c.id.in_(code_host_ids))


async def _change(
    connection: AsyncConnection, condition: ColumnElement[bool], sources: frozenset[JobState], *, again: bool
) -> list[JobChange]:
    """Cancel the jobs under the condition that are in one of the states, or put them first in the queue."""
    query = (
        select(releases.c.id, releases.c.repository, jobs.c.state)
        .join(jobs, jobs.c.release_id == releases.c.id)
        .where(condition, releases.c.wanted)
        .order_by(jobs.c.id)
        # Locked, so that what is answered is what was changed: a worker that is just finishing comes first.
        .with_for_update(of=jobs)
    )
    found = [(row.id, row.repository, JobState(row.state)) for row in (await connection.execute(query)).all()]
    chosen = [release_id for release_id, _, before in found if before in sources]
    if again:
        await moves.put_first(connection, chosen, ASKED_FOR)
    else:
        await moves.cancel(connection, chosen)
    return [
        JobChange(repository=repository, before=before, changed=before in sources) for _, repository, before in found
    ]
