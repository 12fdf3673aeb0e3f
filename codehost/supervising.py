"""Loops that go on for months: whatever ends one, it begins again after a while, and says why.

A database that restarts ends all loops for a moment; a defect ends one of them, again and again. Neither ends the
program.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from codehost.model.errors import UserError

_FIRST = 0.5
_LONGEST = 30.0
# Who has gone on for so long has recovered.
_WELL = 60.0
_LEAST_WELL = 2.0
_JITTER = 0.5

log = structlog.get_logger("codehost.worker")


@dataclass(slots=True)
class Troubles:
    """What is in the way of each loop, in sentences; a loop that goes on has none.

    A sentence is logged once, however many loops it is true of, until all of them go on.
    """

    by_loop: dict[str, str] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _rises: asyncio.Event = field(default_factory=asyncio.Event)

    def first(self) -> str | None:
        """One of them, if any."""
        return next(iter(self.by_loop.values()), None)

    def fall(self, name: str, sentence: str) -> None:
        """A loop cannot go on, which is nobody's defect."""
        self.by_loop[name] = sentence
        if sentence not in self._said:
            self._said.add(sentence)
            log.warning("trouble", action="trouble", loop=name, error=sentence)

    def rise(self, name: str) -> None:
        """A loop goes on again, or is no more; what others wait for may be there, too."""
        if self.by_loop.pop(name, None) is None:
            return
        self._rises.set()
        self._rises = asyncio.Event()
        if self._said and not self.by_loop:
            self._said.clear()
            log.info("out of trouble", action="trouble_over")

    async def pause(self, seconds: float, stop: asyncio.Event) -> None:
        """Wait so long, or until a loop goes on again or ``stop`` is set."""
        await first_of(seconds, stop, self._rises)


async def keep_running(
    name: str, work: Callable[[], Awaitable[object]], stop: asyncio.Event, troubles: Troubles
) -> None:
    """Run ``work`` until it returns by itself, and again after a while whenever it raises, until ``stop`` is set."""
    clock = asyncio.get_running_loop().time
    pause, well = _FIRST, _LEAST_WELL
    while True:
        began = clock()
        waiting = asyncio.create_task(_rise_later(name, troubles, well))
        try:
            await work()
        except UserError as error:
            troubles.fall(name, str(error))
        except Exception as error:  # a defect must cost one loop a moment, and not the program
            what = type(error).__name__
            troubles.by_loop[name] = f"The worker's part {name} meets an unexpected {what}: see its log."
            log.exception("loop crashed", action="loop_crashed", loop=name)
        else:
            troubles.rise(name)
            return
        finally:
            waiting.cancel()
        lasted = clock() - began
        if lasted > _WELL:
            pause, well = _FIRST, _LEAST_WELL
        else:
            # A server that does not even refuse takes its time to fail: until then nobody knows.
            well = max(_LEAST_WELL, lasted * (1 + _JITTER))
        await troubles.pause(pause * (1 + _JITTER * random.random()), stop)  # noqa: S311 - spreads workers
        if stop.is_set():
            return
        pause = min(pause * 2, _LONGEST)


async def _rise_later(name: str, troubles: Troubles, seconds: float) -> None:
    """What has gone on for some time is out of trouble."""
    await asyncio.sleep(seconds)
    troubles.rise(name)


async def first_of(seconds: float, *events: asyncio.Event) -> None:
    """Wait until one of the events is set, at most so long."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
