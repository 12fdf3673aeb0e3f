"""The processes that read: few, bounded, replaced when they die, and killed with the search that they work for."""

import asyncio
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

import structlog
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from codehost.children import ChildLimits, make_pool
from codehost.model.searching import NotNowError
from codehost.search.scan import child
from codehost.search.scan.child import scan
from codehost.search.scan.limits import ScanLimits
from codehost.search.scan.tasks import Outcome, Scanned, ScanTask

_TRIES = 2
_LOOK_SECONDS = 1.0
# For so long, a task that nobody waits for may end by itself: most do, and a new child takes seconds to start.
_PATIENCE = 0.5
# What a child has leaked goes with it.
_TASKS_EACH = 5_000

log = structlog.get_logger("codehost.search")


class SearchEndedError(NotNowError):
    """The engine was closed while it searched."""

    def __str__(self) -> str:
        return "The search has ended because codehost is stopping. Try again when it runs."


class _LostError(Exception):
    """A child ended before its task did."""


class ScanChildren:
    """Children that search repositories. They start with the first task."""

    def __init__(self, limits: ScanLimits) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None
        self._changing = asyncio.Lock()
        self._closed = False

    async def scan(self, task: ScanTask) -> tuple[Scanned, ...]:
        """Search the repositories of a task. Where a child dies, the others go on.

        One repository whose child died is told of as that; of several, each is tried by itself. When this is cancelled,
        a child that does not end within half a second is killed.

        Raises:
            SearchEndedError: this is closed.
        """
        try:
            return await self._run(task)
        except TimeoutError:
            return (Scanned(repository=task.repositories[0], outcome=Outcome.LATE),)
        except _LostError as error:
            if len(task.repositories) > 1:
                found = [await self.scan(replace(task, repositories=(one,))) for one in task.repositories]
                return tuple(scanned for part in found for scanned in part)
            log.warning(
                "a repository was not searched",
                action="scan_lost",
                repository=task.repositories[0],
                why=str(error),
            )
            return (Scanned(repository=task.repositories[0], outcome=Outcome.DIED),)

    async def close(self) -> None:
        """End the processes, also those that are at work. None is started again."""
        self._closed = True
        async with self._changing:
            pool, self._pool = self._pool, None
            if pool is not None:
                pool.stop()  # type: ignore[no-untyped-call]
                await asyncio.to_thread(pool.join)

    async def _run(self, task: ScanTask) -> tuple[Scanned, ...]:
        for _ in range(_TRIES):
            pool = await self._working()
            try:
                return await self._outcome(pool, task)
            except BrokenProcessPool:
                # A child that is killed while it has no work takes pebble's whole pool along; no task is at fault.
                await self._drop(pool)
            except ProcessExpired as expired:
                raise _LostError(f"its child process ended with status {expired.exitcode}") from expired
        raise _LostError("the child processes were lost")

    async def _outcome(self, pool: ProcessPool, task: ScanTask) -> tuple[Scanned, ...]:
        late = task.deadline + self._limits.grace_seconds
        try:
            future: ProcessFuture[tuple[Scanned, ...]] = pool.schedule(scan, args=[task])
        except RuntimeError as error:  # it broke, or was stopped, while it had no work
            raise BrokenProcessPool from error
        waiting = asyncio.wrap_future(future)
        try:
            # pebble forgets a job that it is given in the moment when it breaks: nobody would ever end its future.
            while not (await asyncio.wait((waiting,), timeout=_LOOK_SECONDS))[0]:
                if not pool.active:
                    raise BrokenProcessPool
                if time.monotonic() >= late:
                    raise TimeoutError
            # A pool that is stopped cancels what it has; whoever waits here was not cancelled.
            if waiting.cancelled():
                raise BrokenProcessPool
            return waiting.result()
        finally:
            if not waiting.done():
                _give_up(future, waiting)

    async def _working(self) -> ProcessPool:
        async with self._changing:
            if self._closed:
                raise SearchEndedError
            if self._pool is None:
                self._pool = await asyncio.to_thread(self._make_pool)
            return self._pool

    async def _drop(self, broken: ProcessPool) -> None:
        async with self._changing:
            if self._pool is broken:
                self._pool = None
                broken.stop()  # type: ignore[no-untyped-call]
                await asyncio.to_thread(broken.join)

    def _make_pool(self) -> ProcessPool:
        limits = ChildLimits(memory_bytes=self._limits.memory_bytes, file_bytes=0)
        return make_pool(self._limits.children, limits, child.__name__, _TASKS_EACH)


def _give_up(future: ProcessFuture[tuple[Scanned, ...]], waiting: asyncio.Future[tuple[Scanned, ...]]) -> None:
    waiting.add_done_callback(_ignore)
    if future.running():
        asyncio.get_running_loop().call_later(_PATIENCE, future.cancel)
    else:
        waiting.cancel()


def _ignore(waiting: asyncio.Future[tuple[Scanned, ...]]) -> None:
    """Take what came of it, which nobody asks for."""
    if not waiting.cancelled():
        waiting.exception()
