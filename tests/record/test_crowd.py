"""Everybody at once on a real database: nobody is killed to end a deadlock, and what is promised holds at the end."""

import asyncio
import os
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select

from codehost.model.jobs import JobState
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.tables import attempts, jobs, releases
from tests.record.crowd import NAMES, Crowd
from tests.record.helpers import feed_of

SECONDS = float(os.environ.get("CODEHOST_CROWD_SECONDS", "4"))
EVERYTHING = ("work", "plan", "ask", "prune", "manage", "watch")


async def assert_sound(crowd: Crowd, database: Database) -> None:
    rows = await _all(
        database,
        select(jobs.c.id, jobs.c.epoch, jobs.c.state, jobs.c.owner, releases.c.repository).join(
            releases, releases.c.id == jobs.c.release_id
        ),
    )
    # Each release has its one job; each completed one has its repository, made under its last lease.
    assert len(rows) == len(await _all(database, select(releases.c.id)))
    completed = {row.repository: (row.id, row.epoch) for row in rows if row.state == JobState.COMPLETED}
    assert completed.items() <= crowd.disk.repositories.items()
    # Each repository belongs to a release, under the job that it has now.
    assert {name: job_id for name, (job_id, _) in crowd.disk.repositories.items()}.items() <= {
        row.repository: row.id for row in rows
    }.items()
    assert all((row.owner is not None) == (row.state == JobState.PROCESSING) for row in rows)
    # No lease was given twice, and none was ended twice.
    assert max(Counter(crowd.claimed).values()) == 1
    assert max(Counter(crowd.completed).values()) == 1
    # A running attempt belongs to a job in hand.
    running = select(attempts.c.job_id, attempts.c.epoch).where(attempts.c.outcome.is_(None))
    in_hand = {(row.id, row.epoch) for row in rows if row.state == JobState.PROCESSING}
    assert {(row.job_id, row.epoch) for row in await _all(database, running)} == in_hand
    sequences = [change.sequence for change in await feed_of(database, limit=1_000_000)]
    assert sequences == list(range(1, len(sequences) + 1))


async def _all(database: Database, query: Select[Any]) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(query)).all())


async def test_a_crowd_keeps_every_promise(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        # SQLite's writers wait for each other; a second process would only poll.
        pools = 4 if database_url.startswith("postgresql") else 1
        opened = [await stack.enter_async_context(open_database(database_url, tmp_path)) for _ in range(pools)]
        crowd = Crowd(opened)
        async with asyncio.timeout(120):
            await crowd.run(SECONDS)
            # Where the machine is busy, one time is not enough for all of it.
            while not (crowd.completed and all(crowd.done.get(name, 0) > 0 for name in EVERYTHING)):
                await crowd.run(SECONDS)
        await assert_sound(crowd, opened[0])
        # Nothing that was given up is left: all of it can be taken away.
        hosts = CodeHosts(opened[0])
        for host in await hosts.all():
            if host.removed_at is None:
                await hosts.remove(host.name)
        await crowd.prune()
        assert crowd.disk.repositories == {}
        assert await _all(opened[0], select(func.count()).select_from(releases)) == [(0,)]
        assert {host.name for host in await hosts.all()} <= set(NAMES)
        assert await Jobs(opened[0]).reclaim_expired() == 0
        assert await Releases(opened[0]).retired(1) == []
