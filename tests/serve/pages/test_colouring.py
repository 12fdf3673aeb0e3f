"""Processes that find colours: what takes too long, or dies, costs the colours of one file."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from codehost.serve.pages.colouring import Colouring
from codehost.serve.pages.limits import PageLimits

LINES = ("x = 1", "y = 2")
# Enough for seconds of work.
MANY = ("def f(a, b=1, *c, **d): return {a: [b, 'x'] for e in c if d['y'] + 0x1f}",) * 60_000


@asynccontextmanager
async def colouring(highlighters: int = 1, **limits: float) -> AsyncIterator[Colouring]:
    made = Colouring(PageLimits(highlighters=highlighters, **limits))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def test_found_once_and_remembered() -> None:
    async with colouring(highlighting_seconds=30) as made:
        found = await made.fragments("a", LINES, "x.py")
        assert found is not None
        assert len(found) == 2
        assert await made.fragments("a", LINES, "x.py") is found
        assert await made.fragments("a", LINES, "x.unheard-of") is None


async def test_those_who_come_first_at_once_leave_nothing_behind() -> None:
    before = set(multiprocessing.active_children())
    async with colouring(highlighting_seconds=30, highlighters=2) as made:
        found = await asyncio.gather(*(made.fragments(sha, LINES, "x.py") for sha in "ab"))
        assert None not in found
    assert set(multiprocessing.active_children()) <= before


async def test_memory_is_bounded() -> None:
    async with colouring(highlighting_seconds=30, kept_characters=1_000) as made:
        first = await made.fragments("a", LINES, "x.py")
        for sha in "bcdefghijkl":
            await made.fragments(sha, LINES, "x.py")
        assert await made.fragments("a", LINES, "x.py") is not first
        assert made.kept_characters <= 1_000


async def test_what_takes_too_long_is_ended_and_the_next_is_not_harmed() -> None:
    async with colouring(highlighting_seconds=1.5) as made:
        assert await made.fragments("warm", LINES, "x.py") is not None
        loop, turns = asyncio.get_running_loop(), 0
        slow = asyncio.ensure_future(made.fragments("a", MANY, "x.py"))
        started = loop.time()
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert await slow is None
        assert loop.time() - started < 4.5  # who only waits for it gives up after 5
        assert turns > 10
        assert await made.fragments("b", LINES, "x.py") is not None


async def test_a_process_that_dies_is_replaced() -> None:
    async with colouring(highlighting_seconds=30) as made:
        assert await made.fragments("a", LINES, "x.py") is not None
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        found = None
        for _ in range(100):
            found = found or await made.fragments("b", LINES, "x.py")
            await asyncio.sleep(0 if found else 0.1)
        assert found is not None
