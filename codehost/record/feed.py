"""The feed as consumers outside follow it: pages from a position, which feed it is, and how it stays bounded.

What a consumer can rely on. Whoever applies the entries behind a position in their order, a ``removed`` by forgetting
the repository and any other by taking it as it is now, has the present set of repositories; from the beginning as well
as from any position that this feed has given, however old. Two things make it so:

- Numbers have no gaps and appear in their order (``codehost.record.changes``): nothing turns up behind a reader.
- An entry is dropped only when a newer one of the same repository and code host is ``KEPT_SECONDS`` old. So each
  repository's last entry stays, also a ``removed``; and whoever is away for less than that sees every single one.

A position is the number and the time of an entry. The time tells histories apart: a database that was restored from a
backup gives the lost entries' numbers out again, but not at their times.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.records import Change, ChangeKind
from codehost.record.clock import microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import FEED_IDENTITY, FEED_SETTLED, changes, counters

KEPT_SECONDS = 30 * 86_400.0
# Entries that came of age wait for others for so long: a look now and then that writes is better than one each time.
_GATHERED_SECONDS = 3_600.0
_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in the feed: just behind the entry with the number ``sequence``, which was made ``at`` a microsecond."""

    sequence: int = 0
    at: int = 0


START = Position()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """Entries in order. ``end``: where to go on. ``more``: there were more at that moment.

    ``end`` lies behind the last entry, or, if there were no more, behind all that there was.
    """

    items: tuple[Change, ...]
    end: Position
    more: bool


class Feed:
    """The feed, for reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def identity(self) -> int:
        """The number that no other feed has."""
        query = select(counters.c.value).where(counters.c.name == FEED_IDENTITY)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def newest(self) -> Position:
        """The position behind the last entry."""
        async with self._database.read() as connection:
            return await _newest(connection)

    async def knows(self, position: Position) -> bool:
        """Whether this feed has given the position: not in another history that a backup has ended."""
        if position == START:
            return True
        query = _positions().where(changes.c.sequence <= position.sequence)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
            if row is not None and row.sequence == position.sequence:
                return bool(row.at == position.at)
            # Its entry is dropped, or there never was one. An entry before it is not younger.
            younger = row is not None and row.at > position.at
            return not younger and position.sequence < (await _newest(connection)).sequence

    async def page(self, after: int, limit: int, code_host: str | None = None) -> FeedPage:
        """At most ``limit`` entries behind the one with the number ``after``, of all code hosts or of one.

        If ``after`` is behind the last entry, the page's end is before it.
        """
        async with self._database.read() as connection:
            newest = await _newest(connection)
            query = page_query(after, newest.sequence, limit, code_host)
            rows = (await connection.execute(query)).mappings().all()
        items = tuple(Change(**{**row, "kind": ChangeKind(row["kind"])}) for row in rows[:limit])
        if len(rows) <= limit:
            return FeedPage(items=items, end=newest, more=False)
        return FeedPage(items=items, end=Position(sequence=items[-1].sequence, at=items[-1].at), more=True)


def page_query(after: int, until: int, limit: int, code_host: str | None) -> Select[Any]:
    """The entries of a page, and one more if there are more."""
    query = select(changes).where(changes.c.sequence > after, changes.c.sequence <= until)
    if code_host is not None:
        query = query.where(changes.c.code_host == code_host)
    return query.order_by(changes.c.sequence).limit(limit + 1)


async def _newest(connection: AsyncConnection) -> Position:
    row = (await connection.execute(_positions())).first()
    return START if row is None else Position(sequence=row.sequence, at=row.at)


def _positions() -> Select[Any]:
    return select(changes.c.sequence, changes.c.at).order_by(changes.c.sequence.desc()).limit(1)


async def drop_superseded(database: Database, after_seconds: float = KEPT_SECONDS) -> int:
    """Drop a batch of what entries that are so old supersede; return how many were dropped. For any number of workers.

    An entry that comes of age drops all older ones of its repository and code host, so each is looked at once, and a
    look costs the same however many there are. A look that finds nothing to do writes nothing.
    """
    age, gathered = microseconds(after_seconds), microseconds(min(after_seconds, _GATHERED_SECONDS))
    async with database.read() as connection:
        now = await read_clock(connection)
        aged = await _came_of_age(connection, await _settled(connection), now, age)
    if not aged or (len(aged) < _BATCH and now - age - gathered < aged[0].at <= now):
        return 0
    async with database.write() as connection:
        # Locked until the commit: of two workers the second one goes on where the first has ended.
        await connection.execute(update(counters).where(counters.c.name == FEED_SETTLED).values(value=counters.c.value))
        settled = await _settled(connection)
        aged = await _came_of_age(connection, settled, now, age)
        if not aged:
            return 0
        last = aged[-1].sequence
        dropped = await connection.execute(_drop(settled, last))
        await connection.execute(update(counters).where(counters.c.name == FEED_SETTLED).values(value=last))
        return dropped.rowcount


async def _settled(connection: AsyncConnection) -> int:
    query = select(counters.c.value).where(counters.c.name == FEED_SETTLED)
    return int((await connection.execute(query)).scalar_one())


async def _came_of_age(connection: AsyncConnection, settled: int, now: int, age: int) -> list[Position]:
    """The entries behind ``settled`` that are old enough, up to the first that is not.

    One that is from the future was made while the clock was wrong, and counts as old: dropping is never wrong.
    """
    query = (
        select(changes.c.sequence, changes.c.at)
        .where(changes.c.sequence > settled)
        .order_by(changes.c.sequence)
        .limit(_BATCH)
    )
    found = []
    for row in (await connection.execute(query)).all():
        if now - age < row.at <= now:
            break
        found.append(Position(sequence=row.sequence, at=row.at))
    return found


def _drop(settled: int, last: int) -> Delete:
    older = changes.alias("older")
    superseded = (
        select(older.c.sequence)
        .join(changes, (changes.c.repository == older.c.repository) & (changes.c.code_host == older.c.code_host))
        .where(changes.c.sequence > settled, changes.c.sequence <= last, older.c.sequence < changes.c.sequence)
    )
    return delete(changes).where(changes.c.sequence.in_(superseded))
