"""Lease jobs, run each through the pipeline, finish it under its lease; stop gracefully when asked.

The worker leases whole projects, so that a project page serves all its pins, and keeps the leases of what it has not
begun alive too. What it has not begun, or is in the middle of when it must stop, goes back to the queue as if it had
never been taken.
"""

import asyncio
import os
import socket
import uuid
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.events import NotSynced, Observer, Returned
from codehost.model.jobs import LeasedJob, LeaseLostError
from codehost.pipeline import Pipeline, uninterrupted
from codehost.record.jobs import Jobs

LEASE_SECONDS = 120.0
_HEARTBEATS_PER_LEASE = 4
_CLAIM = 64
# A mirror that always asks to come back soon would otherwise keep a sync from ever ending.
_MOST_ATTEMPTS = 3

log = structlog.get_logger("codehost.worker")


def new_owner() -> str:
    """A name for this process that no other ever has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(slots=True, kw_only=True)
class Worker:
    """Works off the jobs of one code host with ``concurrency`` releases in flight at once."""

    jobs: Jobs
    code_host_id: int
    pipeline: Pipeline
    observer: Observer
    concurrency: int = 8
    lease_seconds: float = LEASE_SECONDS
    owner: str = field(default_factory=new_owner)
    halted: Failure | None = None
    _waiting: deque[LeasedJob] = field(default_factory=deque)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _cut: bool = False
    _projects: Counter[str] = field(default_factory=Counter)

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
            self._running.add(asyncio.create_task(self._work(job), name=str(job.pin)))
        return bool(self._running)

    async def _claim(self) -> None:
        # A machine that slept has leases that ran out: while nobody has taken them, they are still ours.
        await self.jobs.heartbeat(self.owner, self.lease_seconds)
        claimed = await self.jobs.claim(self.code_host_id, self.owner, _CLAIM, self.lease_seconds)
        self._cut = len(claimed) == _CLAIM
        self._waiting.extend(claimed)
        self._projects.update(job.pin.project for job in claimed)

    def _collect(self) -> None:
        done = {task for task in self._running if task.done()}
        self._running -= done
        # All are asked, so that none is said to have failed unnoticed; the first speaks for them.
        errors = [error for task in done if (error := task.exception()) is not None]
        if errors:
            raise errors[0]

    async def _work(self, job: LeasedJob) -> None:
        try:
            synced = await self.pipeline.run(job)
            await uninterrupted(self.jobs.complete(job, synced.resolution, synced.download, synced.report))
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

    async def _fail(self, job: LeasedJob, failure: Failure) -> None:
        if failure.reason is Reason.STORAGE:
            # The next job would meet the same disk.
            self.halted = failure
            await self._give_back(job)
            return
        retry_in = failure.retry_after if job.attempt < _MOST_ATTEMPTS else None
        with suppress(LeaseLostError):
            await uninterrupted(self.jobs.fail(job, failure, retry_in))
            self.observer.notify(NotSynced(pin=job.pin, failure=failure))

    async def _give_back(self, job: LeasedJob) -> None:
        if await uninterrupted(self.jobs.release(job)):
            self.observer.notify(Returned(pin=job.pin))

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
            await self.jobs.heartbeat(self.owner, self.lease_seconds)
