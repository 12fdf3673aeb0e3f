"""The jobs that a worker has in hand: run through the pipeline, kept under their leases, finished or given back.

What others took from it, it drops: at the next heartbeat, or when it is refused at the end. What is its own in the
database and not in hand here, because a claim's answer or a job's end was lost with a connection, goes back to the
queue at the next heartbeat.
"""

import asyncio
import os
import random
import socket
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.events import NotSynced, Observer, Returned, Synced
from codehost.model.jobs import LeasedJob, LeaseLostError
from codehost.model.retrying import RetryPolicy
from codehost.pipeline import Pipeline, Publish, uninterrupted
from codehost.record.jobs import Jobs

HEARTBEATS_PER_LEASE = 4

log = structlog.get_logger("codehost.worker")


def new_owner() -> str:
    """A name for this process that no other ever has."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workplace:
    """Where the jobs of one code host are done, as it is configured at the moment, and who watches them."""

    code_host_id: int
    pipeline: Pipeline
    observer: Observer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Running:
    """A job in flight. It ends where it began, also when its code host is configured anew meanwhile."""

    job: LeasedJob
    place: Workplace


@dataclass(slots=True, kw_only=True)
class Hands:
    """Jobs claimed as ``owner``: some wait here for their turn, some are running.

    ``place_of`` gives the workplace of a code host, None where it has none any more. ``retry`` decides when a failed
    job comes again. ``halted``: a data directory that could not be written; whoever minds it takes it away. ``begun``
    is set whenever a job starts.
    """

    jobs: Jobs
    owner: str
    lease_seconds: float
    retry: RetryPolicy
    place_of: Callable[[int], Workplace | None]
    jitter: Callable[[], float] = random.random
    halted: Failure | None = None
    waiting: deque[LeasedJob] = field(default_factory=deque)
    running: dict[asyncio.Task[None], Running] = field(default_factory=dict)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    _projects: Counter[tuple[int, str]] = field(default_factory=Counter)
    # Jobs that could not be written, and have not ended since.
    _unwritten: set[int] = field(default_factory=set)
    # Jobs whose end is being recorded: whether the lease was theirs, the database says there.
    _ending: set[LeasedJob] = field(default_factory=set)
    # A claim and a heartbeat that cross would take new jobs for lost ones.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def claim(self, code_hosts: Sequence[int], limit: int) -> list[LeasedJob]:
        """Take at most so many jobs of these code hosts, which come in the order of their turns; they wait here then.

        Raises:
            UserError: the database is gone.
        """
        async with self._turn:
            claimed = await self.jobs.claim_fairly(code_hosts, self.owner, limit, self.lease_seconds)
            self.waiting.extend(claimed)
            self._projects.update((job.code_host_id, job.pin.project) for job in claimed)
        return claimed

    def begin(self, job: LeasedJob, place: Workplace) -> None:
        """Start a job that does not wait any more."""
        running = Running(job=job, place=place)
        self.running[asyncio.create_task(self._work(running), name=str(job.pin))] = running
        self.begun.set()

    def collect(self) -> list[BaseException]:
        """Forget the jobs that have ended; return what some of them could not end for."""
        done = [task for task in self.running if task.done()]
        for task in done:
            del self.running[task]
        # All are asked, so that none is said to have failed unnoticed.
        return [error for task in done if not task.cancelled() and (error := task.exception()) is not None]

    async def give_back_waiting(self, code_host_id: int | None = None) -> None:
        """Give back what has not begun, of one code host or of all.

        Raises:
            UserError: the database is gone; what is left goes back at a later heartbeat.
        """
        given = [job for job in self.waiting if code_host_id in {None, job.code_host_id}]
        for job in given:
            self.waiting.remove(job)
            self._leave(job, None)
            await self._give_back(job, self.place_of(job.code_host_id))

    async def wind_down(self) -> None:
        """Stop what is running, and give back everything.

        Raises:
            UserError: the database is gone.
        """
        for task in self.running:
            task.cancel()
        # What fails now, fails for the reason that ends the run, or leaves a job in hand for the next run's recovery.
        await asyncio.gather(*self.running, return_exceptions=True)
        self.running.clear()
        await self.give_back_waiting()

    async def renew(self) -> None:
        """Prolong all leases, drop the jobs that somebody cancelled or took, return those that are not in hand.

        Raises:
            UserError: the database is gone.
        """
        async with self._turn:
            await self._renew()

    async def keep_leases(self) -> None:
        """Renew them for ever.

        Raises:
            UserError: the database is gone.
        """
        while True:
            await asyncio.sleep(self.lease_seconds / HEARTBEATS_PER_LEASE)
            await self.renew()

    async def until_left(self, place: Workplace) -> None:
        """Wait until no job runs there any more."""
        while tasks := [task for task, running in self.running.items() if running.place is place and not task.done()]:
            await asyncio.wait(tasks)

    async def _renew(self) -> None:
        before = self._in_hand()
        own = await self.jobs.heartbeat(self.owner, self.lease_seconds)
        known = {job.job_id for job in before}
        if unknown := own.keys() - known:
            count = await self.jobs.take_back(self.owner, unknown)
            log.warning("jobs without hands returned", action="orphans_returned", count=count)
        # A job that was taken from here may have come back here, under a later epoch.
        lost = {job for job in before if own.get(job.job_id) != job.epoch} - self._ending
        for task, running in self.running.items():
            if running.job in lost and not task.done():
                log.warning("lease lost", action="lease_lost", pin=str(running.job.pin), epoch=running.job.epoch)
                task.cancel()
        for job in lost.intersection(self.waiting):
            self.waiting.remove(job)
            self._leave(job, None)

    def _in_hand(self) -> set[LeasedJob]:
        # What has ended and is not yet collected may have ended without a word to the database.
        running = {running.job for task, running in self.running.items() if not task.done()}
        return running | set(self.waiting)

    async def _work(self, running: Running) -> None:
        job, place = running.job, running.place
        try:
            synced = await place.pipeline.run(job, partial(self._finish, job))
        except Failure as failure:
            await self._fail(running, failure)
        except LeaseLostError:
            log.warning("lease lost", action="lease_lost", pin=str(job.pin), epoch=job.epoch)
        except asyncio.CancelledError:
            await self._give_back(job, place)
            raise
        except UserError:
            raise  # without the database nothing can go on
        except Exception as error:  # a defect must cost one job and not the program
            log.exception("job crashed", action="job_crashed", pin=str(job.pin))
            await self._fail(running, Failure(Reason.INTERNAL, f"unexpected {type(error).__name__}"))
        else:
            self._unwritten.discard(job.job_id)
            place.observer.notify(synced)
        finally:
            self._ending.discard(job)
            self._leave(job, place)

    async def _finish(self, job: LeasedJob, synced: Synced, publish: Publish) -> None:
        self._ending.add(job)
        await self.jobs.complete(job, synced.resolution, synced.download, synced.report, publish)

    async def _fail(self, running: Running, failure: Failure) -> None:
        job = running.job
        if failure.reason is Reason.STORAGE and job.job_id not in self._unwritten:
            # The next job would meet the same disk. But whose lease is lost may only have lost its files to another.
            if await self._give_back(job, running.place):
                self._unwritten.add(job.job_id)
                self.halted = failure
            return
        with suppress(LeaseLostError):
            if failure.unasked:
                await uninterrupted(self.jobs.put_off(job, failure, failure.retry_after or 0.0))
                running.place.observer.notify(Returned(pin=job.pin))
                return
            self._ending.add(job)
            retry_in = self.retry(failure, job.attempt, self.jitter())
            await uninterrupted(self.jobs.fail(job, failure, retry_in))
            if failure.reason is Reason.STORAGE:
                # The disk was found well meanwhile: so the job waits for its own sake. But who knows.
                self.halted = failure
            self._unwritten.discard(job.job_id)
            running.place.observer.notify(NotSynced(pin=job.pin, failure=failure))

    async def _give_back(self, job: LeasedJob, place: Workplace | None) -> bool:
        returned = await uninterrupted(self.jobs.release(job))
        if returned and place is not None:
            place.observer.notify(Returned(pin=job.pin))
        return returned

    def _leave(self, job: LeasedJob, place: Workplace | None) -> None:
        key = (job.code_host_id, job.pin.project)
        self._projects[key] -= 1
        if not self._projects[key]:
            del self._projects[key]
            for one in (place, self.place_of(job.code_host_id)):
                if one is not None:
                    one.pipeline.resolver.forget(job.pin.project)
