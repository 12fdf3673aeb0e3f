"""Who looks after all requests: those that take too long, move too little or have lost their client are ended."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from codehost.serve.git.exchange import Exchange
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.progress import Ending, ending

_LOOK_SECONDS = 0.5
# Ending a request takes a signal to git and its last pipe; a disk that hangs may keep it for ever.
_FAREWELL_SECONDS = 5.0


class Guard:
    """Looks at every request twice a second, as long as there is one."""

    def __init__(self, limits: GitLimits) -> None:
        self._limits = limits
        self._watched: set[Exchange] = set()
        self._watch: asyncio.Task[None] | None = None
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def watched(self) -> int:
        """How many requests are under way."""
        return len(self._watched)

    @contextmanager
    def watching(self, exchange: Exchange) -> Iterator[None]:
        """Look after a request while the context lasts."""
        self._watched.add(exchange)
        self._empty.clear()
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._watched.discard(exchange)
            if not self._watched:
                self._empty.set()
                self._watch.cancel()

    async def close(self) -> None:
        """End all requests, and wait until they have ended."""
        for exchange in list(self._watched):
            exchange.end(Ending.SHUTDOWN)
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await self._empty.wait()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for exchange in list(self._watched):
                why = Ending.GONE if exchange.is_gone else ending(exchange.progress, self._limits, exchange.clock())
                if why is not None:
                    exchange.end(why)
