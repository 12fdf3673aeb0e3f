"""One for all who follow the feed: a single listener wakes them, and equal questions are asked of the database once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from typing import Any, Protocol, TypeVar, cast

import structlog

from codehost.model.errors import UserError
from codehost.record.feed import START, FeedPage, Position

# Wake-ups may get lost; the feed is looked at so often anyway.
_LOOK_SECONDS = 10.0
# News that come in a burst are told together.
_GATHER_SECONDS = 0.05
# Followers leave the other connections of the pool to the rest of the server.
_READS_AT_ONCE = 4

T = TypeVar("T")

log = structlog.get_logger("codehost.serve")


class Feed(Protocol):
    """The feed in the record."""

    async def identity(self) -> int:
        """The number that no other feed has."""
        ...

    async def newest(self) -> Position:
        """The position behind the last entry."""
        ...

    async def knows(self, position: Position) -> bool:
        """Whether this feed has given the position."""
        ...

    async def page(self, after: int, limit: int, code_host: str | None = None) -> FeedPage:
        """At most ``limit`` entries behind the one with the number ``after``."""
        ...


class Hub:
    """The feed for any number of followers in this process.

    Args:
        feed: the record's.
        woken: waits at most so many seconds until there may be news.
        stopping: set when the server is about to end: nobody waits any longer then.
    """

    def __init__(self, feed: Feed, woken: Callable[[float], Awaitable[object]], stopping: asyncio.Event) -> None:
        self._feed = feed
        self._woken = woken
        self.stopping = stopping
        self._newest = START
        self._news = asyncio.Event()
        self._asked: dict[Hashable, asyncio.Task[Any]] = {}
        self._gate = asyncio.Semaphore(_READS_AT_ONCE)

    async def run(self) -> None:
        """Listen, and wake the followers, until this is cancelled."""
        ending = asyncio.create_task(self._end())
        try:
            while True:
                await self._look()
                await asyncio.sleep(_GATHER_SECONDS)
                await self._woken(_LOOK_SECONDS)
        finally:
            ending.cancel()

    async def identity(self) -> int:
        """The number of the feed. Asked anew each time: a database may be restored under a server that runs."""
        return await self._once("identity", self._feed.identity)

    async def knows(self, position: Position) -> bool:
        """Whether the feed has given the position."""
        return await self._once(("knows", position, self._newest), lambda: self._feed.knows(position))

    async def page(self, after: int, limit: int, code_host: str | None) -> FeedPage:
        """As the feed's. Whoever asks the same at the same time gets the same answer."""
        # Who was woken for news must not get an answer from before them.
        question = ("page", after, limit, code_host, self._newest)
        return await self._once(question, lambda: self._feed.page(after, limit, code_host))

    async def wait_beyond(self, sequence: int, seconds: float) -> bool:
        """Wait for entries behind that number, at most so long; return whether there are.

        Returns at once when the server is about to end.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._newest.sequence <= sequence and not self.stopping.is_set():
                    await self._news.wait()
        return self._newest.sequence > sequence

    async def _look(self) -> None:
        try:
            newest = await self._feed.newest()
        except UserError as error:
            log.warning("feed not readable", action="feed_unreadable", error=str(error))
            return
        if newest != self._newest:
            self._newest = newest
            self._tell()

    async def _end(self) -> None:
        await self.stopping.wait()
        self._tell()

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()

    async def _once(self, question: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        task = self._asked.get(question)
        if task is None:
            task = self._asked[question] = asyncio.create_task(self._ask(ask))
            task.add_done_callback(lambda done: self._answered(question, done))
        # Who goes away must not take the answer from the others.
        return cast("T", await asyncio.shield(task))

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T:
        async with self._gate:
            return await ask()

    def _answered(self, question: Hashable, task: "asyncio.Task[Any]") -> None:
        del self._asked[question]
        if not task.cancelled():
            task.exception()  # whoever asked may be gone; then nobody else looks at it
