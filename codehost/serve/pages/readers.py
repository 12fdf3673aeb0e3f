"""The threads that read repositories, and how many requests may wait for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

R = TypeVar("R")


class BusyError(Exception):
    """So many requests wait that one more would wait too long."""

    def __str__(self) -> str:
        return "too many requests wait for a page"


class Readers:
    """A bounded number of threads with a bounded queue.

    Args:
        threads: how many.
        waiting: how many requests may wait beside those that are read for.
    """

    def __init__(self, threads: int, waiting: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self._most = threads + waiting
        self._asked = 0

    async def run(self, read: Callable[[], R]) -> R:
        """What ``read`` returns or raises.

        Raises:
            BusyError: the queue is full.
        """
        if self._asked >= self._most:
            raise BusyError
        self._asked += 1
        # It counts until its thread is done with it, even if nobody waits any more.
        future = self._executor.submit(read)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done) if not loop.is_closed() else None)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Wait for what is being read, and drop the rest."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    def _done(self) -> None:
        self._asked -= 1
