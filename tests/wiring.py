"""The real parts, wired as the program wires them, with the simulator's mirror at the far end."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from codehost.download.downloader import Downloader
from codehost.ingest import ingest
from codehost.model import codehosts
from codehost.model.codehosts import CodeHostConfig, RateLimit
from codehost.model.datadir import DataDirectory
from codehost.model.events import Event, NotSynced, Returned, Synced
from codehost.model.jobs import LeasedJob
from codehost.model.members import IngestReport, IngestRequest, Limits
from codehost.model.pins import parse_pin
from codehost.model.tally import Tally
from codehost.net.fetcher import HttpFetcher
from codehost.pipeline import Ingester, Pipeline, Publish
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.mirrors import MirrorRoots
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.resolve.resolver import Resolver
from codehost.sync import CodeHostSync
from codehost.worker import Worker
from tests.record.helpers import pinned, replan
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Mirror
from tests.walking import repositories_below

T = TypeVar("T", bound=Event)
LEASE = 60.0


class Watcher:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.events: list[Event] = []
        self.total: int | None = None
        self.requests_per_hour: int | None = None

    def begin(self, *, total: int, requests_per_hour: int | None) -> None:
        self.total = total
        self.requests_per_hour = requests_per_hour
        self.tally.begin(total, 0.0)

    def notify(self, event: Event) -> None:
        self.events.append(event)
        self.tally.notify(event)

    def ends(self) -> list[type[Event]]:
        """How jobs ended, in order."""
        return [type(event) for event in self.events if isinstance(event, Synced | NotSynced | Returned)]

    def of(self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]


async def at_once(_: float) -> None:
    """Do not wait before the next attempt."""


async def publish_only(_: Synced, publish: Publish) -> None:
    """Finish a release without recording it."""
    await publish()


class NoLimit:
    async def spend(self) -> None:
        pass


@dataclass(slots=True)
class ThreadIngester:
    """The work of a child process, in a thread: the children themselves are judged elsewhere.

    ``before`` runs first and may fail, block or count.
    """

    before: Callable[[IngestRequest], Awaitable[None]] | None = None
    requests: list[IngestRequest] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def ingest(self, request: IngestRequest) -> IngestReport:
        self.requests.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.before is not None:
                await self.before(request)
            return await asyncio.to_thread(ingest, request)
        finally:
            self.at_once -= 1


def data_directory(root: Path) -> DataDirectory:
    data = DataDirectory(root / "data")
    for folder in (data.repositories, data.spool, data.staging):
        folder.mkdir(parents=True, exist_ok=True)
    return data


def config_for(
    mirror: Mirror, *pins: str, requests_per_hour: int | None = None, limits: Limits | None = None
) -> CodeHostConfig:
    return CodeHostConfig(
        mirrors=(codehosts.Mirror(url=mirror.url),),
        pins=tuple(parse_pin(pin) for pin in pins),
        rate_limit=RateLimit(requests_per_hour=requests_per_hour),
        limits=limits or Limits(),
    )


def add_sdist(mirror: Mirror, pin: str, marker: str = "") -> str:
    """List an sdist for the pin; returns its sha256."""
    project, version = pin.split("==")
    data = make_sdist(project, version, {"marker.txt": marker.encode()} if marker else {})
    mirror.add(f"{project}-{version}.tar.gz", data)
    return hashlib.sha256(data).hexdigest()


def remains(data: DataDirectory) -> list[str]:
    return sorted(path.name for folder in (data.spool, data.staging) for path in folder.iterdir())


def published_repositories(data: DataDirectory) -> list[str]:
    return repositories_below(data.repositories)


@dataclass(slots=True, kw_only=True)
class Bench:
    """One code host on a real database and a real mirror."""

    database: Database
    data: DataDirectory
    config: CodeHostConfig
    fetcher: HttpFetcher
    code_host_id: int = 0
    ingester: Ingester = field(default_factory=ThreadIngester)
    watcher: Watcher = field(default_factory=Watcher)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.database)

    @property
    def releases(self) -> Releases:
        return Releases(self.database)

    @property
    def reports(self) -> Reports:
        return Reports(self.database)

    def pipeline(self) -> Pipeline:
        return Pipeline(
            config=self.config,
            data=self.data,
            resolver=Resolver(self.fetcher, self.config.mirrors, MirrorRoots(self.database, self.code_host_id)),
            downloader=Downloader(self.fetcher, self.data.spool, sleep=at_once),
            ingester=self.ingester,
            observer=self.watcher,
        )

    def worker(self, concurrency: int = 8) -> Worker:
        return Worker(
            jobs=self.jobs,
            code_host_id=self.code_host_id,
            pipeline=self.pipeline(),
            observer=self.watcher,
            concurrency=concurrency,
        )

    def sync(self, *pins: str) -> CodeHostSync:
        """A sync of the code host as it is configured, or with other pins."""
        if pins:
            self.config = replace(self.config, pins=tuple(parse_pin(pin) for pin in pins))
        self.watcher = Watcher()

        @asynccontextmanager
        async def make_worker(_: int) -> AsyncIterator[Worker]:
            yield self.worker()

        return CodeHostSync(
            name="host",
            code_host_id=self.code_host_id,
            config=self.config,
            data=self.data,
            jobs=self.jobs,
            releases=self.releases,
            reports=self.reports,
            view=self.watcher,
            make_worker=make_worker,
        )

    async def claim(self, owner: str = "test") -> list[LeasedJob]:
        return await self.jobs.claim(self.code_host_id, owner, 100, LEASE)


async def queue(parts: Bench, mirror: Mirror, *pins: str) -> None:
    """Offer sdists, and pin them: them alone."""
    for pin in pins:
        add_sdist(mirror, pin)
    await replan(parts.database, parts.code_host_id, pins)


@asynccontextmanager
async def bench(
    database: Database, root: Path, mirror: Mirror, pins: Sequence[str], *, queued: bool = True
) -> AsyncIterator[Bench]:
    """A bench for these pins; with ``queued`` their jobs are queued already."""
    async with HttpFetcher(NoLimit(), sleep=at_once) as fetcher:
        yield Bench(
            database=database,
            data=data_directory(root),
            config=config_for(mirror, *pins),
            fetcher=fetcher,
            code_host_id=await pinned(database, *(pins if queued else ())),
        )
