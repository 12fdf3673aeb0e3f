"""When each synced project's page is looked at again, and what came of it.

Several workers share the rows. Who takes a look puts its next moment off for ``LEASE``, so that no other takes it
meanwhile and a worker that dies loses it to nobody for long. Of two that took the same look after all, the first to
store counts: the other one's ``looked_at`` is not the recorded one any more.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.ports import NO_VALIDATORS, Validators
from codehost.model.records import ChangeKind
from codehost.record.changes import append_change
from codehost.record.clock import MICROSECONDS, clock, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.marks import Marked, Marks, WatchedRelease
from codehost.record.tables import changes, releases, watches
from codehost.record.texts import bounded_or_none, message, storable, without_user_information
from codehost.record.urls import SQLITE

LEASE = 600.0
# What the row says of a mirror that lacks the project. One such answer marks nothing; see ``Watch.confirmable``.
MISSING = "the mirror answered that it lacks the project"

# Rows of so many columns fit into one statement of either database.
MOST_AT_ONCE = 1_000
# A moment that is further ahead was written while the clock was wrong.
_AHEAD = 60 * MICROSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A look that was taken.

    ``releases`` are all synced ones of the project. ``mirror`` was asked last, ``page_url`` is where it answered, with
    ``validators`` unless something of the project was synced since. ``missed``: it said then that it lacks the
    project. ``confirmable``: a mirror is believed that twice. Between the two it must have been well for another
    project; where none other is watched there, its word alone has to do.
    """

    code_host_id: int
    project: str
    mirror: str
    page_url: str
    validators: Validators = NO_VALIDATORS
    looked_at: int
    taken_at: int
    missed: bool = False
    confirmable: bool = False
    releases: tuple[WatchedRelease, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look found. ``message`` says why nothing is known now, None when all is; ``again_in`` is in seconds."""

    watch: Watch
    mirror: str
    page_url: str
    validators: Validators = NO_VALIDATORS
    message: str | None = None
    marked: tuple[Marked, ...] = ()
    again_in: float


class Watches:
    """The looks at project pages that are due, taken and stored."""

    def __init__(self, database: Database, jitter: Callable[[], float] = random.random) -> None:
        self._database = database
        self._jitter = jitter

    async def enrol(self, code_host_id: int, interval: float, since: int | None = None) -> int:
        """Plan a first look at every synced project that has none, spread over ``interval`` seconds; return how many.

        With ``since`` only at those that have an entry in the feed behind this number: that costs little. A project was
        seen when it was synced, so none of them is urgent.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(unwatched_query(code_host_id, since))).mappings().all()
            now = await read_clock(connection)
        values = [
            {**row, "code_host_id": code_host_id, "next_at": now + microseconds(interval * self._jitter())}
            for row in rows
        ]
        build = sqlite.insert if self._database.dialect == SQLITE else postgresql.insert
        for start in range(0, len(values), MOST_AT_ONCE):
            async with self._database.write() as connection:
                # Another worker may enrol the same ones.
                statement = build(watches).values(values[start : start + MOST_AT_ONCE]).on_conflict_do_nothing()
                await connection.execute(statement)
        return len(values)

    async def newest_change(self) -> int:
        """The number of the feed's last entry, for ``enrol``."""
        async with self._database.read() as connection:
            newest = (await connection.execute(select(func.max(changes.c.sequence)))).scalar_one()
        return newest or 0

    async def count(self, code_host_id: int) -> int:
        """How many projects of a code host are watched. All are counted, so it is not to be asked for each look."""
        query = select(func.count()).select_from(watches).where(watches.c.code_host_id == code_host_id)
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def due_in(self, code_host_id: int) -> float | None:
        """In how many seconds the next look is due; None: there is none."""
        query = select(func.min(watches.c.next_at), clock()).where(watches.c.code_host_id == code_host_id)
        async with self._database.read() as connection:
            next_at, now = (await connection.execute(query)).one()
        return None if next_at is None else max(next_at - now, 0) / MICROSECONDS

    async def due(self, code_host_id: int, limit: int = 1) -> list[Watch]:
        """Take looks that are due, the longest overdue first, and at most ``MOST_AT_ONCE``.

        What nothing is synced of, or nothing wanted, is watched no more.
        """
        async with self._database.write() as connection:
            now = await read_clock(connection)
            rows = await _due(connection, code_host_id, now, min(limit, MOST_AT_ONCE))
            names = [row["project"] for row in rows]
            synced = await _releases_of(connection, code_host_id, names)
            await _put_off(connection, code_host_id, [name for name in names if name in synced], now)
            await _forget(connection, code_host_id, [name for name in names if name not in synced])
            return [
                _watch(row, synced[row["project"]], now, confirmable=await _is_confirmable(connection, row))
                for row in rows
                if row["project"] in synced
            ]

    async def store(self, looked: Looked) -> bool:
        """Record a look: its marks with the changes of the feed, and when the next one is due, all or nothing.

        Returns:
            False if another worker's look was recorded meanwhile: then nothing of this one is.
        """
        # Whoever waits for several releases at a time runs alone of its kind.
        alone = len(looked.marked) > 1
        async with self._database.write_alone() if alone else self._database.write() as connection:
            if not await _move_on(connection, looked):
                return False
            marked = sorted(looked.marked, key=lambda one: one.release.release_id)
            changed = [one for one in marked if await _mark(connection, one)]
            for one in changed:
                await append_change(
                    connection,
                    code_host_id=looked.watch.code_host_id,
                    repository=one.release.repository,
                    project=one.release.project,
                    version=one.release.version,
                    kind=ChangeKind.MARKED,
                    commit=one.release.commit,
                )
            return True


def unwatched_query(code_host_id: int, since: int | None) -> Select[Any]:
    """The synced projects without a watch, of all or of those with an entry in the feed behind ``since``."""
    known = and_(watches.c.code_host_id == code_host_id, watches.c.project == releases.c.project)
    query = (
        select(
            releases.c.project,
            func.min(releases.c.mirror).label("mirror"),
            func.min(releases.c.page_url).label("page_url"),
            func.max(releases.c.synced_at).label("looked_at"),
        )
        .where(releases.c.code_host_id == code_host_id, *_synced(), ~exists().where(known))
        .where(releases.c.wanted)
        .group_by(releases.c.project)
    )
    if since is None:
        return query
    changed = select(changes.c.project).where(changes.c.sequence > since, changes.c.code_host_id == code_host_id)
    return query.where(releases.c.project.in_(changed))


def _synced() -> Sequence[ColumnElement[bool]]:
    columns = (releases.c.commit, releases.c.mirror, releases.c.page_url, releases.c.file_name, releases.c.sha256)
    return [column.is_not(None) for column in (*columns, releases.c.synced_at)]


async def _due(connection: AsyncConnection, code_host_id: int, now: int, limit: int) -> list[Any]:
    rows: list[Any] = []
    # Two questions, so that each finds its rows at the head of an index.
    for query in due_queries(code_host_id, now):
        if len(rows) < limit:
            rows += (await connection.execute(query.limit(limit - len(rows)))).mappings().all()
    return rows


def due_queries(code_host_id: int, now: int) -> tuple[Select[Any], Select[Any]]:
    """The looks whose time has come; and those that were recorded while the clock was ahead.

    The next moment of the latter may be years away.
    """
    mine = select(watches).where(watches.c.code_host_id == code_host_id).with_for_update(skip_locked=True)
    come = mine.where(watches.c.next_at <= now).order_by(watches.c.next_at)
    ahead = mine.where(watches.c.looked_at > now + _AHEAD, watches.c.next_at > now).order_by(watches.c.looked_at)
    return come, ahead


async def _releases_of(
    connection: AsyncConnection, code_host_id: int, projects: Sequence[str]
) -> dict[str, tuple[WatchedRelease, ...]]:
    """The synced releases of those projects of which one at least is wanted, by project."""
    if not projects:
        return {}
    of_projects = (releases.c.code_host_id == code_host_id, releases.c.project.in_(projects))
    query = select(releases).where(*of_projects, *_synced()).order_by(releases.c.id)
    found: dict[str, list[Any]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        found[row["project"]].append(row)
    return {
        project: tuple(_release(row) for row in rows)
        for project, rows in found.items()
        if any(row["wanted"] for row in rows)
    }


async def _put_off(connection: AsyncConnection, code_host_id: int, projects: Sequence[str], now: int) -> None:
    if projects:
        not_ahead = case((watches.c.looked_at > now, now), else_=watches.c.looked_at)
        await connection.execute(
            update(watches)
            .where(watches.c.code_host_id == code_host_id, watches.c.project.in_(projects))
            .values(next_at=now + microseconds(LEASE), looked_at=not_ahead)
        )


async def _forget(connection: AsyncConnection, code_host_id: int, projects: Sequence[str]) -> None:
    if projects:
        of_projects = (watches.c.code_host_id == code_host_id, watches.c.project.in_(projects))
        await connection.execute(delete(watches).where(*of_projects))


def _release(row: Any) -> WatchedRelease:
    plain = "project version repository mirror page_url file_name sha256 commit synced_at"
    return WatchedRelease(
        release_id=row["id"],
        hashes=row["hashes"] or {},
        marks=Marks(
            yanked=(row["yanked_reason"] or "") if row["yanked"] else None,
            quarantined=row["quarantined"],
            gone=row["gone_at"] is not None,
            alarm=row["alarm"],
        ),
        **{name: row[name] for name in plain.split()},
    )


def _watch(row: Any, synced: tuple[WatchedRelease, ...], now: int, *, confirmable: bool) -> Watch:
    # Marks that a sync wrote may come from an older state of the page than the validators do.
    fresh = row["looked_at"] <= now and all(release.synced_at < row["looked_at"] for release in synced)
    validators = Validators(etag=row["etag"], last_modified=row["last_modified"])
    return Watch(
        code_host_id=row["code_host_id"],
        project=row["project"],
        mirror=row["mirror"],
        page_url=row["page_url"],
        validators=validators if fresh else NO_VALIDATORS,
        looked_at=min(row["looked_at"], now),
        taken_at=now,
        missed=row["message"] == MISSING,
        confirmable=confirmable,
        releases=synced,
    )


async def _is_confirmable(connection: AsyncConnection, row: Any) -> bool:
    if row["message"] != MISSING:
        return False
    others = and_(
        watches.c.code_host_id == row["code_host_id"],
        watches.c.mirror == row["mirror"],
        watches.c.project != row["project"],
    )
    well = and_(others, watches.c.message.is_(None), watches.c.looked_at > row["looked_at"])
    return bool((await connection.execute(select(or_(exists().where(well), ~exists().where(others))))).scalar_one())


async def _move_on(connection: AsyncConnection, looked: Looked) -> bool:
    watch = looked.watch
    statement = (
        update(watches)
        .where(watches.c.code_host_id == watch.code_host_id, watches.c.project == watch.project)
        .where(watches.c.looked_at == watch.looked_at)
        .values(
            mirror=_url(looked.mirror),
            page_url=_url(looked.page_url),
            etag=looked.validators.etag,
            last_modified=looked.validators.last_modified,
            message=None if looked.message is None else message(looked.message),
            looked_at=watch.taken_at,
            next_at=clock() + microseconds(looked.again_in),
        )
    )
    return bool((await connection.execute(statement)).rowcount)


async def _mark(connection: AsyncConnection, marked: Marked) -> bool:
    """Write the marks, unless the release was synced anew or removed since it was looked at."""
    release, marks = marked.release, marked.marks
    same = (releases.c.id == release.release_id, releases.c.synced_at == release.synced_at)
    statement = (
        update(releases)
        .where(*same, releases.c.commit == release.commit)
        .values(
            yanked=marks.yanked is not None,
            yanked_reason=bounded_or_none(marks.yanked),
            quarantined=marks.quarantined,
            gone_at=func.coalesce(releases.c.gone_at, clock()) if marks.gone else None,
            alarm=bounded_or_none(marks.alarm),
        )
    )
    return bool((await connection.execute(statement)).rowcount)


def _url(url: str) -> str:
    return storable(without_user_information(url))
