import asyncio

import pytest

from codehost.model.events import PaceWait
from codehost.net.pacer import Pacer, pace_for


@pytest.mark.parametrize("allowance", [2, 3, 10, 199, 200, 201, 3600, 57_600, 10_000_000])
def test_pace_fits_in_the_allowance(allowance: int) -> None:
    pace = pace_for(allowance)
    assert pace is not None
    assert 1 <= pace.burst <= 100
    assert pace.per_second > 0
    assert pace.burst + 3600 * pace.per_second == pytest.approx(allowance)


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


async def test_the_pace_goes_on_after_the_burst() -> None:
    budget = CountingBudget()
    pacer = Pacer(budget, 200_000)
    for _ in range(110):
        await asyncio.wait_for(pacer.spend(), 5)
    assert budget.spent == 110


class Watcher:
    def __init__(self) -> None:
        self.events: list[object] = []

    def notify(self, event: object) -> None:
        self.events.append(event)


@pytest.mark.parametrize(("allowance", "told"), [(30, [PaceWait(seconds=240.0)]), (3600, [])])
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
    assert watcher.events == [PaceWait(seconds=240.0)] * 3
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_others_that_still_wait_are_told_of_after_a_request() -> None:
    watcher = Watcher()
    pacer = Pacer(CountingBudget(), 1_202, watcher, tell_every_wait=True)
    for _ in range(100):
        await pacer.spend()
    tasks = [asyncio.create_task(pacer.spend()) for _ in range(2)]
    done, waiting = await asyncio.wait(tasks, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(waiting)) == (1, 1)
    assert len(watcher.events) == 3
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
