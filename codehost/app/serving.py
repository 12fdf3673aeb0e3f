"""``codehost serve``, wired: the HTTP server, with a worker in the same process or without one.

The worker's heavy work is done in child processes, and its own loop waits most of the time, so both share one.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address, ip_network

import structlog

from codehost import __version__
from codehost.app.daemon.entering import opened
from codehost.app.daemon.running import work_until
from codehost.app.daemon.settings import HttpAddress, WorkerSettings
from codehost.app.descriptors import room_for_connections
from codehost.app.keys import Keyring
from codehost.app.overview import Lookout
from codehost.app.signals import stop_on_signals
from codehost.app.storage import Storage, pair, understood
from codehost.app.surfaces import Surfaces, surfaces
from codehost.config.reach import Reach
from codehost.health.metrics import Metrics
from codehost.health.server import health_routes, metrics_routes
from codehost.model.errors import UserError
from codehost.model.health import HealthProbe
from codehost.record.database import Database
from codehost.record.tokens import Tokens
from codehost.serve.access.forwarded import Network
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import LOCAL, HostNames, host_in
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.application import Parts, application
from codehost.serve.git.service import GitService
from codehost.serve.listening import Door, Listening, TlsFiles, listening
from codehost.serve.metrics import ServeMetrics
from codehost.supervising import Troubles, keep_running

SERVE_PORT = 3434
# How often it is looked whether the database answers.
_LOOK_SECONDS = 5.0
_FAREWELL = 5.0
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1"))

log = structlog.get_logger("codehost.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """What ``codehost serve`` was asked for.

    Attributes:
        listen: the address.
        worker: None: no worker in this process.
        reading: who may read; None: as ``who_may_read`` says.
        site: where the server is.
        names: further names of the server.
        trusted: the networks of proxies that are believed.
        tls: the certificate; None: plain HTTP.
        reach: what documents over HTTP may refer to.
        stop_within: seconds for what is under way, after a signal.
    """

    listen: HttpAddress = field(default_factory=lambda: HttpAddress(port=SERVE_PORT))
    worker: WorkerSettings | None = None
    reading: Reading | None = None
    site: Site = field(default_factory=Site)
    names: Sequence[str] = ()
    trusted: Sequence[Network] = ()
    tls: TlsFiles | None = None
    reach: Reach = field(default_factory=Reach)
    stop_within: float = 20.0


async def serve(storage: Storage, keyring: Keyring, settings: ServeSettings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        UserError: the address, the database or the data directory cannot be used, or there is no admin's token.
    """
    reload = asyncio.Event()
    doors: list[Door] = []

    def on_hangup() -> None:
        reload.set()
        for door in doors:
            door.reload()

    with understood(storage), stop_on_signals(on_hangup) as stop:
        async with AsyncExitStack() as stack:
            storage.data.root.mkdir(parents=True, exist_ok=True)
            troubles = Troubles()
            database = await opened(stack, storage, stop, troubles)
            if database is None:
                return
            await pair(database, storage.data)
            await _check_reach(database, settings.listen)
            server = _Server(storage=storage, settings=settings, database=database, troubles=troubles, stop=stop)
            await server.run(keyring, reload, doors)


async def _check_reach(database: Database, listen: HttpAddress) -> None:
    if not is_loopback(listen.address) and not await Tokens(database).has_admin():
        raise UserError(
            f"{listen.address} can be reached from other machines, and there is no admin's token yet: make one with"
            " codehost tokens add NAME --role admin, or listen on 127.0.0.1."
        )


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address.lower() == LOCAL


@dataclass(slots=True, kw_only=True)
class _Server:
    """The server of one process."""

    storage: Storage
    settings: ServeSettings
    database: Database
    troubles: Troubles
    stop: asyncio.Event

    async def run(self, keyring: Keyring, reload: asyncio.Event, doors: list[Door]) -> None:
        """Serve until ``stop`` is set, or the worker cannot go on."""
        settings, stop = self.settings, self.stop
        recorded, served = Metrics(Lookout(self.database).status), ServeMetrics()
        probe = ServeProbe(metrics_of=recorded, served=served, troubles=self.troubles, stop=stop)
        traffic, gate = Traffic(), Gate(Tokens(self.database), who_may_read(settings))
        where = Listening(
            address=settings.listen.address,
            port=settings.listen.port,
            tls=settings.tls,
            connections=room_for_connections(),
            # Who is on this machine is trusted as far as that, and may be a proxy that nobody told of.
            crowds=(*settings.trusted, *_LOOPBACK),
        )
        looking = asyncio.create_task(keep_running("database", partial(self._look, recorded), stop, self.troubles))
        tasks: list[asyncio.Task[None]] = []
        try:
            offering = surfaces(
                self.storage, self.database, keyring, settings.site, traffic, served, reach=settings.reach
            )
            async with offering as offered:
                made = application(self._parts(gate, traffic, offered, probe))
                drain = partial(self._drain, gate, traffic, offered.git)
                async with listening(made, where, drain=drain, farewell=_FAREWELL) as door:
                    doors.append(door)
                    self._say_where(door)
                    if settings.worker is not None:
                        work = work_until(stop, reload, self.storage, keyring, settings.worker, probe.show)
                        tasks.append(asyncio.create_task(work))
                    await _first(stop, tasks)
                    stop.set()
            for task in tasks:
                await task
        finally:
            stop.set()
            looking.cancel()
            await asyncio.gather(looking, *tasks, return_exceptions=True)

    async def _drain(self, gate: Gate, traffic: Traffic, git: GitService) -> None:
        log.info("server stops", action="serve_stopping", under_way=traffic.under_way)
        left = await traffic.drain(self.settings.stop_within)
        with suppress(TimeoutError):
            await git.close()
        await gate.close()
        log.info("server ended", action="serve_ended", cut_off=left)

    def _say_where(self, door: Door) -> None:
        settings = self.settings
        scheme, address = "http" if settings.tls is None else "https", settings.listen.address
        host = f"[{address}]" if ":" in address else address
        log.info(
            "server started",
            action="serve_started",
            url=settings.site.public or f"{scheme}://{host}:{door.port}{settings.site.base}",
            reading=who_may_read(settings).value,
            version=__version__,
        )

    def _parts(self, gate: Gate, traffic: Traffic, offered: Surfaces, probe: "ServeProbe") -> Parts:
        settings = self.settings
        return Parts(
            gate=gate,
            traffic=traffic,
            version=__version__,
            endpoints=offered.endpoints,
            reading=[*metrics_routes(probe), *offered.routes],
            open=[*health_routes(probe), *offered.open],
            site=settings.site,
            hosts=host_names(settings),
            trusted=settings.trusted,
            page=offered.page,
            metrics=probe.served,
        )

    async def _look(self, recorded: Metrics) -> None:
        while not self.stop.is_set():
            await Tokens(self.database).has_admin()
            recorded.beat()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), _LOOK_SECONDS)


async def _first(stop: asyncio.Event, tasks: Sequence["asyncio.Task[None]"]) -> None:
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


def who_may_read(settings: ServeSettings) -> Reading:
    """As the settings say. Of themselves: everybody if only this machine's users get here, and not through a proxy."""
    if settings.reading is not None:
        return settings.reading
    proxied = settings.trusted or settings.site.public
    return Reading.OPEN if is_loopback(settings.listen.address) and not proxied else Reading.TOKEN


def host_names(settings: ServeSettings) -> HostNames:
    """What the server is called: as it was told to listen, as people know it, and as this machine calls itself."""
    public = settings.site.public
    given = [
        settings.listen.address,
        socket.gethostname(),
        *settings.names,
        *([public.partition("://")[2].partition("/")[0]] if public else []),
    ]
    return HostNames(names=frozenset(name for one in given if (name := host_in(one)) is not None))


@dataclass(slots=True, kw_only=True)
class ServeProbe:
    """Implements ``codehost.model.health.HealthProbe``; with a worker, of both."""

    metrics_of: Metrics
    served: ServeMetrics
    troubles: Troubles
    stop: asyncio.Event
    worker: HealthProbe | None = None

    def show(self, worker: HealthProbe) -> None:
        """There is a worker, too."""
        self.worker = worker

    def healthy(self) -> str | None:
        """Whoever answers this has an event loop that turns."""
        return None if self.worker is None else self.worker.healthy()

    def ready(self) -> str | None:
        """None while requests can be served."""
        if self.stop.is_set():
            return "The server is about to end."
        return self.troubles.first() or (None if self.worker is None else self.worker.ready())

    async def metrics(self) -> bytes:
        """As Prometheus reads them: what the worker counts, if there is one, what is recorded, and what is served."""
        recorded = await (self.metrics_of.render() if self.worker is None else self.worker.metrics())
        return recorded + self.served.render()
