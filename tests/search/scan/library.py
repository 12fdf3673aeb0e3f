"""Releases that are recorded and on the disk, and an engine over them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from codehost.model.datadir import DataDirectory
from codehost.model.members import Member
from codehost.model.searching import RepositoryHits, Searched, SearchRequest
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.searchable import SearchableRelease
from codehost.search.scan.engine import ScanEngine
from codehost.search.scan.limits import ScanLimits
from tests.record.helpers import download, pinned, report, resolution
from tests.serve.pages.site import make_repository, member

LIMITS = ScanLimits(children=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """The record, the repositories, and the engine."""

    database: Database
    data: DataDirectory
    engine: ScanEngine

    async def search(self, request: SearchRequest) -> tuple[list[RepositoryHits], Searched]:
        """All that is found."""
        *found, end = [one async for one in self.engine.search(request)]
        assert isinstance(end, Searched)
        return [one for one in found if isinstance(one, RepositoryHits)], end


async def record(
    database: Database, *pins: str, name: str = "host", pattern: str = "python/{project}/{version}"
) -> None:
    """Releases of one code host, synced in the order of ``pins``: the last one last."""
    host = await pinned(database, *pins, name=name, pattern=pattern)
    jobs = Jobs(database)
    claimed = {job.repository: job for job in await jobs.claim(host, "w", len(pins), 60)}
    for pin in pins:
        project, _, version = pin.partition("==")
        job = claimed[pattern.format(project=project, version=version)]
        await jobs.complete(job, resolution(job), download(job), report())


@asynccontextmanager
async def library(
    folder: Path, releases: Mapping[str, list[Member]], limits: ScanLimits = LIMITS
) -> AsyncIterator[Library]:
    """``releases``: the members of each pin's repository; the last one is synced last."""
    data = DataDirectory(folder)
    for pin, members in releases.items():
        project, _, version = pin.partition("==")
        make_repository(data, f"python/{project}/{version}", members, tag=f"v{version}")
    async with open_database(None, folder) as database:
        if releases:
            await record(database, *releases)
        async with ScanEngine(database, data, limits) as engine:
            yield Library(database=database, data=data, engine=engine)


def text(path: str, content: str) -> Member:
    """A file."""
    return member(path.encode(), content.encode())


def release(number: int, size: int) -> SearchableRelease:
    return SearchableRelease(
        release_id=number,
        repository=f"python/p{number}/1",
        code_host="host",
        project=f"p{number}",
        version="1",
        pinned_version="1",
        commit="c" * 40,
        yanked=False,
        synced_at=number,
        unpacked_bytes=size,
    )
