"""One worker process from its start to its end."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field

import structlog

from codehost.app.daemon.entering import entered, opened, registered
from codehost.app.daemon.files import Files
from codehost.app.daemon.following import Following
from codehost.app.daemon.posts import Posts
from codehost.app.daemon.probing import Probe
from codehost.app.daemon.settings import WorkerSettings
from codehost.app.daemon.sharing import Shares
from codehost.app.daemon.telling import wall_clock
from codehost.app.daemon.tending import Tending
from codehost.app.hosting import Hosting
from codehost.app.keys import Keyring
from codehost.app.overview import Lookout
from codehost.app.signals import stop_on_signals
from codehost.app.storage import Storage, understood
from codehost.hands import HEARTBEATS_PER_LEASE, Hands, new_owner
from codehost.health.metrics import Metrics
from codehost.health.server import serving_health
from codehost.housekeeping import try_room
from codehost.model.datadir import DataDirectory
from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.model.health import HealthProbe
from codehost.model.retrying import for_months
from codehost.model.status import Status
from codehost.model.workers import Wait, WaitKind
from codehost.record.clock import microseconds
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.wakeups import Wakeups, open_wakeups
from codehost.record.workers import Workers
from codehost.service import Service, ring
from codehost.supervising import Troubles, first_of, keep_running

_SEEN_EVERY = 5.0
_SEEN_APART = 0.25
# Who is silent for so long leaves its share of the pace to others.
_SILENT = 3 * _SEEN_EVERY
# What is done last may meet a database that does not answer.
_FAREWELL = 10.0

log = structlog.get_logger("codehost.worker")


async def work(storage: Storage, keyring: Keyring, settings: WorkerSettings) -> None:
    """Be a worker until SIGINT or SIGTERM, or with ``settings.once`` until nothing is due.

    Raises:
        UserError: the data directory cannot be used, or a setting.
    """
    reload = asyncio.Event()
    with stop_on_signals(reload.set) as stop:
        await work_until(stop, reload, storage, keyring, settings)


async def work_until(
    stop: asyncio.Event,
    reload: asyncio.Event,
    storage: Storage,
    keyring: Keyring,
    settings: WorkerSettings,
    show: Callable[[HealthProbe], None] | None = None,
) -> None:
    """Be a worker until ``stop`` is set. ``show`` is given what tells of its health.

    Raises:
        UserError: as for ``work``.
    """
    begun = asyncio.Event()
    troubles = Troubles()
    daemon: Daemon | None = None

    async def status() -> Status:
        if daemon is None:
            raise UserError("The worker is starting.")
        return await daemon.lookout.status()

    def halted() -> str | None:
        failure = None if daemon is None else daemon.service.halt
        return None if failure is None else f"Work is halted: {failure}. {failure.facts.advice}"

    metrics = Metrics(status)
    probe = Probe(metrics_of=metrics, troubles=troubles, begun=begun, stop=stop, halted=halted)
    if show is not None:
        show(probe)
    async with AsyncExitStack() as stack:
        stack.enter_context(understood(storage))
        if settings.http is not None:
            await stack.enter_async_context(serving_health(settings.http.address, settings.http.port, probe))
        if not await entered(stack, storage.data, stop, troubles, patient=not settings.once):
            return
        database = await opened(stack, storage, stop, troubles)
        if database is None:
            return
        data = storage.data.owned_by(new_owner())
        wakeups = await stack.enter_async_context(open_wakeups(storage.database_url, storage.data.root))
        await stack.enter_async_context(registered(database, data))
        daemon = _daemon(database, data, keyring, settings, metrics, troubles)
        begun.set()
        await daemon.run(wakeups, stop, reload)


def _daemon(
    database: Database,
    data: DataDirectory,
    keyring: Keyring,
    settings: WorkerSettings,
    metrics: Metrics,
    troubles: Troubles,
) -> "Daemon":
    owner = data.owner or ""
    shares = Shares(owner=owner)
    posts = Posts(
        database=database,
        data=data,
        watch_every=settings.watch_every,
        troubles=troubles,
        more=metrics.of,
        share=shares.of,
    )
    hands = Hands(
        jobs=Jobs(database), owner=owner, lease_seconds=settings.lease, retry=for_months, place_of=posts.posts.get
    )
    service = Service(
        hands=hands,
        posts=posts.posts,
        priorities=posts.priorities,
        concurrency=settings.concurrency,
        bell=asyncio.Event(),
        usable=lambda: try_room(data),
    )
    posts.hands, posts.synced, posts.opened = hands, service.succeeded, service.bell.set
    # A copy: what children inherit is another matter.
    environ: Mapping[str, str] = dict(os.environ)
    following = Following(
        database=database, data=data, keyring=keyring, environ=environ, posts=posts, bell=asyncio.Event()
    )
    files = Files(
        database=database,
        hosting=Hosting(database, keyring),
        places=[path.absolute() for path in settings.config],
        bell=asyncio.Event(),
    )
    tending = Tending(
        database=database,
        data=data,
        owner=owner,
        lease=settings.lease,
        grace=settings.grace,
        in_hand=lambda: (running.job.files for running in hands.running.values()),
    )
    return Daemon(
        owner=owner,
        settings=settings,
        workers=Workers(database),
        lookout=Lookout(database),
        metrics=metrics,
        troubles=troubles,
        posts=posts,
        shares=shares,
        service=service,
        following=following,
        files=files,
        tending=tending,
    )


@dataclass(slots=True, kw_only=True)
class Daemon:
    """The loops of one worker process."""

    owner: str
    settings: WorkerSettings
    workers: Workers
    lookout: Lookout
    metrics: Metrics
    troubles: Troubles
    posts: Posts
    shares: Shares
    service: Service
    following: Following
    files: Files
    tending: Tending
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, wakeups: Wakeups, stop: asyncio.Event, reload: asyncio.Event) -> None:
        """Run all loops until ``stop`` is set; then end in order."""
        ended = asyncio.Event()
        # The signs of life go on until the last job has ended.
        living = [self._loop("leases", self._keep_leases, ended), self._loop("seen", lambda: self._seen(ended), ended)]
        loops = [
            self._loop("wakeups", lambda: ring(wakeups.wait, (self.service.bell, self.following.bell)), stop),
            self._loop("reload", lambda: self._reload(stop, reload), stop),
            self._loop("work", lambda: self._work(stop), stop),
        ]
        if not self.settings.once:
            if self.settings.config:
                loops.append(self._loop("files", lambda: self.files.run(stop), stop))
            loops.append(self._loop("following", lambda: self.following.run(stop), stop))
            loops.append(self._loop("tending", lambda: self.tending.run(stop), stop))
        try:
            await stop.wait()
            log.info("worker stops", action="worker_stopping", owner=self.owner, in_flight=len(self._hands.running))
            self._stopping.set()
            await self._end(loops)
        finally:
            ended.set()
            for loop in living:
                loop.cancel()
            await asyncio.gather(*living, return_exceptions=True)

    @property
    def _hands(self) -> Hands:
        return self.service.hands

    def _loop(self, name: str, do: Callable[[], Awaitable[object]], stop: asyncio.Event) -> "asyncio.Task[None]":
        return asyncio.create_task(keep_running(name, do, stop, self.troubles), name=name)

    async def _work(self, stop: asyncio.Event) -> None:
        if self.settings.once:
            if self.settings.config:
                await self.files.look()
            await self.following.look()
            await self.tending.step(stop)
            await self.service.run(stop, once=True)
            stop.set()
        else:
            await self.service.run(stop)

    async def _keep_leases(self) -> None:
        await self._hands.keep_leases()

    async def _seen(self, ended: asyncio.Event) -> None:
        every = min(_SEEN_EVERY, self.settings.lease / HEARTBEATS_PER_LEASE)
        while not ended.is_set():
            self._hands.begun.clear()
            await self.workers.seen(
                self.owner,
                stopping=self._stopping.is_set(),
                doing=self.posts.doing(),
                waits=self._waits(),
                held=self.posts.held(),
            )
            self.metrics.beat()
            self.shares.refresh(await self.workers.alive(_SILENT))
            await first_of(_SEEN_APART, ended)
            # If this worker dies, what it has begun may be the reason: so that is told soon.
            await first_of(every - _SEEN_APART, ended, self._hands.begun)

    def _waits(self) -> tuple[Wait, ...]:
        halted_for = self.service.halted_for
        if halted_for is None:
            return self.posts.waits()
        since = wall_clock() - microseconds(halted_for)
        return (Wait(kind=WaitKind.STORAGE, code_host="", since=since), *self.posts.waits())

    async def _reload(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        while not stop.is_set():
            stopping, asked = asyncio.create_task(stop.wait()), asyncio.create_task(reload.wait())
            await asyncio.wait({stopping, asked}, return_when=asyncio.FIRST_COMPLETED)
            for task in (stopping, asked):
                task.cancel()
            await asyncio.gather(stopping, asked, return_exceptions=True)
            if reload.is_set():
                reload.clear()
                log.info("reloading", action="reloading")
                self.files.bell.set()
                self.following.forget()

    async def _end(self, loops: "list[asyncio.Task[None]]") -> None:
        """Let what is in flight end, for a while; give back the rest, the leases and the unused tokens."""
        farewell = asyncio.get_running_loop().time() + self.settings.stop_within
        loops[0].cancel()  # nothing wakes it
        _, late = await asyncio.wait(loops, timeout=_FAREWELL)
        for loop in late:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        with suppress(UserError):
            await self._hands.give_back_waiting()
        if running := set(self._hands.running):
            await asyncio.wait(running, timeout=max(farewell - asyncio.get_running_loop().time(), 0.0))
        try:
            async with asyncio.timeout(_FAREWELL):
                await self._hands.wind_down()
                await self._hands.renew()
        except DatabaseUnavailableError as error:
            log.warning("leases not returned", action="leases_left", error=str(error))
        except TimeoutError:
            log.warning("leases not returned", action="leases_left", error="the database does not answer")
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self.posts.close()
