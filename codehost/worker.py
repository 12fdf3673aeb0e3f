"""Lease jobs, run each through the pipeline, finish it under its lease; stop gracefully when asked.

The worker leases whole projects, so that a project page serves all its pins, and keeps the leases of what it has not
begun alive too. What it has not begun, or is in the middle of when it must stop, goes back to the queue as if it had
never been taken. What others took from it, it drops: at the next heartbeat, or when it is refused at the end.
"""

import asyncio
import os
import random
import socket
import uuid
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.events import NotSynced, Observer, Returned, Synced
from codehost.model.jobs import LeasedJob, LeaseLostError
from codehost.model.retrying import RetryPolicy, in_one_run
from codehost.pipeline import Pipeline, Publish, uninterrupted
from codehost.record.jobs import Jobs

LEASE_SECONDS = 120.0
_HEARTBEATS_PER_LEASE = 4
_CLAIM = 64

log = structlog.get_logger("codehost.worker")


def new_owner() -> str:
    """A name for this process that no other ever has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(slots=True, kw_only=True)
class Worker:
    """Works off the jobs of one code host with ``concurrency`` releases in flight at once.

    ``owner`` is that of the pipeline's data directory, or a new one. ``retry`` decides when a failed job comes again.
    """

    jobs: Jobs
    code_host_id: int
    pipeline: Pipeline
    observer: Observer
    concurrency: int = 8
    lease_seconds: float = LEASE_SECONDS
    owner: str = ""
    retry: RetryPolicy = in_one_run
    jitter: Callable[[], float] = random.random
    halted: Failure | None = None
    _waiting: deque[LeasedJob] = field(default_factory=deque)
    _running: dict[asyncio.Task[None], LeasedJob] = field(default_factory=dict)
    _cut: bool = False
    _projects: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.owner = self.owner or self.pipeline.data.owner or new_owner()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until nothing is due, or until ``stop`` is set; then give back what is not done.

        ``halted`` says afterwards what made it stop by itself: a data directory that cannot be written.

        Raises:
            UserError: the database is gone.
        """
        heartbeat = asyncio.create_task(self._keep_leases())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set() and self.halted is None and await self._fill():
                await asyncio.wait({*self._running, stopping, heartbeat}, return_when=asyncio.FIRST_COMPLETED)
                if heartbeat.done():
                    heartbeat.result()  # it ends only when the database is gone
                self._collect()
        finally:
            stopping.cancel()
            try:
                await self._wind_down()
            finally:
                heartbeat.cancel()
                with suppress(asyncio.CancelledError):
                    await heartbeat

    async def _fill(self) -> bool:
        """Begin as many jobs as may run; returns whether any are running."""
        while len(self._running) < self.concurrency:
            # A project that the last claim cut in two goes on before its page is forgotten.
            if not self._waiting or (self._cut and len(self._waiting) < self.concurrency):
                await self._claim()
            if not self._waiting:
                break
            job = self._waiting.popleft()
            self._running[asyncio.create_task(self._work(job), name=str(job.pin))] = job
        return bool(self._running)

    async def _claim(self) -> None:
        # A machine that slept has leases that ran out: while nobody has taken them, they are still ours.
        await self._renew()
        claimed = await self.jobs.claim(self.code_host_id, self.owner, _CLAIM, self.lease_seconds)
        self._cut = len(claimed) == _CLAIM
        self._waiting.extend(claimed)
        self._projects.update(job.pin.project for job in claimed)

    def _collect(self) -> None:
        done = [task for task in self._running if task.done()]
        for task in done:
            del self._running[task]
        # All are asked, so that none is said to have failed unnoticed; the first speaks for them.
        errors = [error for task in done if not task.cancelled() and (error := task.exception()) is not None]
        if errors:
            raise errors[0]

    async def _work(self, job: LeasedJob) -> None:
        try:
            synced = await self.pipeline.run(job, partial(self._finish, job))
        except Failure as failure:
            await self._fail(job, failure)
        except LeaseLostError:
            log.warning("lease lost", action="lease_lost", pin=str(job.pin), epoch=job.epoch)
        except asyncio.CancelledError:
            await self._give_back(job)
            raise
        except UserError:
            raise  # without the database nothing can go on
        except Exception as error:  # a defect must cost one job and not the program
            log.exception("job crashed", action="job_crashed", pin=str(job.pin))
            await self._fail(job, Failure(Reason.INTERNAL, f"unexpected {type(error).__name__}"))
        else:
            self.observer.notify(synced)
        finally:
            self._leave(job.pin.project)

    async def _finish(self, job: LeasedJob, synced: Synced, publish: Publish) -> None:
        await self.jobs.complete(job, synced.resolution, synced.download, synced.report, publish)

    async def _fail(self, job: LeasedJob, failure: Failure) -> None:
        if failure.reason is Reason.STORAGE:
            # The next job would meet the same disk. But whose lease is lost may only have lost its files to another.
            if await self._give_back(job):
                self.halted = failure
            return
        retry_in = self.retry(failure, job.attempt, self.jitter())
        with suppress(LeaseLostError):
            await uninterrupted(self.jobs.fail(job, failure, retry_in))
            self.observer.notify(NotSynced(pin=job.pin, failure=failure))

    async def _give_back(self, job: LeasedJob) -> bool:
        returned = await uninterrupted(self.jobs.release(job))
        if returned:
            self.observer.notify(Returned(pin=job.pin))
        return returned

    def _leave(self, project: str) -> None:
        self._projects[project] -= 1
        if not self._projects[project]:
            del self._projects[project]
            self.pipeline.resolver.forget(project)

    async def _wind_down(self) -> None:
        for task in self._running:
            task.cancel()
        # What fails now, fails for the reason that ends the run, or leaves a job in hand for the next run's recovery.
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()
        while self._waiting:
            await self._give_back(self._waiting.popleft())

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self.lease_seconds / _HEARTBEATS_PER_LEASE)
            await self._renew()

    async def _renew(self) -> None:
        """Prolong all leases, and drop the jobs that somebody cancelled or took."""
        before = {*self._running.values(), *self._waiting}
        own = await self.jobs.heartbeat(self.owner, self.lease_seconds)
        lost = {job for job in before if job.job_id not in own}
        for task, job in self._running.items():
            if job in lost and not task.done():
                log.warning("lease lost", action="lease_lost", pin=str(job.pin), epoch=job.epoch)
                task.cancel()
        for job in lost.intersection(self._waiting):
            self._waiting.remove(job)
            self._leave(job.pin.project)
