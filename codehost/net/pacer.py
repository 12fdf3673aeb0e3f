"""The pacer: spreads requests over the hour. It only smooths; the budget behind it decides."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from codehost.model.events import Observer, PaceWait
from codehost.model.ports import Budget

_HOUR = 3600
_MAX_BURST = 100
_LEAST_PACED = 2
_WORTH_TELLING = 3.0
_LOOK_SECONDS = 1.0
# Longer than it takes until the other workers hear of it.
_HELD_FOR = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``burst`` requests at once, then ``per_second``, which uses the hour's allowance up.

    Together they are more than the allowance in the first hour: the budget behind the pacer holds that back.
    """

    burst: int
    per_second: float


def pace_for(requests_per_hour: int | None) -> Pace | None:
    """The pace for an hourly allowance; None when there is nothing to smooth.

    That is so without a limit, when paused (0), and for one request an hour: there is nothing to spread it among.
    """
    if requests_per_hour is None or requests_per_hour < _LEAST_PACED:
        return None
    burst = min(requests_per_hour // 2, _MAX_BURST)
    return Pace(burst=burst, per_second=requests_per_hour / _HOUR)


def _alone() -> int:
    return 1


class Pacer:
    """A budget that spreads what the inner budget allows.

    Workers that share a code host each pace for themselves, and together they are to keep the pace of one. So a request
    takes as many places in this process's bucket as workers are *held*: have requests that wait for the pace or for the
    budget, or had some a short while ago. Only those are counted. Who has nothing to ask for takes nothing from the
    others, and whoever alone has work goes at the full rate, so a division leaves nothing of the allowance unused.
    Workers that begin at the same time each send their burst before they know of each other; the cap is not concerned:
    the inner budget holds it.

    Args:
        budget: counts the requests, and decides.
        requests_per_hour: what is to be spread; None means no limit.
        observer: is told of a wait that is long enough to look like standing still.
        tell_every_wait: tell of each such wait, and after each request if others still wait; otherwise only of the
            first one.
        share: how many workers the pace is divided among at this moment, this one included.
    """

    def __init__(
        self,
        budget: Budget,
        requests_per_hour: int | None,
        observer: Observer | None = None,
        *,
        tell_every_wait: bool = False,
        share: Callable[[], int] = _alone,
    ) -> None:
        self._budget = budget
        self._observer = observer
        self._pace = pace_for(requests_per_hour)
        self._limiter = AsyncLimiter(self._pace.burst, self._pace.burst / self._pace.per_second) if self._pace else None
        self._interval = 1 / self._pace.per_second if self._pace else 0.0
        self._every = tell_every_wait
        self._share = share
        self._told = False
        self._line = asyncio.Lock()
        self._waiting = 0
        self._asking = 0
        self._held_at: float | None = None

    async def spend(self) -> None:
        """Wait for the pace, then for the inner budget, which counts the request."""
        if self._limiter is not None and self._pace is not None:
            await self._take_turn(self._limiter, self._pace.burst)
        self._asking += 1
        try:
            await self._budget.spend()
        finally:
            self._asking -= 1
        if self._every and self._waiting:
            self._tell()

    def is_held(self) -> bool:
        """Whether requests wait for the pace or the budget, or did so a short while ago."""
        if self._waiting or self._asking:
            return True
        return self._held_at is not None and asyncio.get_running_loop().time() - self._held_at < _HELD_FOR

    async def _take_turn(self, limiter: AsyncLimiter, burst: int) -> None:
        # Waiters stand in line here and not at the limiter: the share may change while they wait.
        if not self._line.locked() and limiter.has_capacity(places := self._places(burst)):
            await limiter.acquire(places)
            return
        self._tell()
        self._waiting += 1
        try:
            async with self._line:
                while not limiter.has_capacity(places := self._places(burst)):
                    await self._sleep_for(places)
                await limiter.acquire(places)
        finally:
            self._waiting -= 1
            self._held_at = asyncio.get_running_loop().time()

    async def _sleep_for(self, places: int) -> None:
        await asyncio.sleep(min(places * self._interval, _LOOK_SECONDS))

    def _places(self, burst: int) -> int:
        return max(1, min(self._share(), burst))

    def _tell(self) -> None:
        worth = self._interval >= _WORTH_TELLING and (self._every or not self._told)
        if self._observer is not None and worth:
            self._told = True
            self._observer.notify(PaceWait(seconds=self._interval))
