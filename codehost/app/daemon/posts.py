"""The code hosts that this process works for: each with its own fetcher, budget, circuits, pipeline and watching.

One is made anew when its settings change; jobs in flight end where they began, and then the old one is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from codehost.app.daemon.telling import LogLines, OnSynced, Several, Stages, wall_clock
from codehost.children import ChildLimits, ChildPool, child_limits
from codehost.download.downloader import Downloader
from codehost.hands import Hands
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Observer
from codehost.model.waits import Waits
from codehost.model.workers import Doing, Wait, WaitKind
from codehost.net.breaker import BreakingFetcher
from codehost.net.fetcher import HttpFetcher
from codehost.net.pacer import Pacer
from codehost.pipeline import Pipeline
from codehost.record.circuits import SharedCircuits
from codehost.record.database import Database
from codehost.record.ledger import LedgerBudget
from codehost.record.mirrors import MirrorRoots
from codehost.record.watches import Watches
from codehost.resolve.resolver import Resolver
from codehost.service import Post
from codehost.supervising import Troubles, keep_running
from codehost.watching import Watching

_HOLDS = frozenset({WaitKind.BUDGET, WaitKind.PACE})

log = structlog.get_logger("codehost.worker")


class ChildPools:
    """Child processes, shared by all code hosts with the same limits."""

    def __init__(self) -> None:
        self._pools: dict[ChildLimits, tuple[ChildPool, int]] = {}

    @asynccontextmanager
    async def pool(self, limits: ChildLimits) -> AsyncIterator[ChildPool]:
        """The children with these limits; they end with the last who uses them."""
        if limits not in self._pools:
            self._pools[limits] = (ChildPool(limits=limits), 0)
        pool, users = self._pools[limits]
        self._pools[limits] = (pool, users + 1)
        try:
            yield pool
        finally:
            pool, users = self._pools[limits]
            self._pools[limits] = (pool, users - 1)
            if users == 1:
                del self._pools[limits]
                await pool.__aexit__(None, None, None)


@dataclass(slots=True, kw_only=True, eq=False)
class _Opened:
    """A post and what it is made of. ``settings`` are the configuration without its pins, and what it depends on."""

    name: str
    settings: tuple[CodeHostConfig, object]
    post: Post
    waits: Waits
    stages: Stages
    pacer: Pacer
    stack: AsyncExitStack
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    watching: "asyncio.Task[None] | None" = None


@dataclass(slots=True, kw_only=True)
class Posts:
    """Opens and closes posts. ``posts`` and ``priorities`` are what a ``Service`` reads.

    ``more``: a further observer for the code host of that name; ``share``: among how many workers its pace is divided.
    ``synced`` is called for each published release, ``opened`` for each post and each plan: there may be work for it.
    """

    database: Database
    data: DataDirectory
    watch_every: float | None
    troubles: Troubles
    more: Callable[[str], Observer]
    share: Callable[[str], int] = lambda _: 1
    posts: dict[int, Post] = field(default_factory=dict)
    priorities: dict[int, int] = field(default_factory=dict)
    hands: Hands | None = None
    synced: Callable[[], None] = lambda: None
    opened: Callable[[], None] = lambda: None
    _opened: dict[int, _Opened] = field(default_factory=dict)
    _leaving: dict["asyncio.Task[None]", _Opened] = field(default_factory=dict)
    _children: ChildPools = field(default_factory=ChildPools)

    async def put(
        self, code_host_id: int, name: str, priority: int, config: CodeHostConfig, certificates: object = None
    ) -> None:
        """Work for this code host from now on, by these settings.

        ``certificates``: something that changes with the files that connections are secured by.
        """
        settings = (replace(config, pins=()), certificates)
        self.priorities[code_host_id] = priority
        before = self._opened.get(code_host_id)
        if before is not None and before.settings == settings and before.name == name:
            return
        opened = await self._open(code_host_id, name, settings[0], certificates)
        self.drop(code_host_id)
        self.priorities[code_host_id] = priority
        self._opened[code_host_id] = opened
        self.posts[code_host_id] = opened.post
        self.opened()
        log.info("code host opened", action="host_opened", code_host=name)

    def drop(self, code_host_id: int) -> None:
        """Begin nothing more for this code host; what is in flight ends."""
        opened = self._opened.pop(code_host_id, None)
        self.posts.pop(code_host_id, None)
        self.priorities.pop(code_host_id, None)
        if opened is not None:
            opened.stop.set()
            task = asyncio.create_task(self._close(opened), name=f"close {opened.name}")
            self._leaving[task] = opened
            task.add_done_callback(lambda done: self._leaving.pop(done, None))

    def keep_only(self, code_host_ids: set[int]) -> None:
        """Drop all others."""
        for code_host_id in set(self._opened) - code_host_ids:
            self.drop(code_host_id)

    async def close(self) -> None:
        """Close all. Nothing is in hand any more."""
        self.keep_only(set())
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def waits(self) -> tuple[Wait, ...]:
        """What is waited for now."""
        return tuple(wait for opened in self._all() for wait in opened.waits.current())

    def held(self) -> tuple[str, ...]:
        """The code hosts that this process holds up because their pace or budget says so."""
        return tuple(sorted({opened.name for opened in self._all() if opened.pacer.is_held()}))

    def doing(self) -> tuple[Doing, ...]:
        """What is in flight now."""
        of = {id(opened.post): opened.stages for opened in self._all()}
        running_now = list(self.hands.running.values()) if self.hands is not None else []
        for opened in self._all():
            opened.stages.keep_only({running.job.pin for running in running_now if running.place is opened.post})
        found = []
        for running in running_now:
            stages = of.get(id(running.place))
            entered = None if stages is None else stages.entered.get(running.job.pin)
            if entered is not None:
                found.append(Doing(repository=running.job.repository, stage=entered[0].value, since=entered[1]))
        return tuple(found)

    def _all(self) -> list[_Opened]:
        return [*self._opened.values(), *self._leaving.values()]

    async def _open(self, code_host_id: int, name: str, config: CodeHostConfig, certificates: object) -> _Opened:
        waits, stages = Waits(name, wall_clock), Stages()
        observer = Several((waits, stages, OnSynced(self.synced), LogLines(name), self.more(name)))
        limit = config.rate_limit.requests_per_hour
        async with AsyncExitStack() as stack:
            ledger = await stack.enter_async_context(LedgerBudget(self.database, code_host_id, limit, observer))
            pacer = Pacer(ledger, limit, observer, tell_every_wait=True, share=lambda: self.share(name))
            circuits = SharedCircuits(self.database, code_host_id, observer)
            fetcher = BreakingFetcher(await stack.enter_async_context(HttpFetcher(pacer)), circuits)
            children = await stack.enter_async_context(self._children.pool(child_limits(config.limits)))
            roots = MirrorRoots(self.database, code_host_id)
            pipeline = Pipeline(
                config=config,
                data=self.data,
                resolver=Resolver(fetcher, config.mirrors, roots, config.index_strategy),
                downloader=Downloader(fetcher, self.data.spool),
                ingester=children,
                observer=observer,
            )
            first = next((mirror.url for mirror in config.mirrors if mirror.enabled), None)

            async def rests() -> float:
                return 0.0 if first is None else await circuits.rest(first)

            post = Post(
                code_host_id=code_host_id,
                pipeline=pipeline,
                observer=observer,
                is_waiting=lambda: any(wait.kind in _HOLDS for wait in waits.current()),
                rests=rests,
            )
            opened = _Opened(
                name=name,
                settings=(config, certificates),
                post=post,
                waits=waits,
                stages=stages,
                pacer=pacer,
                stack=stack.pop_all(),
            )
        if self.watch_every is not None:
            watching = Watching(
                watches=Watches(self.database),
                code_host_id=code_host_id,
                mirrors=config.mirrors,
                fetcher=fetcher,
                roots=roots,
                interval=self.watch_every,
            )
            loop = f"watching {name}"
            work = keep_running(loop, lambda: watching.run(opened.stop), opened.stop, self.troubles)
            opened.watching = asyncio.create_task(work, name=loop)
        return opened

    async def _close(self, opened: _Opened) -> None:
        if self.hands is not None:
            await self.hands.until_left(opened.post)
        if opened.watching is not None:
            await asyncio.gather(opened.watching, return_exceptions=True)
            self.troubles.rise(f"watching {opened.name}")
        try:
            await opened.stack.aclose()
        except UserError as error:
            # Unused tokens count until they have left the hour; nothing else is lost.
            log.warning("tokens not given back", action="tokens_lost", code_host=opened.name, error=str(error))
