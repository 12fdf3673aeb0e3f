"""The feed behind the whole application, on a port of its own, with a database that tests write to."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, web

from codehost.app.feeding import feeding
from codehost.app.storage import Storage
from codehost.model.datadir import DataDirectory
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.tokens import Tokens
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.origin import Site
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.endpoints import Endpoint
from codehost.serve.application import Parts, application
from codehost.serve.listening import Listening, listening
from tests.record.helpers import download, pinned, report, resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that runs."""

    root: str
    session: ClientSession
    traffic: Traffic

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        async with self.session.get(f"{self.root}{path}", **options) as response:
            return response.status, await response.json(content_type=None)

    async def open(self, path: str, **options: Any) -> ClientResponse:
        """An answer that is still to be read."""
        return await self.session.get(f"{self.root}{path}", **options)


@asynccontextmanager
async def served(url: str, folder: Path, *, base: str = "", **bounds: Any) -> AsyncIterator[Served]:
    """Serve the feed of the database while the context lasts. ``bounds`` are those of following."""
    storage, traffic = Storage(data=DataDirectory(folder), database_url=url), Traffic()
    async with (
        open_database(url, folder) as opened,
        feeding(storage, opened, traffic.stopping, **bounds) as feed,
        serving(opened, feed.endpoints, traffic, reading=feed.routes, base=base) as server,
    ):
        yield server


@asynccontextmanager
async def serving(
    database: Database,
    endpoints: Sequence[Endpoint],
    traffic: Traffic,
    *,
    reading: Sequence[web.RouteDef] = (),
    base: str = "",
) -> AsyncIterator[Served]:
    """Serve these endpoints while the context lasts."""
    gate = Gate(Tokens(database), Reading.OPEN)
    parts = Parts(
        gate=gate,
        traffic=traffic,
        version="1",
        endpoints=endpoints,
        reading=reading,
        site=Site(base=base),
        hosts=HostNames(names=frozenset({"127.0.0.1"})),
    )

    async def drain() -> None:
        await traffic.drain(10)
        await gate.close()

    where = Listening(address="127.0.0.1", port=0)
    async with (
        ClientSession() as session,
        listening(application(parts), where, drain=drain, farewell=1) as door,
    ):
        yield Served(root=f"http://127.0.0.1:{door.port}{base}", session=session, traffic=traffic)


async def sync(database: Database, *pins: str, name: str = "host") -> int:
    """Pin these, and record them as synced; returns the code host's id."""
    host = await pinned(database, *pins, name=name, pattern=f"{name}/{{project}}/{{version}}")
    await sync_queued(database, host)
    return host


async def sync_queued(database: Database, host: int) -> None:
    """Record what is queued as synced."""
    jobs = Jobs(database)
    while taken := await jobs.claim(host, "w", 100, 60):
        for job in taken:
            await jobs.complete(job, resolution(job), download(job), report())


async def events_of(response: ClientResponse, number: int) -> list[dict[str, str]]:
    """The next ``number`` events of a stream, each as its fields; comments are passed over."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    async with asyncio.timeout(20):
        while len(found) < number:
            line = (await response.content.readline()).decode()
            if not line:
                raise EOFError(found)
            if line == "\n":
                if "data" in fields:
                    found.append(fields)
                fields = {}
            elif not line.startswith(":"):
                field, _, value = line.rstrip("\n").partition(": ")
                fields[field] = value
    return found
