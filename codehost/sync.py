"""One sync of one code host: recover, plan, work, prune, sum up.

Nothing here is specific to how it was asked for: the command line and the daemon run the same steps.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from codehost.housekeeping import clear_remains, withdraw_all
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Failure
from codehost.model.jobs import JobState
from codehost.model.records import RecordedRelease
from codehost.model.summary import SyncSummary
from codehost.model.tally import SyncView
from codehost.plan.planner import plan
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.worker import Worker

PAUSED = "rateLimit.requestsPerHour is below 1, which pauses the code host: raise it to go on"
INTERRUPTED = "interrupted; the next sync goes on from here"

MakeWorker = Callable[[int], AbstractAsyncContextManager[Worker]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostSync:
    """The parts that a sync needs. ``make_worker`` takes the code host's id; it is called only if there is work."""

    name: str
    code_host_id: int
    config: CodeHostConfig
    data: DataDirectory
    jobs: Jobs
    releases: Releases
    reports: Reports
    view: SyncView
    make_worker: MakeWorker

    async def recover(self) -> list[RecordedRelease]:
        """Undo what an earlier run left half done; returns what is recorded. The caller holds the data directory alone.

        Only a completed release vouches for its repository. Any other that lies there was published and never
        recorded, or is damaged, or was about to be removed.
        """
        clear_remains(self.data)
        recorded = await self.releases.recorded(self.code_host_id)
        unvouched = [release.repository for release in recorded if release.state is not JobState.COMPLETED]
        await self.releases.lose(unvouched)
        # Repositories first: the jobs of those that were in hand say so until this is done.
        await asyncio.to_thread(withdraw_all, self.data, unvouched)
        if any(release.state is JobState.PROCESSING for release in recorded):
            await self.jobs.reclaim_all(self.code_host_id)
        return recorded

    async def plan(self, recorded: Iterable[RecordedRelease]) -> None:
        """Compare the configuration with the record and write down what is to be done.

        Raises:
            UserError: another code host already makes a repository of the same name.
        """
        made = plan(self.config.pins, recorded, self.config.repository_pattern)
        await self.releases.apply_plan(self.code_host_id, made)
        gone = [back for back in made.restore if not self.data.repository(back.repository).exists()]
        await self.jobs.requeue(back.release_id for back in gone)
        await self.releases.lose(back.repository for back in gone)

    async def work(self, stop: asyncio.Event) -> str | None:
        """Work off the queue; returns why the work ended early, None if it did not."""
        if self.config.rate_limit.requests_per_hour == 0:
            return PAUSED
        async with self.make_worker(self.code_host_id) as worker:
            await worker.run(stop)
        # A child that was stopped in the middle of its work may have written after its release was cleared away.
        await asyncio.to_thread(clear_remains, self.data)
        if worker.halted is not None:
            return _sentence(worker.halted)
        return INTERRUPTED if stop.is_set() else None

    async def prune(self) -> tuple[str, ...]:
        """Remove the repositories of retired releases; returns their names."""
        pruned = []
        for release in await self.releases.retired(self.code_host_id):
            # The row stops vouching for the repository before it goes, and is forgotten after.
            if await self.releases.disown(release.release_id):
                await asyncio.to_thread(withdraw_all, self.data, [release.repository])
                await self.releases.remove(release.release_id)
                pruned.append(release.repository)
        return tuple(pruned)

    async def run(self, stop: asyncio.Event, *, prune: bool) -> SyncSummary:
        """All steps. The view is told how many jobs there are before work starts.

        Raises:
            UserError: two code hosts would make one repository, or the database is gone.
            OSError: the data directory cannot be used.
        """
        started = time.monotonic()
        await self.plan(await self.recover())
        before = await self.reports.counts(self.code_host_id)
        due = before[JobState.QUEUED] + before[JobState.ERRORED]
        self.view.begin(total=due, requests_per_hour=self.config.rate_limit.requests_per_hour)
        halted = await self.work(stop) if due else None
        retired = tuple(release.repository for release in await self.releases.retired(self.code_host_id))
        pruned = await self.prune() if prune and not stop.is_set() else ()
        after = await self.reports.counts(self.code_host_id) if due else before
        return SyncSummary(
            code_host=self.name,
            wanted=len(self.config.pins),
            unchanged=before[JobState.COMPLETED],
            synced=after[JobState.COMPLETED] - before[JobState.COMPLETED],
            failures=tuple(await self.reports.failures(self.code_host_id)) if due else (),
            retired=retired,
            pruned=pruned,
            requests_sent=self.view.tally.requests,
            requests_left=self.view.tally.requests_left,
            downloaded_bytes=self.view.tally.bytes,
            seconds=time.monotonic() - started,
            halted=halted,
        )


def _sentence(failure: Failure) -> str:
    return f"{failure}. {failure.facts.advice}"
