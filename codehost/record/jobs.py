"""Sync jobs in the database: claimed under a lease, kept alive, finished, failed, given back."""

from collections.abc import Iterable

from sqlalchemy import select, update

from codehost.model.errors import Failure
from codehost.model.jobs import JobState, LeasedJob
from codehost.model.members import IngestReport
from codehost.model.releases import Download, Resolution
from codehost.record import finishing, moves
from codehost.record.claims import claim
from codehost.record.clock import clock, microseconds
from codehost.record.database import Database
from codehost.record.tables import jobs


class Jobs:
    """The queue of sync jobs. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, code_host_id: int, owner: str, limit: int, lease_seconds: float) -> list[LeasedJob]:
        """Take at most ``limit`` jobs that are queued, due for another try, or whose lease ran out.

        Whole projects, by priority and then in the order of the queue; the limit cuts the last one. An empty answer
        says that nothing is free at this moment; jobs may still be in other hands or due later.
        """
        async with self._database.write() as connection:
            return await claim(
                connection, code_host_id=code_host_id, owner=owner, limit=limit, lease=microseconds(lease_seconds)
            )

    async def heartbeat(self, owner: str, lease_seconds: float) -> frozenset[int]:
        """Prolong all leases of ``owner``; return the ids of the jobs that are still its own."""
        own = select(jobs.c.id).where(moves.in_state(JobState.PROCESSING), jobs.c.owner == owner)
        # Somebody works on a locked one this moment: it ends, or the next heartbeat comes in time.
        free = own.with_for_update(skip_locked=True)
        prolong = update(jobs).where(jobs.c.id.in_(free)).values(lease_expires_at=clock() + microseconds(lease_seconds))
        async with self._database.write() as connection:
            await connection.execute(prolong)
            return frozenset((await connection.execute(own)).scalars())

    async def complete(self, job: LeasedJob, resolution: Resolution, download: Download, report: IngestReport) -> None:
        """Record a published repository: release, skips, attempt and change.

        Raises:
            LeaseLostError: the job is not in hand any more; nothing was recorded.
        """
        async with self._database.write() as connection:
            await finishing.complete(connection, job, resolution, download, report)

    async def fail(self, job: LeasedJob, failure: Failure, retry_in: float | None) -> None:
        """Record a failed attempt.

        A transient failure makes the job errored: it is claimed again after ``retry_in`` seconds; with None, only
        when a plan or a person queues it again. A permanent one makes it failed.

        Raises:
            LeaseLostError: the job is not in hand any more; nothing was recorded.
        """
        async with self._database.write() as connection:
            await finishing.fail(connection, job, failure, retry_in)

    async def release(self, job: LeasedJob) -> bool:
        """Give an untouched job back to the queue; the attempt does not count. False if the lease was lost."""
        async with self._database.write() as connection:
            return await finishing.give_back(connection, job)

    async def requeue(self, release_ids: Iterable[int]) -> int:
        """Queue these releases' jobs again, whatever became of them, except those in hand; return how many."""
        async with self._database.write_alone() as connection:
            return await moves.requeue(connection, release_ids)

    async def reclaim_all(self, code_host_id: int) -> int:
        """Queue all jobs in hand again; return how many. Only for a caller who knows that no worker is alive."""
        async with self._database.write() as connection:
            return len(await moves.take_back(connection, jobs.c.code_host_id == code_host_id))
