"""Repositories that are gone while their releases stay: the feed is told, once."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.model.records import ChangeKind
from codehost.record.changes import append_change
from codehost.record.moves import chunks
from codehost.record.tables import jobs, releases


async def told_of(connection: AsyncConnection, repositories: Iterable[str]) -> list[int]:
    """The releases of those repositories that are there by what the feed has told, and have no completed job."""
    return await _unvouched(connection, repositories, releases.c.repository, lock=False)


async def lose(connection: AsyncConnection, release_ids: Iterable[int]) -> list[str]:
    """Tell the feed, within an exclusive transaction, that these releases' repositories are gone; return their names.

    Left alone is what the feed was told already, and what a completed job vouches for: it has been made anew.
    """
    # Jobs first, and locked: whoever publishes one right now ends before this goes on, and is seen.
    lost = await _unvouched(connection, release_ids, releases.c.id, lock=True)
    columns = (releases.c.code_host_id, releases.c.repository, releases.c.project, releases.c.version)
    told: list[Any] = []
    for chunk in chunks(lost):
        known = (releases.c.id.in_(chunk), releases.c.commit.is_not(None))
        query = select(*columns, releases.c.commit).where(*known).order_by(releases.c.id)
        told += (await connection.execute(query)).mappings().all()
        await connection.execute(update(releases).where(*known).values(commit=None))
    for row in told:
        await append_change(connection, kind=ChangeKind.REMOVED, **row)
    return [row["repository"] for row in told]


async def _unvouched(
    connection: AsyncConnection, names: Iterable[Any], column: ColumnElement[Any], *, lock: bool
) -> list[int]:
    found: list[int] = []
    for chunk in chunks(names):
        query = (
            select(jobs.c.release_id)
            .join(releases, releases.c.id == jobs.c.release_id)
            .where(column.in_(chunk), releases.c.commit.is_not(None), jobs.c.state != JobState.COMPLETED.value)
            .order_by(jobs.c.id)
        )
        if lock:
            query = query.with_for_update(of=jobs)
        found += (await connection.execute(query)).scalars()
    return found
