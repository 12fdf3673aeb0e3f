"""The composition root: the only place where parts are wired together."""

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from codehost.children import ChildPool, child_limits
from codehost.config.loading import Loaded, load
from codehost.download.downloader import Downloader
from codehost.housekeeping import locked
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Observer
from codehost.model.jobs import JobState
from codehost.model.pins import PinError, parse_pin
from codehost.model.records import FailedRelease, ReleaseDetails
from codehost.model.summary import SyncSummary, summary_to_json
from codehost.model.tally import SyncView
from codehost.net.fetcher import HttpFetcher
from codehost.net.pacer import Pacer
from codehost.pipeline import Pipeline
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.identity import Identity, new_number
from codehost.record.jobs import Jobs
from codehost.record.ledger import LedgerBudget
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.record.texts import storable
from codehost.resolve.resolver import Resolver
from codehost.sync import INTERRUPTED, CodeHostSync
from codehost.verify import Verification, Verifier
from codehost.worker import Worker

__all__ = ["INTERRUPTED", "Loaded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where a command finds its state. ``database_url`` None: SQLite in the data directory; it may hold a password."""

    data: DataDirectory
    database_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """What ``codehost sync`` was asked for. ``name`` is the code host's; ``text`` may hold passwords."""

    name: str
    text: str = field(repr=False)
    config: CodeHostConfig
    prune: bool = False
    with_pins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """The outcome, and the summary object when it was asked for."""

    summary: SyncSummary
    as_json: dict[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostStatus:
    """One code host at a glance."""

    name: str
    counts: dict[JobState, int]
    retired: int
    failures: tuple[FailedRelease, ...]


def read_config(path: Path) -> Loaded:
    """Read a configuration file.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error


async def sync(storage: Storage, request: SyncRequest, view: SyncView, *, concurrency: int = 8) -> SyncResult:
    """Make the repositories follow the configuration. SIGINT and SIGTERM end it gracefully.

    Raises:
        UserError: the data directory or the database cannot be used.
    """
    with _understood(storage), locked(storage.data):
        async with open_database(storage.database_url, storage.data.root) as database:
            await _pair(database, storage.data)
            hosts = CodeHosts(database)
            code_host_id = await hosts.save(request.name, request.text)
            reports = Reports(database)
            run = CodeHostSync(
                name=request.name,
                code_host_id=code_host_id,
                config=request.config,
                data=storage.data,
                jobs=Jobs(database),
                releases=Releases(database),
                reports=reports,
                view=view,
                make_worker=lambda host: _worker(database, storage.data, request.config, host, view, concurrency),
            )
            try:
                with _stop_on_signals() as stop:
                    summary = await run.run(stop, prune=request.prune)
            except UserError:
                await hosts.forget_if_unused(code_host_id)
                raise
            outcomes = [outcome async for outcome in reports.outcomes(code_host_id)] if request.with_pins else []
            return SyncResult(
                summary=summary, as_json=summary_to_json(summary, outcomes) if request.with_pins else None
            )


@asynccontextmanager
async def _worker(
    database: Database,
    data: DataDirectory,
    config: CodeHostConfig,
    code_host_id: int,
    observer: Observer,
    concurrency: int,
) -> AsyncIterator[Worker]:
    limit = config.rate_limit.requests_per_hour
    async with (
        LedgerBudget(database, code_host_id, limit, observer) as budget,
        HttpFetcher(Pacer(budget, limit, observer)) as fetcher,
        ChildPool(limits=child_limits(config.limits)) as children,
    ):
        pipeline = Pipeline(
            config=config,
            data=data,
            resolver=Resolver(fetcher, config.mirrors),
            downloader=Downloader(fetcher, data.spool),
            ingester=children,
            observer=observer,
        )
        yield Worker(
            jobs=Jobs(database),
            code_host_id=code_host_id,
            pipeline=pipeline,
            observer=observer,
            concurrency=concurrency,
        )


async def status(storage: Storage) -> list[CodeHostStatus]:
    """Every code host with its counts and failures.

    Raises:
        UserError: the database cannot be used.
    """
    with _understood(storage):
        async with _existing_database(storage) as database:
            reports, releases = Reports(database), Releases(database)
            return [
                CodeHostStatus(
                    name=host.name,
                    counts=await reports.counts(host.code_host_id),
                    retired=len(await releases.retired(host.code_host_id)),
                    failures=tuple(await reports.failures(host.code_host_id)),
                )
                for host in await CodeHosts(database).all()
            ]


async def details(storage: Storage, repository: str) -> ReleaseDetails:
    """All that is known of one repository, given by its name, its path or its pin.

    Raises:
        UserError: there is no such repository, or the database cannot be used.
    """
    with _understood(storage):
        async with _existing_database(storage) as database:
            reports = Reports(database)
            for name in await _possible_names(storage, reports, repository):
                if (found := await reports.details(name)) is not None:
                    return found
    raise UserError(
        f"There is no repository {repository}: give a pin such as six==1.16.0, or a name such as python/six/1.16.0."
    )


def _below(folder: Path, text: str) -> str:
    """The part of a path that is below the folder; any other text as it is."""
    path = Path(text).absolute()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else text


async def _possible_names(storage: Storage, reports: Reports, text: str) -> list[str]:
    """The repositories that a person may mean by a name, a path or a pin, the likeliest first."""
    # A command line may hold bytes that are no text.
    plain = storable(_below(storage.data.repositories, text)).strip("/").removesuffix(".git")
    try:
        pinned = await reports.names_of(parse_pin(text).release)
    except PinError:
        pinned = []
    return [plain, *pinned, plain.lower()]


async def verify(storage: Storage, checked: Callable[[str], None], *, repair: bool) -> Verification:
    """Check every repository, and repair what is wrong if asked.

    Raises:
        UserError: the data directory or the database cannot be used.
    """
    if shutil.which("git") is None:
        raise UserError("git is not installed, or not on PATH: codehost verify needs it.")
    with _understood(storage):
        # The database first: locking would make the data directory.
        async with _existing_database(storage) as database:
            if not storage.data.repositories.is_dir():
                raise UserError(f"There are no repositories in {storage.data.root}: check --data-dir.")
            with locked(storage.data):
                await _pair(database, storage.data)
                verifier = Verifier(
                    data=storage.data,
                    hosts=CodeHosts(database),
                    jobs=Jobs(database),
                    releases=Releases(database),
                    reports=Reports(database),
                )
                verification = await verifier.run(checked)
                if repair:
                    await verifier.repair(verification.findings)
                return verification


async def migrate(storage: Storage) -> None:
    """Bring the database's tables up to date.

    Raises:
        UserError: the database cannot be used.
    """
    with _understood(storage):
        async with open_database(storage.database_url, storage.data.root, migrate=True):
            pass


def to_json_text(value: object) -> str:
    """One JSON object as text, for other programs."""
    return json.dumps(value, indent=2)


async def _pair(database: Database, data: DataDirectory) -> None:
    """Make sure that the database and the data directory belong together; the first use makes them so.

    Raises:
        UserError: the database vouches for the repositories of another directory.
    """
    identity = Identity(database)
    known = await identity.read()
    here = data.identity.read_text().strip() if data.identity.exists() else None
    if known is None:
        number = int(here) if here is not None and here.isdigit() else new_number()
        data.identity.write_text(f"{number}\n")
        await identity.write(number)
    elif here != str(known):
        raise UserError(
            f"The database {database.shown} belongs to another data directory than {data.root}: give that one with"
            f" --data-dir. If it is lost, write {known} into {data.identity} and run codehost verify --repair."
        )


@asynccontextmanager
async def _existing_database(storage: Storage) -> AsyncIterator[Database]:
    """The database of earlier syncs: a command that only looks must not make one."""
    if storage.database_url is None and not (storage.data.root / "codehost.db").exists():
        raise UserError(
            f"Nothing has been synced into {storage.data.root} yet: check --data-dir, or run codehost sync."
        )
    async with open_database(storage.database_url, storage.data.root) as database:
        yield database


@contextmanager
def _understood(storage: Storage) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The data directory {storage.data.root} cannot be used ({error.strerror or error}): it must be on a disk"
            " with room that this user may write to."
        ) from error


@contextmanager
def _stop_on_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set; a second signal ends the program at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def on_signal() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
