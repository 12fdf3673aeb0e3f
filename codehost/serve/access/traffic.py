"""What is under way, and that no more is to come."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Traffic:
    """Counts requests. ``stopping`` is set when the server is about to end: whatever waits for news ends then."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._under_way = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def under_way(self) -> int:
        """How many requests are being answered."""
        return self._under_way

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request while the context lasts."""
        self._under_way += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._empty.set()

    async def drain(self, seconds: float) -> int:
        """Say that the end is near, and wait so long for the rest; returns how many requests are left."""
        self.stopping.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)
        return self._under_way
