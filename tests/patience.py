"""Waiting for what happens by itself, in tests: until it has, however slow the machine, and not for ever."""

import asyncio
from collections.abc import Callable, Coroutine
from inspect import isawaitable
from typing import Any, TypeVar, overload

PATIENCE = 120.0

T = TypeVar("T")


@overload
async def eventually(look: Callable[[], Coroutine[Any, Any, T]]) -> T: ...


@overload
async def eventually(look: Callable[[], T]) -> T: ...


async def eventually(look: Callable[[], Any]) -> Any:
    """What ``look`` sees as soon as it sees anything.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            found = look()
            seen = await found if isawaitable(found) else found
            if seen:
                return seen
            await asyncio.sleep(0.02)
