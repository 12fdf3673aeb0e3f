"""A code host with a long document, followed as a worker follows it when one pin of it has changed."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from benchmarks.filled import take_statistics
from benchmarks.replan import make_pins
from codehost.app.daemon.following import Following
from codehost.app.daemon.posts import Posts
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.health.metrics import Metrics
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.status import Status
from codehost.record.database import Database
from codehost.supervising import Troubles

_NAME = "document"
_ROUNDS = 3


async def _no_status() -> Status:
    raise UserError("nobody asks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Adds a code host of ``pins`` pins to a database, all of them synced."""

    database: Database
    folder: Path
    pins: int

    async def measure(self) -> list[tuple[str, list[float]]]:
        """Milliseconds to store a document with one pin changed, and to load, check, plan and record it."""
        keyring = Keyring(KeyPlace(file=self.folder / "key"))
        data = DataDirectory(self.folder / "data").owned_by("benchmark")
        metrics = Metrics(_no_status)
        troubles = Troubles()
        posts = Posts(database=self.database, data=data, watch_every=None, troubles=troubles, more=metrics.of)
        following = Following(
            database=self.database, data=data, keyring=keyring, environ={}, posts=posts, bell=asyncio.Event()
        )
        hosting, pins = Hosting(self.database, keyring), make_pins(self.pins)
        await hosting.add(_NAME, _document(pins), source="hosts")
        await following.look()
        await self._complete()
        stored, planned = [], []
        for number in range(_ROUNDS):
            start = time.perf_counter()
            await hosting.edit(_NAME, _document([f"changed-project-{number}==1.0", *pins[1:]]))
            stored.append(time.perf_counter() - start)
            start = time.perf_counter()
            await following.look()
            planned.append(time.perf_counter() - start)
        # Each round retires the release that the one before added.
        assert await self._queued() == 1
        await posts.close()
        return [
            (f"store a document of {self.pins:,} pins", [seconds * 1_000 for seconds in stored]),
            ("follow it, one pin changed", [seconds * 1_000 for seconds in planned]),
        ]

    async def _complete(self) -> None:
        mine = f"code_host_id = (SELECT id FROM code_hosts WHERE name = '{_NAME}')"
        async with self.database.write() as connection:
            await connection.execute(text(f"UPDATE jobs SET state = 'completed' WHERE {mine}"))
        await take_statistics(self.database)

    async def _queued(self) -> int:
        mine = f"h.name = '{_NAME}' AND j.state = 'queued'"
        query = f"SELECT count(*) FROM jobs j JOIN code_hosts h ON h.id = j.code_host_id WHERE {mine}"
        async with self.database.read() as connection:
            return int((await connection.execute(text(query))).scalar_one())


def _document(pins: list[str]) -> str:
    document = {
        "urls": ["http://127.0.0.1:9/simple"],
        "dependencies": pins,
        "repositoryPathPattern": "document/{project}/{version}",
    }
    return json.dumps(document, indent=2)
