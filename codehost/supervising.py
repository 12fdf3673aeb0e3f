"""Loops that go on for months: whatever ends one, it begins again after a while, and says why.

A database that restarts ends all loops for a moment; a defect ends one of them, again and again. Neither ends the
program.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from codehost.model.errors import UserError

_FIRST = 0.5
_LONGEST = 30.0
# Who has gone on for so long has recovered.
_WELL = 60.0
_JITTER = 0.5

log = structlog.get_logger("codehost.worker")


@dataclass(slots=True)
class Troubles:
    """What is in the way of each loop, in sentences; a loop that goes on has none."""

    by_loop: dict[str, str] = field(default_factory=dict)

    def first(self) -> str | None:
        """One of them, if any."""
        return next(iter(self.by_loop.values()), None)


async def keep_running(
    name: str, work: Callable[[], Awaitable[object]], stop: asyncio.Event, troubles: Troubles
) -> None:
    """Run ``work`` until it returns by itself, and again after a while whenever it raises, until ``stop`` is set."""
    clock = asyncio.get_running_loop().time
    pause = _FIRST
    while True:
        began = clock()
        waiting = asyncio.create_task(_forget_later(name, troubles))
        try:
            await work()
        except UserError as error:
            troubles.by_loop[name] = str(error)
            log.warning("trouble", action="trouble", loop=name, error=str(error))
        except Exception as error:  # a defect must cost one loop a moment, and not the program
            what = type(error).__name__
            troubles.by_loop[name] = f"The worker's part {name} meets an unexpected {what}: see its log."
            log.exception("loop crashed", action="loop_crashed", loop=name)
        else:
            troubles.by_loop.pop(name, None)
            return
        finally:
            waiting.cancel()
        if clock() - began > _WELL:
            pause = _FIRST
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause * (1 + _JITTER * random.random()))  # noqa: S311 - spreads workers
        if stop.is_set():
            return
        pause = min(pause * 2, _LONGEST)


async def _forget_later(name: str, troubles: Troubles) -> None:
    """What has gone on for some seconds is out of trouble."""
    await asyncio.sleep(2.0)
    troubles.by_loop.pop(name, None)
