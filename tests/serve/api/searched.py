"""The search endpoint behind the whole application, over whatever engine a test has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from codehost.model.searching import (
    Engine,
    FileHits,
    LineHit,
    RepositoryHits,
    Searched,
    Searching,
    Span,
)
from codehost.record.database import open_database
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.search import Search
from tests.serve.api.feeding import Served, serving

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


@asynccontextmanager
async def searched(engine: Searching, folder: Path, *, base: str = "") -> AsyncIterator[Served]:
    """Serve the endpoint while the context lasts."""
    async with (
        open_database(None, folder) as database,
        serving(database, Search(engine).endpoints(), Traffic(), base=base) as server,
    ):
        yield server
