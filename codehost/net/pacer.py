"""The pacer: spreads requests over the hour. It only smooths; the budget behind it decides."""

from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from codehost.model.events import Observer, PaceWait
from codehost.model.ports import Budget

_HOUR = 3600
_MAX_BURST = 100
_LEAST_PACED = 2
_WORTH_TELLING = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``burst`` requests at once, then ``per_second``; burst + 3600 * per_second is at most the hour's allowance."""

    burst: int
    per_second: float


def pace_for(requests_per_hour: int | None) -> Pace | None:
    """The pace for an hourly allowance; None when there is nothing to smooth.

    That is so without a limit, when paused (0), and for one request an hour: no positive rate fits beside its burst.
    """
    if requests_per_hour is None or requests_per_hour < _LEAST_PACED:
        return None
    burst = min(requests_per_hour // 2, _MAX_BURST)
    return Pace(burst=burst, per_second=(requests_per_hour - burst) / _HOUR)


class Pacer:
    """A budget that spreads what the inner budget allows.

    Args:
        budget: counts the requests, and decides.
        requests_per_hour: what is to be spread; None means no limit.
        observer: is told of a wait that is long enough to look like standing still.
        tell_every_wait: tell of each such wait, and after each request if others still wait; otherwise only of the
            first one.
    """

    def __init__(
        self,
        budget: Budget,
        requests_per_hour: int | None,
        observer: Observer | None = None,
        *,
        tell_every_wait: bool = False,
    ) -> None:
        self._budget = budget
        self._observer = observer
        pace = pace_for(requests_per_hour)
        self._limiter = AsyncLimiter(pace.burst, pace.burst / pace.per_second) if pace else None
        self._interval = 1 / pace.per_second if pace else 0.0
        self._every = tell_every_wait
        self._told = False
        self._waiting = 0

    async def spend(self) -> None:
        """Wait for the pace, then for the inner budget, which counts the request."""
        if self._limiter is not None and not self._limiter.has_capacity():
            self._tell()
            await self._wait_for(self._limiter)
        elif self._limiter is not None:
            await self._limiter.acquire()
        await self._budget.spend()
        if self._every and self._waiting:
            self._tell()

    async def _wait_for(self, limiter: AsyncLimiter) -> None:
        self._waiting += 1
        try:
            await limiter.acquire()
        finally:
            self._waiting -= 1

    def _tell(self) -> None:
        worth = self._interval >= _WORTH_TELLING and (self._every or not self._told)
        if self._observer is not None and worth:
            self._told = True
            self._observer.notify(PaceWait(seconds=self._interval))
