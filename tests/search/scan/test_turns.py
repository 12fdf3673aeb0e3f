import asyncio

import pytest

from codehost.search.scan.limits import ScanLimits
from codehost.search.scan.turns import TooManySearchesError, Turns


async def test_turns_come_in_order() -> None:
    turns = Turns(ScanLimits(at_once=1, waiting=2))
    order: list[int] = []

    async def take(number: int) -> None:
        async with turns.taken(60):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(take(1), take(2), take(3))
    assert order == [1, 2, 3]
    await take(4)


async def test_who_is_refused_takes_no_place() -> None:
    turns = Turns(ScanLimits(at_once=1, waiting=0))
    async with turns.taken(60):
        for _ in range(3):
            with pytest.raises(TooManySearchesError) as raised:
                await turns._wait()  # noqa: SLF001 - the entry alone
            assert str(raised.value).startswith("1 search is under way, and others wait already.")
    async with turns.taken(60):
        pass


async def test_who_goes_away_while_waiting_leaves_its_place() -> None:
    turns = Turns(ScanLimits(at_once=1, waiting=1))
    async with turns.taken(60):
        waits = asyncio.create_task(turns._wait())  # noqa: SLF001 - the entry alone
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.wait((waits,))
        with pytest.raises(TooManySearchesError, match=r"waited for 0\.01 s"):
            await Turns(ScanLimits(at_once=0, waiting_seconds=0.01))._wait()  # noqa: SLF001 - the entry alone
    async with turns.taken(60):
        pass


async def test_who_keeps_a_turn_for_too_long_loses_it() -> None:
    turns = Turns(ScanLimits(at_once=1, waiting=1))
    async with turns.taken(0.01):
        async with turns.taken(60):
            pass
        # It is given back once only.
        waits = asyncio.create_task(turns._wait())  # noqa: SLF001 - the entry alone
        await asyncio.wait((waits,), timeout=5)
        assert waits.done()
    with pytest.raises(TooManySearchesError):
        await Turns(ScanLimits(at_once=0, waiting=0))._wait()  # noqa: SLF001 - the entry alone
