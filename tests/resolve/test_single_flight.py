import asyncio

import pytest

from codehost.resolve.single_flight import SingleFlight


class Maker:
    def __init__(self, *, fails: int = 0) -> None:
        self.calls = 0
        self.cancelled = 0
        self.fails = fails
        self.gate = asyncio.Event()

    async def make(self) -> int:
        self.calls += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.calls <= self.fails:
            raise LookupError(self.calls)
        return self.calls


async def test_many_get_one_call_and_the_value_is_kept_until_forgotten() -> None:
    flights, maker = SingleFlight[str, int](), Maker()
    maker.gate.set()
    assert await asyncio.gather(*(flights.get("a", maker.make) for _ in range(5))) == [1] * 5
    assert await flights.get("a", maker.make) == 1
    flights.forget("a")
    assert await flights.get("a", maker.make) == 2


async def test_a_failure_reaches_all_and_is_not_kept() -> None:
    flights, maker = SingleFlight[str, int](), Maker(fails=1)
    maker.gate.set()
    results = await asyncio.gather(*(flights.get("a", maker.make) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3
    assert await flights.get("a", maker.make) == 2


async def test_who_stops_waiting_does_not_stop_the_others() -> None:
    flights, maker = SingleFlight[str, int](), Maker()
    first, second = (asyncio.create_task(flights.get("a", maker.make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    maker.gate.set()
    assert await second == 1
    assert await flights.get("a", maker.make) == 1


async def test_the_call_stops_when_nobody_waits() -> None:
    flights, maker = SingleFlight[str, int](), Maker()
    waiting = asyncio.create_task(flights.get("a", maker.make))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0)
    maker.gate.set()
    assert maker.cancelled == 1
    assert await flights.get("a", maker.make) == 2
