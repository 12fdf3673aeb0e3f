"""An engine that tells what a test has written down, in place of one that searches."""

import asyncio
from collections.abc import AsyncGenerator

from codehost.model.searching import RepositoryHits, Searched, SearchRequest


class Told:
    """Tells ``events`` in their order; waits for one that is to happen, and raises one that is an error."""

    def __init__(self, *events: RepositoryHits | Searched | asyncio.Event | Exception) -> None:
        self._events = events
        self.asked: list[SearchRequest] = []
        self.ended = asyncio.Event()

    async def search(self, request: SearchRequest) -> AsyncGenerator[RepositoryHits | Searched, None]:
        self.asked.append(request)
        try:
            for event in self._events:
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, asyncio.Event):
                    await event.wait()
                else:
                    yield event
        finally:
            self.ended.set()
