"""How many searches run at a time. The others wait, a bounded number of them for a bounded time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from codehost.model.searching import NotNowError
from codehost.search.scan.limits import ScanLimits


class TooManySearchesError(NotNowError):
    """No turn could be had. ``running``: searches that were under way; ``seconds``: how long this one has waited."""

    def __init__(self, running: int, seconds: float) -> None:
        super().__init__(running, seconds)
        self.running = running
        self.seconds = seconds

    def __str__(self) -> str:
        waited = f"and this one has waited for {self.seconds:g} s" if self.seconds else "and others wait already"
        many = "1 search is" if self.running == 1 else f"{self.running} searches are"
        return f"{many} under way, {waited}. Try again in a moment."


@dataclass(slots=True)
class _Turn:
    """A turn that is given back once, by whoever is first."""

    free: asyncio.Semaphore
    given_back: bool = False

    def give_back(self) -> None:
        if not self.given_back:
            self.given_back = True
            self.free.release()


class Turns:
    """Turns, in the order in which they were asked for."""

    def __init__(self, limits: ScanLimits) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.at_once)
        self._waiting = 0

    @asynccontextmanager
    async def taken(self, seconds: float) -> AsyncIterator[None]:
        """A turn, for as long as the block lasts, or for ``seconds``: by then its work has ended.

        Whoever reads what was found slowly, or not at all, keeps no others waiting.

        Raises:
            TooManySearchesError: too many wait, or this one has waited for too long.
        """
        await self._wait()
        turn = _Turn(self._free)
        end = asyncio.get_running_loop().call_later(seconds, turn.give_back)
        try:
            yield
        finally:
            end.cancel()
            turn.give_back()

    async def _wait(self) -> None:
        limits = self._limits
        if self._free.locked() and self._waiting >= limits.waiting:
            raise TooManySearchesError(limits.at_once, 0)
        self._waiting += 1
        try:
            async with asyncio.timeout(limits.waiting_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise TooManySearchesError(limits.at_once, limits.waiting_seconds) from None
        finally:
            self._waiting -= 1
