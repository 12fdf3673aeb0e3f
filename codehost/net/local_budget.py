"""The hourly budget of one process, for commands that ask mirrors without a database that keeps count.

Within the process no window of an hour holds more requests than the cap. Other processes, and what this one sent before
it was started again, are not known here: that takes the ledger.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from codehost.model.budget import SECOND, Allotment, Spent, allot, counted_from
from codehost.model.events import BudgetWait, Observer, RequestSent


class LocalBudget:
    """Implements ``codehost.model.ports.Budget`` in memory, with the ledger's arithmetic and grants of one request.

    Args:
        requests_per_hour: the cap; None means no limit.
        observer: is told of every request and of every wait.
        monotonic: seconds on a clock that is never set.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        requests_per_hour: int | None,
        observer: Observer | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if requests_per_hour is not None and requests_per_hour < 1:
            raise ValueError("a budget of 0 means paused: nothing may be sent, so nothing may wait for it")
        self._cap = requests_per_hour
        self._observer = observer
        self._monotonic = monotonic
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._granted: deque[int] = deque()

    async def spend(self) -> None:
        """Wait until one more request may be sent, and count it. Waiters are served in the order of their calls."""
        left = None
        if self._cap is not None:
            async with self._turn:
                left = await self._take(self._cap)
        self._notify(RequestSent(left=left))

    async def _take(self, cap: int) -> int:
        while True:
            now = int(self._monotonic() * SECOND)
            allotment = self._ask(cap, now)
            if allotment.leaves_at is None:
                self._granted.append(now)
                return cap - len(self._granted)
            seconds = max(allotment.leaves_at - now, 0) / SECOND
            self._notify(BudgetWait(seconds=seconds))
            await self._sleep(seconds)

    def _ask(self, cap: int, now: int) -> Allotment:
        while self._granted and self._granted[0] < counted_from(now):
            self._granted.popleft()
        oldest = self._granted[0] if self._granted else None
        return allot(cap, Spent(tokens=len(self._granted), oldest=oldest))

    def _notify(self, event: RequestSent | BudgetWait) -> None:
        if self._observer is not None:
            self._observer.notify(event)
