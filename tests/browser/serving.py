"""The whole server in a thread of its own, so that a browser can be driven beside it, step by step."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from aiohttp import web

from codehost.app.keys import KeyPlace, Keyring
from codehost.app.storage import Storage
from codehost.app.surfaces import surfaces
from codehost.model.access import Role
from codehost.model.datadir import DataDirectory
from codehost.model.members import Member
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.tokens import Tokens
from codehost.serve.access.credentials import fingerprint, new_token
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.application import Parts, application
from codehost.serve.listening import Listening, listening
from codehost.serve.metrics import ServeMetrics
from tests.record.helpers import download, pinned, report, resolution
from tests.serve.pages.site import make_repository

T = TypeVar("T")

HERE = Listening(address="127.0.0.1", port=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the server is, the commits of its repositories by name, and a reader's token."""

    root: str
    commits: dict[str, str]
    token: str


async def _sync(database: Database, data: DataDirectory, pins: dict[str, list[Member]]) -> dict[str, str]:
    host = await pinned(database, *pins)
    jobs = Jobs(database)
    commits = {}
    for job in await jobs.claim(host, "w", len(pins), 60):
        made = make_repository(data, job.repository, pins[f"{job.pin.project}=={job.pin.version}"])
        commits[job.repository] = made.commit
        known = resolution(job, yanked="<img src=x onerror=alert(1)> \u202e it is bad")
        known = replace(known, mirror="javascript:alert(1)", why="<script>alert(1)</script>")
        await jobs.complete(job, known, download(job), replace(report(), commit=made.commit))
    return commits


@contextmanager
def whole(
    folder: Path,
    pins: dict[str, list[Member]],
    *,
    reading: Reading = Reading.OPEN,
    more: tuple[str, ...] = (),
) -> Iterator[Served]:
    """The server with these pins synced from these members, and ``more`` pinned only."""

    async def start(stack: AsyncExitStack) -> Served:
        storage = Storage(data=DataDirectory(folder / "data"))
        database = await stack.enter_async_context(open_database(None, folder / "data"))
        commits = await _sync(database, storage.data, pins)
        if more:
            await pinned(database, *more, name="other <b>host</b>", pattern="other/{project}/{version}")
        tokens, token = Tokens(database), new_token()
        await tokens.add("reader", Role.READER, fingerprint(token))
        gate, traffic = Gate(tokens, reading), Traffic()
        keyring = Keyring(KeyPlace(file=folder / "keys"))
        offered = await stack.enter_async_context(surfaces(storage, database, keyring, Site(), traffic, ServeMetrics()))
        parts = Parts(
            gate=gate,
            traffic=traffic,
            version="1",
            endpoints=offered.endpoints,
            reading=[*offered.routes],
            open=offered.open,
            page=offered.page,
            hosts=HostNames(names=frozenset({"127.0.0.1"})),
        )

        async def drain() -> None:
            await traffic.drain(1)
            await gate.close()

        door = await stack.enter_async_context(listening(application(parts), HERE, drain=drain, farewell=1))
        return Served(root=f"http://127.0.0.1:{door.port}", commits=commits, token=token)

    with beside(start) as served:
        yield served


@contextmanager
def stranger(pages: dict[str, str]) -> Iterator[str]:
    """Another site, with these pages; its address."""

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=pages[request.path], content_type="text/html")

    async def start(stack: AsyncExitStack) -> str:
        other = web.Application()
        other.add_routes([web.get(path, show) for path in pages])

        async def drain() -> None:
            """Nothing is under way for long."""

        door = await stack.enter_async_context(listening(other, HERE, drain=drain, farewell=1))
        return f"http://localhost:{door.port}"

    with beside(start) as root:
        yield root


@contextmanager
def beside(start: Callable[[AsyncExitStack], Awaitable[T]]) -> Iterator[T]:
    """What ``start`` returns, while what it entered goes on in an event loop of its own."""
    ready = threading.Event()
    found: list[T] = []
    ended: list[BaseException] = []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        async with AsyncExitStack() as stack:
            found.append(await start(stack))
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(live())
        except BaseException as error:  # noqa: BLE001 - said where the thread is waited for
            ended.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run, name="beside")
    thread.start()
    try:
        ready.wait()
        if not found:
            raise RuntimeError("nothing was started") from (ended[0] if ended else None)
        yield found[0]
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if ended:
        raise ended[0]
