"""Work that is done for somebody who waits: without him, it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

from codehost.serve.feed.events import is_gone

T = TypeVar("T")

# aiohttp tells nobody that a client has gone, unless every handler is to be cancelled for it; what writes must not be.
_LOOK_SECONDS = 0.5
# Whoever takes nothing for so long has gone; others wait for the turn.
_STALLED_SECONDS = 30.0


async def unless_gone(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """Do the work, and end it when the client hangs up.

    Raises:
        ConnectionResetError: it has hung up.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            if not task.done() and is_gone(request):
                raise ConnectionResetError
        return await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def write(response: web.StreamResponse, what: bytes) -> None:
    """Send a piece of an answer.

    Raises:
        TimeoutError: the client takes nothing.
        ConnectionError: it has hung up.
    """
    async with asyncio.timeout(_STALLED_SECONDS):
        await response.write(what)
