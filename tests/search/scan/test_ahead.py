import asyncio
import time
from contextlib import aclosing

import pytest

from codehost.search.scan.ahead import in_order


async def _wait(event: asyncio.Event, number: int) -> int:
    await event.wait()
    return number * 10


async def test_in_order_and_only_some_ahead() -> None:
    events = [asyncio.Event() for _ in range(5)]
    started: list[int] = []

    def start(number: int) -> asyncio.Task[int]:
        started.append(number)
        return asyncio.create_task(_wait(events[number], number))

    for number in (1, 2, 0, 3, 4):
        events[number].set()
    results = in_order(iter(range(5)), start, ahead=2, deadline=time.monotonic() + 60, grace=0)
    async with aclosing(results):
        assert await anext(results) == (0, 0)
        assert started == [0, 1]
        assert [one async for one in results] == [(1, 10), (2, 20), (3, 30), (4, 40)]


async def test_what_is_late_is_given_up_and_what_is_there_is_told() -> None:
    events = [asyncio.Event() for _ in range(3)]
    events[1].set()
    tasks: list[asyncio.Task[int]] = []

    def start(number: int) -> asyncio.Task[int]:
        tasks.append(asyncio.create_task(_wait(events[number], number)))
        return tasks[-1]

    deadline = time.monotonic() + 0.05
    results = in_order(iter(range(3)), start, ahead=2, deadline=deadline, grace=0.05)
    assert [one async for one in results] == [(1, 10)]
    assert [task.cancelled() for task in tasks] == [True, False]


async def test_closing_cancels_what_is_under_way() -> None:
    stuck, done = asyncio.Event(), asyncio.Event()
    done.set()
    tasks: list[asyncio.Task[int]] = []

    def start(event: asyncio.Event) -> asyncio.Task[int]:
        tasks.append(asyncio.create_task(_wait(event, 1)))
        return tasks[-1]

    results = in_order(iter([done, stuck, stuck]), start, ahead=3, deadline=time.monotonic() + 60, grace=0)
    await anext(results)
    await results.aclose()
    assert [task.cancelled() for task in tasks] == [False, True, True]


async def test_an_error_ends_it_all() -> None:
    async def fail() -> int:
        raise ValueError("x")

    results = in_order(
        iter([1]), lambda _: asyncio.create_task(fail()), ahead=1, deadline=time.monotonic() + 60, grace=0
    )
    with pytest.raises(ValueError, match="x"):
        await anext(results)
