"""The search endpoint behind the whole application, over whatever engine a test has."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import ClientSession

from codehost.model.searching import (
    Engine,
    FileHits,
    LineHit,
    RepositoryHits,
    Searched,
    Searching,
    SearchRequest,
    Span,
)
from codehost.record.database import open_database
from codehost.record.tokens import Tokens
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.search import Search
from codehost.serve.application import Parts, application
from codehost.serve.listening import Listening, listening
from tests.serve.api.feeding import Served

LINE = LineHit(number=7, text="a needle", spans=(Span(start=2, end=8),), before=("b",), after=("c",))
END = Searched(engine=Engine.SCAN, seconds=0.5, repositories=2, in_scope=3, files=1, lines=1, why_incomplete="Late.")


def hits(project: str, *paths: str) -> RepositoryHits:
    return RepositoryHits(
        release_id=1,
        repository=f"python/{project}/1",
        code_host="host",
        project=project,
        version="1",
        commit="c" * 40,
        files=tuple(FileHits(path=path, language="Python", lines=(LINE,)) for path in paths),
    )


@dataclass(slots=True, kw_only=True)
class Told:
    """An engine that tells these; an error is raised in its place, and an event is waited for."""

    events: Sequence[RepositoryHits | Searched | Exception | asyncio.Event]
    asked: list[SearchRequest] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(self, request: SearchRequest) -> AsyncGenerator[RepositoryHits | Searched, None]:
        self.asked.append(request)
        try:
            for event in self.events:
                if isinstance(event, Exception):
                    raise event
                if isinstance(event, asyncio.Event):
                    await event.wait()
                else:
                    yield event
        finally:
            self.closed.set()


@asynccontextmanager
async def searched(engine: Searching, folder: Path, *, base: str = "") -> AsyncIterator[Served]:
    """Serve the endpoint while the context lasts."""
    traffic = Traffic()
    async with open_database(None, folder) as database, ClientSession() as session:
        gate = Gate(Tokens(database), Reading.OPEN)
        parts = Parts(
            gate=gate,
            traffic=traffic,
            version="1",
            endpoints=Search(engine).endpoints(),
            site=Site(base=base),
            hosts=HostNames(names=frozenset({"127.0.0.1"})),
        )

        async def drain() -> None:
            await traffic.drain(10)
            await gate.close()

        where = Listening(address="127.0.0.1", port=0)
        async with listening(application(parts), where, drain=drain, farewell=1) as door:
            yield Served(root=f"http://127.0.0.1:{door.port}{base}", session=session, traffic=traffic)
