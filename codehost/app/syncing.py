"""``codehost sync``, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from codehost.app.alone import refuse_beside_workers
from codehost.app.signals import stop_on_signals
from codehost.app.storage import Storage, pair, understood
from codehost.children import ChildPool, child_limits
from codehost.download.downloader import Downloader
from codehost.housekeeping import locked
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Observer
from codehost.model.summary import SyncSummary, summary_to_json
from codehost.model.tally import SyncView
from codehost.net.fetcher import HttpFetcher
from codehost.net.pacer import Pacer
from codehost.pipeline import Pipeline
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.ledger import LedgerBudget
from codehost.record.mirrors import MirrorRoots
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.resolve.resolver import Resolver
from codehost.sync import INTERRUPTED, CodeHostSync
from codehost.worker import Worker

_INSTEAD = "Or let it do the work: it follows what codehost hosts add stores, and the files of its --config."

__all__ = ["INTERRUPTED", "SyncRequest", "SyncResult", "sync"]


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


async def sync(storage: Storage, request: SyncRequest, view: SyncView, *, concurrency: int = 8) -> SyncResult:
    """Make the repositories follow the configuration. SIGINT and SIGTERM end it gracefully.

    Raises:
        UserError: the data directory or the database cannot be used.
    """
    with understood(storage), locked(storage.data):
        async with open_database(storage.database_url, storage.data.root) as database:
            await refuse_beside_workers(database, command="sync", instead=_INSTEAD)
            await pair(database, storage.data)
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
                with stop_on_signals() as stop:
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
            resolver=Resolver(fetcher, config.mirrors, MirrorRoots(database, code_host_id), config.index_strategy),
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
