"""Workers as processes, with one database and one data directory, and what the database says of their work."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from codehost.record.database import Database, open_database
from tests.acceptance.program import Desk, Finished, Running
from tests.patience import PATIENCE

_POLL = 0.05


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Starts workers; whatever a test leaves running is killed at the end."""

    desk: Desk
    database: Database
    running: list[Running] = field(default_factory=list)

    async def start(self, *options: str, config: Path | None = None) -> Running:
        """Start a worker without a port of its own."""
        follow = () if config is None else ("--config", str(config))
        worker = await self.desk.start("worker", *self.desk.place, "--http", "none", *follow, *options)
        self.running.append(worker)
        return worker

    async def hosts(self, *arguments: str) -> Finished:
        """Run ``codehost hosts`` and expect it to work."""
        ended = await self.desk.run("hosts", arguments[0], *arguments[1:], *self.desk.place)
        assert ended.status == 0, ended.said
        return ended

    async def rows(self, query: str) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(text(query))).all())

    async def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        counted = await self.rows("SELECT state, count(*) FROM jobs GROUP BY state")
        return {row[0]: row[1] for row in counted}

    async def until(self, met: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it is met, however slow the machine is, and not for ever."""
        ends_at = time.monotonic() + PATIENCE
        while not await met():
            assert time.monotonic() < ends_at, (await self.states(), self.said())
            await asyncio.sleep(_POLL)

    async def until_states(self, **expected: int) -> None:
        """Wait until as many jobs as expected are in each state, and no others are there."""

        async def met() -> bool:
            return await self.states() == expected

        await self.until(met)

    async def until_problem(self, part: str) -> None:
        """Wait until a code host has a problem with this text in it; "" for none at all."""

        async def met() -> bool:
            problems = [problem for (problem,) in await self.rows("SELECT problem FROM code_hosts") if problem]
            return any(part in problem for problem in problems) if part else not problems

        await self.until(met)

    def said(self) -> str:
        return "\n\n".join(worker.errors.read_text()[-3000:] for worker in self.running)


def desk_at(url: str, folder: Path, environment: Mapping[str, str] | None = None) -> Desk:
    """A desk whose commands work at this database."""
    more = environment or {}
    # What PYTHONPATH is to bring about happens when a process starts, and not when it is forked.
    return Desk(folder=folder, environment={"CODEHOST_DATABASE_URL": url, **more}, forks="PYTHONPATH" not in more)


@asynccontextmanager
async def fleet(url: str, folder: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[Fleet]:
    """A fleet at this database, in this environment besides."""
    desk = desk_at(url, folder, environment)
    async with open_database(url, folder, migrate=True) as database:
        made = Fleet(desk=desk, database=database)
        try:
            yield made
        finally:
            for worker in made.running:
                if worker.process.returncode is None:
                    worker.process.kill()
                    await worker.process.wait()
                await worker.gone()
