"""An engine that tells what a test has written down, and what it found."""

import asyncio
from collections.abc import AsyncGenerator

from codehost.model.searching import (
    Engine as Kind,
)
from codehost.model.searching import (
    FileHits,
    LineHit,
    RepositoryHits,
    Searched,
    SearchRequest,
    Span,
)

COMMIT = "0123456789" * 4


def hit(
    number: int, text: str, *spans: tuple[int, int], before: tuple[str, ...] = (), after: tuple[str, ...] = ()
) -> LineHit:
    return LineHit(
        number=number,
        text=text,
        spans=tuple(Span(start=start, end=end) for start, end in spans),
        before=before,
        after=after,
    )


def found(*files: FileHits, project: str = "six", version: str = "1.0") -> RepositoryHits:
    return RepositoryHits(
        release_id=7,
        repository=f"python/{project}/{version}",
        code_host="h",
        project=project,
        version=version,
        commit=COMMIT,
        files=files,
    )


def searched(files: int, lines: int, why: str | None = None) -> Searched:
    return Searched(
        engine=Kind.SCAN, seconds=0.5, repositories=2, in_scope=3, files=files, lines=lines, why_incomplete=why
    )


class Engine:
    """Tells ``events`` in their order; waits for one that is to happen, and raises one that is an error."""

    def __init__(self, *events: RepositoryHits | Searched | asyncio.Event | Exception) -> None:
        self._events = events or (searched(0, 0),)
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
