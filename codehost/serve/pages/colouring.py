"""The processes that find colours. A text whose colours are not found in time is shown without."""

import asyncio
from collections import OrderedDict
from contextlib import suppress

import structlog
from pebble import ProcessPool

from codehost.children import ChildLimits, make_pool, outcome
from codehost.model.members import MIB
from codehost.serve.pages import colours
from codehost.serve.pages.colours import colour
from codehost.serve.pages.limits import PageLimits

_MEMORY = 1024 * MIB
# What a child has learnt of lexers is worth keeping; what it has leaked is not.
_TASKS_EACH = 500
# For a process that has to start first.
_GRACE = 2.0

log = structlog.get_logger("codehost.serve")


class Colouring:
    """Finds the colours of texts, in children of its own that can be killed, and remembers some of them."""

    def __init__(self, limits: PageLimits) -> None:
        self._limits = limits
        self._pool: ProcessPool | None = None
        self._making = asyncio.Lock()
        self._free = asyncio.Semaphore(limits.highlighters)
        self._kept: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()
        self._characters = 0

    @property
    def kept_characters(self) -> int:
        """How much is remembered."""
        return self._characters

    async def fragments(self, sha: str, lines: tuple[str, ...], filename: str) -> tuple[str, ...] | None:
        """An HTML fragment for each line of the text whose object is ``sha``; None when it is shown without colours."""
        key = (sha, filename)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known
        try:
            # Whoever waits for a process has not begun; the time for that is bounded as well.
            async with asyncio.timeout(2 * self._limits.highlighting_seconds + _GRACE), self._free:
                found = await self._find(lines, filename)
        except TimeoutError:
            return None
        if found is None:
            return None
        self._keep(key, tuple(found))
        return self._kept.get(key, tuple(found))

    async def close(self) -> None:
        """End the processes."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(pool.join)

    async def _find(self, lines: tuple[str, ...], filename: str) -> list[str] | None:
        try:
            pool = await self._ready()
            future = pool.schedule(colour, args=[lines, filename])
            return await outcome(pool, future, self._limits.highlighting_seconds)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a lexer may raise anything, and its process may end in any way
            log.warning("no colours for a file", action="colours_failed", why=type(error).__name__)
            return None

    async def _ready(self) -> ProcessPool:
        # Two who come at once would make two pools, and one of them would never be ended.
        async with self._making:
            if self._pool is None or not self._pool.active:
                await self.close()
                self._pool = await asyncio.to_thread(self._make_pool)
            return self._pool

    def _make_pool(self) -> ProcessPool:
        limits = ChildLimits(memory_bytes=_MEMORY, file_bytes=0)
        return make_pool(self._limits.highlighters, limits, colours.__name__, _TASKS_EACH)

    def _keep(self, key: tuple[str, str], fragments: tuple[str, ...]) -> None:
        count = sum(map(len, fragments))
        if count > self._limits.kept_characters // 4:
            return
        with suppress(KeyError):
            self._characters -= sum(map(len, self._kept.pop(key)))
        self._kept[key] = fragments
        self._characters += count
        while self._characters > self._limits.kept_characters:
            _, dropped = self._kept.popitem(last=False)
            self._characters -= sum(map(len, dropped))
