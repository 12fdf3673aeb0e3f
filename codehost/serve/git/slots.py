"""Room for processes of git: so many may exist, and of these so many may work; the rest waits for its clients.

A client that reads slowly keeps a process, which sleeps, and keeps nobody else from working. Whoever waits for room is
served in the order of arrival.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from codehost.serve.git.answers import Refusal
from codehost.serve.git.limits import GitLimits

_BUSY = "The server has its hands full of other clones: try again in some seconds."


class Turn:
    """Leave to work, given back while the client is waited for. Both directions of a request share it."""

    def __init__(self, working: asyncio.Semaphore) -> None:
        self._working = working
        self._held = True
        self._absent = 0
        self._coming_back = asyncio.Lock()

    def leave(self) -> None:
        """The client is waited for."""
        self._absent += 1
        self._release()

    async def come_back(self) -> None:
        """It is not any more."""
        self._absent -= 1
        async with self._coming_back:
            if self._absent or self._held:
                return
            await self._working.acquire()
            self._held = True
            if self._absent:
                self._release()

    def _release(self) -> None:
        if self._held:
            self._held = False
            self._working.release()


class Slots:
    """All the room there is."""

    def __init__(self, limits: GitLimits) -> None:
        self._limits = limits
        self._processes = asyncio.Semaphore(limits.processes)
        self._working = asyncio.Semaphore(limits.working)
        self.waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Room for one process, and leave to work, while the context lasts.

        Raises:
            Refusal: the queue is full, or the wait was too long.
        """
        await self._enter()
        turn = Turn(self._working)
        try:
            yield turn
        finally:
            turn.leave()
            self._processes.release()

    async def _enter(self) -> None:
        if self.waiting >= self._limits.queue_length:
            raise self._busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._limits.queue_seconds):
                await self._processes.acquire()
                try:
                    await self._working.acquire()
                except BaseException:
                    self._processes.release()
                    raise
        except TimeoutError:
            raise self._busy() from None
        finally:
            self.waiting -= 1

    def _busy(self) -> Refusal:
        return Refusal(503, _BUSY, {"Retry-After": str(self._limits.retry_seconds)})
