"""What of code hosts a worker looks at often: their state without their documents, and whose turn it is to plan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.record.database import Database
from codehost.record.tables import code_hosts
from codehost.record.urls import POSTGRESQL

# With the code host's id it makes the key of an advisory lock; any fixed number serves.
_PLANNING = 670_226
# Several times before the server takes a transaction for dead.
_BEAT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A code host without its document; the fields are those of ``RecordedCodeHost``."""

    code_host_id: int
    name: str
    document_sha256: str
    updated_at: int
    source: str
    paused: bool
    priority: int
    applied_sha256: str | None
    applied_at: int | None
    sync_requested_at: int | None
    removal_confirmed_sha256: str | None
    removed_at: int | None
    problem: str | None

    @property
    def is_to_be_planned(self) -> bool:
        """Whether the document is another than the last plan followed, or a sync was asked for since."""
        return self.applied_sha256 != self.document_sha256 or self.is_asked_for

    @property
    def is_asked_for(self) -> bool:
        """Whether a sync was asked for since the last plan."""
        return (self.sync_requested_at or 0) > (self.applied_at or 0)


class Agenda:
    """The code hosts, and the right to plan one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, code_host_id: int | None = None) -> list[Entry]:
        """All code hosts in the order of their priority and then of their ids, or only that one."""
        columns = [
            code_hosts.c.id.label("code_host_id") if name == "code_host_id" else code_hosts.c[name]
            for name in Entry.__slots__
        ]
        query = select(*columns).order_by(code_hosts.c.priority, code_hosts.c.id)
        if code_host_id is not None:
            query = query.where(code_hosts.c.id == code_host_id)
        async with self._database.read() as connection:
            return [Entry(**row) for row in (await connection.execute(query)).mappings()]

    @asynccontextmanager
    async def turn(self, code_host_id: int) -> AsyncIterator[bool]:
        """Plan this code host alone among all workers; False if another one is at it.

        On SQLite all may: two that plan the same document at the same time come to the same end.
        """
        if self._database.dialect != POSTGRESQL:
            yield True
            return
        async with self._database.read() as connection:
            mine = text("SELECT pg_try_advisory_xact_lock(CAST(:space AS integer), CAST(:host AS integer))")
            got = await connection.execute(mine, {"space": _PLANNING, "host": code_host_id % 2**31})
            async with _alive(connection):
                yield bool(got.scalar_one())


@asynccontextmanager
async def _alive(connection: AsyncConnection) -> AsyncIterator[None]:
    """Say now and then that this transaction is not idle: the server ends those that are (``record.database``).

    A plan for a million pins takes minutes. A process that stands still says nothing, and loses its turn.
    """
    over = asyncio.Event()

    async def beat() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), _BEAT_SECONDS)
            await connection.execute(select(1))

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        # Not cancelled: a connection that is stopped in the middle of an answer is lost.
        over.set()
        await beating
