import asyncio

import pytest

from codehost.serve.git.answers import Refusal
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.slots import Slots

LIMITS = GitLimits(processes=3, working=1, queue_length=2, queue_seconds=0.05, retry_seconds=7)


async def test_who_waits_for_a_client_keeps_nobody_from_working() -> None:
    slots = Slots(LIMITS)
    async with slots.turn() as first, asyncio.timeout(5):
        first.leave()
        async with slots.turn():
            coming = asyncio.create_task(first.come_back())
            await asyncio.sleep(0.01)
            assert not coming.done()
        await coming
        with pytest.raises(Refusal):
            async with slots.turn():
                pass


async def test_processes_are_bounded_even_if_none_works() -> None:
    slots = Slots(LIMITS)
    async with slots.turn() as one:
        one.leave()
        async with slots.turn() as two:
            two.leave()
            async with slots.turn() as three:
                three.leave()
                with pytest.raises(Refusal) as caught:
                    async with slots.turn():
                        pass
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "7"})
    for _ in range(4):
        async with slots.turn():
            pass


async def test_both_directions_share_a_turn() -> None:
    slots = Slots(LIMITS)
    async with slots.turn() as turn:
        turn.leave()
        turn.leave()
        await turn.come_back()
        async with slots.turn():
            pass
        await turn.come_back()
        with pytest.raises(Refusal):
            async with slots.turn():
                pass


async def test_a_full_queue_is_not_joined() -> None:
    slots = Slots(GitLimits(processes=1, working=1, queue_length=1, queue_seconds=30))
    async with slots.turn(), asyncio.timeout(5):
        waiting = asyncio.create_task(_pass(slots))
        await asyncio.sleep(0)
        with pytest.raises(Refusal):
            await _pass(slots)
    await waiting
    assert slots.waiting == 0


async def test_arrival_decides() -> None:
    slots = Slots(GitLimits(processes=9, working=1))
    order: list[int] = []

    async def come(number: int) -> None:
        async with slots.turn():
            order.append(number)

    async with slots.turn():
        tasks = [asyncio.create_task(come(number)) for number in range(5)]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_whoever_is_cancelled_in_the_queue_leaves_no_trace() -> None:
    slots = Slots(GitLimits(processes=2, working=1))
    async with slots.turn():
        task = asyncio.create_task(_pass(slots))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(5), slots.turn() as turn:
        turn.leave()
        await _pass(slots)


async def _pass(slots: Slots) -> None:
    async with slots.turn():
        pass
