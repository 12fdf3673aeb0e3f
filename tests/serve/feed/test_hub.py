"""Many followers, few questions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from codehost.model.errors import UserError
from codehost.record.feed import START, FeedPage, Position
from codehost.serve.feed.hub import Hub


@dataclass(slots=True)
class Source:
    """A feed without a database: what is asked of it is counted."""

    at: int = 0
    pages: int = 0
    asked: set[tuple[int, int, str | None]] = field(default_factory=set)
    away: bool = False
    slow: asyncio.Event = field(default_factory=asyncio.Event)
    bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def identity(self) -> int:
        return 7

    async def newest(self) -> Position:
        if self.away:
            raise UserError("away")
        return Position(sequence=self.at, at=self.at)

    async def knows(self, position: Position) -> bool:
        return position.sequence <= self.at

    async def page(self, after: int, limit: int, code_host: str | None = None) -> FeedPage:
        self.asked.add((after, limit, code_host))
        self.pages += 1
        await self.slow.wait()
        if self.away:
            raise UserError("away")
        return FeedPage(items=(), end=await self.newest(), more=False)

    async def woken(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.bell.wait(), seconds)
        self.bell.clear()
        return True

    def append(self) -> None:
        self.at += 1
        self.bell.set()


@asynccontextmanager
async def running(source: Source) -> AsyncIterator[Hub]:
    hub = Hub(source, source.woken, asyncio.Event())
    task = asyncio.create_task(hub.run())
    try:
        yield hub
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_all_who_wait_are_woken_and_ask_once() -> None:
    source = Source()
    source.slow.set()
    async with running(source) as hub:

        async def follow() -> int:
            assert await hub.wait_beyond(0, 10)
            return (await hub.page(0, 10, None)).end.sequence

        followers = [asyncio.create_task(follow()) for _ in range(200)]
        await asyncio.sleep(0.1)
        source.append()
        assert set(await asyncio.gather(*followers)) == {1}
        assert source.pages == 1


async def test_other_questions_are_other_questions() -> None:
    source = Source(at=3)
    source.slow.set()
    async with running(source) as hub:
        await asyncio.gather(hub.page(0, 10, None), hub.page(1, 10, None), hub.page(1, 10, "x"), hub.page(1, 9, None))
        assert (source.pages, len(source.asked)) == (4, 4)


async def test_who_was_woken_gets_no_answer_from_before() -> None:
    source = Source()
    async with running(source) as hub:
        early = asyncio.create_task(hub.page(0, 10, None))
        await asyncio.sleep(0.1)
        source.append()
        assert await hub.wait_beyond(0, 10)
        late = asyncio.create_task(hub.page(0, 10, None))
        await asyncio.sleep(0)
        source.slow.set()
        await asyncio.gather(early, late)
        assert source.pages == 2


async def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    source = Source()
    async with running(source) as hub:
        asking = [asyncio.create_task(hub.page(0, 10, None)) for _ in range(2)]
        await asyncio.sleep(0.05)
        asking[0].cancel()
        source.slow.set()
        assert (await asking[1]).end == START
        assert asking[0].cancelled()


async def test_an_error_is_everybodys_and_the_next_question_is_asked_anew() -> None:
    source = Source(away=True)
    source.slow.set()
    async with running(source) as hub:
        asked = await asyncio.gather(*(hub.page(0, 10, None) for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in asked] == [UserError] * 3
        source.away = False
        assert (await hub.page(0, 10, None)).end == START


async def test_waiting_ends_by_time_and_at_the_end_of_the_server() -> None:
    source = Source()
    async with running(source) as hub:
        assert not await hub.wait_beyond(0, 0.05)
        waiting = asyncio.create_task(hub.wait_beyond(0, 60))
        await asyncio.sleep(0.05)
        hub.stopping.set()
        assert not await asyncio.wait_for(waiting, 5)
        assert not await asyncio.wait_for(hub.wait_beyond(0, 60), 5)


async def test_a_feed_that_is_away_for_a_while_is_followed_again() -> None:
    source = Source(away=True)
    async with running(source) as hub:
        waiting = asyncio.create_task(hub.wait_beyond(0, 10))
        await asyncio.sleep(0.1)
        source.away = False
        source.append()
        assert await waiting
