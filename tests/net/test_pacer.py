import asyncio

import pytest

from codehost.model.events import PaceWait
from codehost.net.pacer import Pacer, pace_for
from tests.leaping import run


@pytest.mark.parametrize("allowance", [2, 3, 10, 199, 200, 201, 3600, 57_600, 10_000_000])
def test_the_pace_uses_the_allowance_up(allowance: int) -> None:
    pace = pace_for(allowance)
    assert pace is not None
    assert 1 <= pace.burst <= min(100, allowance)
    assert 3600 * pace.per_second == pytest.approx(allowance)


@pytest.mark.parametrize("allowance", [None, 0, 1])
def test_nothing_to_smooth(allowance: int | None) -> None:
    assert pace_for(allowance) is None


class CountingBudget:
    def __init__(self) -> None:
        self.spent = 0

    async def spend(self) -> None:
        self.spent += 1


@pytest.mark.parametrize(("allowance", "at_once"), [(20, 10), (None, 15), (100_000, 15)])
async def test_pacer_lets_the_burst_through_and_holds_the_rest(allowance: int | None, at_once: int) -> None:
    budget = CountingBudget()
    pacer = Pacer(budget, allowance)
    tasks = [asyncio.create_task(pacer.spend()) for _ in range(15)]
    await asyncio.wait(tasks, timeout=0.1)
    assert budget.spent == at_once
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_the_pace_goes_on_after_the_burst() -> None:
    async def spend_all() -> float:
        pacer = Pacer(CountingBudget(), 3_600)
        for _ in range(110):
            await pacer.spend()
        return asyncio.get_running_loop().time()

    assert run(spend_all()) == pytest.approx(10, abs=1)


class Watcher:
    def __init__(self) -> None:
        self.events: list[object] = []

    def notify(self, event: object) -> None:
        self.events.append(event)


@pytest.mark.parametrize(("allowance", "told"), [(30, [PaceWait(seconds=120.0)]), (3600, [])])
async def test_a_long_wait_for_the_pace_is_told_once(allowance: int, told: list[object]) -> None:
    watcher = Watcher()
    pacer = Pacer(CountingBudget(), allowance, watcher)
    tasks = [asyncio.create_task(pacer.spend()) for _ in range(120)]
    await asyncio.wait(tasks, timeout=0.05)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert watcher.events == told


async def test_every_wait_is_told_as_long_as_anybody_waits() -> None:
    watcher = Watcher()
    pacer = Pacer(CountingBudget(), 30, watcher, tell_every_wait=True)
    for _ in range(15):
        await pacer.spend()
    assert watcher.events == []
    tasks = [asyncio.create_task(pacer.spend()) for _ in range(3)]
    await asyncio.wait(tasks, timeout=0.05)
    assert watcher.events == [PaceWait(seconds=120.0)] * 3
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_others_that_still_wait_are_told_of_after_a_request() -> None:
    run(_others_that_still_wait())


async def _others_that_still_wait() -> None:
    watcher = Watcher()
    pacer = Pacer(CountingBudget(), 1_100, watcher, tell_every_wait=True)
    for _ in range(100):
        await pacer.spend()
    tasks = [asyncio.create_task(pacer.spend()) for _ in range(2)]
    done, waiting = await asyncio.wait(tasks, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(waiting)) == (1, 1)
    assert len(watcher.events) == 3
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


class Hungry:
    """Workers whose every request is spent on the same code host."""

    def __init__(self, allowance: int, shares: list[int]) -> None:
        self.budgets = [CountingBudget() for _ in shares]
        self.pacers = [
            Pacer(budget, allowance, share=lambda number=number: shares[number])  # type: ignore[misc]
            for number, budget in enumerate(self.budgets)
        ]

    async def eat(self, seconds: float) -> list[int]:
        """How many requests each of them sent in so many seconds."""
        before = [budget.spent for budget in self.budgets]
        tasks = [asyncio.create_task(_spend_for_ever(pacer)) for pacer in self.pacers for _ in range(4)]
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [budget.spent - spent for budget, spent in zip(self.budgets, before, strict=True)]


async def _spend_for_ever(pacer: Pacer) -> None:
    while True:
        await pacer.spend()
        await asyncio.sleep(0)


# A burst of 100, then 100 in a second.
ALLOWANCE = 360_000


def test_two_that_are_held_keep_the_pace_of_one() -> None:
    one, other = run(Hungry(ALLOWANCE, [2, 2]).eat(10.0))
    assert one == pytest.approx(550, abs=2)
    assert other == pytest.approx(550, abs=2)


def test_who_is_left_alone_goes_at_the_full_rate_at_once() -> None:
    shares = [4]
    hungry = Hungry(ALLOWANCE, shares)

    async def first_shared_then_alone() -> tuple[list[int], list[int]]:
        shared = await hungry.eat(10.0)
        shares[0] = 1
        return shared, await hungry.eat(10.0)

    shared, alone = run(first_shared_then_alone())
    assert shared == [pytest.approx(275, abs=2)]
    assert alone == [pytest.approx(1000, abs=5)]


def test_a_share_that_shrinks_frees_those_who_wait() -> None:
    run(_a_share_that_shrinks())


async def _a_share_that_shrinks() -> None:
    shares = [50]
    budget = CountingBudget()
    pacer = Pacer(budget, 3_600, share=lambda: shares[0])  # a burst of 100, and one each second
    await pacer.spend()
    await pacer.spend()
    waiting = asyncio.create_task(pacer.spend())
    await asyncio.sleep(0.05)
    assert (budget.spent, pacer.is_held()) == (2, True)
    shares[0] = 1
    done, _ = await asyncio.wait([waiting], timeout=5)
    assert done
    assert budget.spent == 3


async def test_more_sharers_than_the_burst_are_no_more_than_the_burst() -> None:
    budget = CountingBudget()
    pacer = Pacer(budget, 3, share=lambda: 1_000)
    await asyncio.wait_for(pacer.spend(), 1)
    assert budget.spent == 1


def test_the_pace_adds_no_delay_of_its_own() -> None:
    """What one worker alone sends in a while is all that its pace allows."""
    assert run(Hungry(ALLOWANCE, [1]).eat(100.0)) == [pytest.approx(10_100, abs=2)]


class StuckBudget:
    async def spend(self) -> None:
        await asyncio.sleep(60)


async def test_who_is_held() -> None:
    idle, free = Pacer(CountingBudget(), 3_600), Pacer(CountingBudget(), None)
    assert not idle.is_held()
    await idle.spend()
    await free.spend()
    assert (idle.is_held(), free.is_held()) == (False, False)
    out_of_budget = Pacer(StuckBudget(), 3_600)
    asking = asyncio.create_task(out_of_budget.spend())
    await asyncio.sleep(0)
    assert out_of_budget.is_held()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert not out_of_budget.is_held()
