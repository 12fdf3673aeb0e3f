import asyncio

import pytest

from codehost.model.budget import COUNTED, SECOND, TICK, WINDOW
from codehost.model.events import BudgetWait, Event, RequestSent
from codehost.net.local_budget import LocalBudget

HOUR = WINDOW / SECOND


class Clock:
    """Time passes only when somebody sleeps, and then exactly so long."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.events: list[Event] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def budget(self, cap: int | None) -> LocalBudget:
        return LocalBudget(cap, self, monotonic=self.monotonic, sleep=self.sleep)


@pytest.mark.parametrize("cap", [1, 2, 7])
@pytest.mark.parametrize("pause", [0.0, 1.0, 500.0, 3599.0])
async def test_no_hour_holds_more_requests_than_the_cap(cap: int, pause: float) -> None:
    clock = Clock()
    budget = clock.budget(cap)
    sent: list[float] = []
    for _ in range(5 * cap):
        await budget.spend()
        sent.append(clock.now)
        clock.now += pause
    for start in sent:
        assert sum(start <= moment < start + HOUR for moment in sent) <= cap
    # Nor is anything held back longer than the arithmetic says.
    assert sent[-1] - sent[0] <= 5 * cap * max(pause, (COUNTED + 2 * TICK) / SECOND / cap)


async def test_many_at_once() -> None:
    clock = Clock()
    budget = clock.budget(3)
    await asyncio.gather(*(budget.spend() for _ in range(7)))
    lefts = [event.left for event in clock.events if isinstance(event, RequestSent)]
    assert lefts == [2, 1, 0, 2, 1, 0, 2]
    waits = [event.seconds for event in clock.events if isinstance(event, BudgetWait)]
    assert waits == [pytest.approx((COUNTED + TICK) / SECOND)] * 2


async def test_without_a_limit() -> None:
    clock = Clock()
    budget = clock.budget(None)
    for _ in range(1000):
        await budget.spend()
    assert clock.events == [RequestSent(left=None)] * 1000
    assert clock.now == 1_000.0


async def test_one_who_stops_waiting_leaves_the_turn_to_others() -> None:
    budget = LocalBudget(1)
    await budget.spend()
    waiting = asyncio.create_task(budget.spend())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second = asyncio.create_task(budget.spend())
    await asyncio.sleep(0)
    assert not second.done()
    second.cancel()


def test_a_paused_code_host_has_no_budget_to_wait_for() -> None:
    with pytest.raises(ValueError, match="means paused"):
        LocalBudget(0)
