"""Repositories page by page, as consumers outside list them. Each page costs the same, wherever it begins.

A repository is *present* from the moment that it is published until the feed says ``removed``: exactly as long as its
release has a commit. A retired one is present until it is pruned.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, union_all

from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.tables import code_hosts, jobs, releases

# SQLite puts at most 500 selections together.
_HOSTS_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which releases to list: of one code host, of one project (normalised), in one state; None: of all."""

    code_host: str | None = None
    project: str | None = None
    state: JobState | None = None


ALL = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRepository:
    """A release as an item of a list, with the marks as in ``ReleaseDetails``. Not ``wanted`` means retired."""

    release_id: int
    repository: str
    code_host: str
    project: str
    version: str
    pinned_version: str
    wanted: bool
    state: JobState
    reason: str | None
    commit: str | None
    yanked: str | None
    quarantined: bool
    gone_at: int | None
    alarm: str | None
    created_at: int
    synced_at: int | None
    retired_at: int | None


class Present(NamedTuple):
    """A repository that is there. A named tuple: a listing makes one for each of a million."""

    release_id: int
    repository: str
    pinned_version: str


class Repositories:
    """The releases with their repositories, in the order in which they were added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: Wanted = ALL, after: int = 0, limit: int = 100) -> list[ListedRepository]:
        """At most ``limit`` releases behind the one with the id ``after``; fewer: there are no more."""
        async with self._database.read() as connection:
            hosts = None
            if wanted.code_host is not None or wanted.state is not None:
                hosts = (await connection.execute(_hosts(wanted.code_host))).scalars().all()
            rows: list[Any] = []
            for query in page_queries(wanted, hosts, after, limit):
                rows += (await connection.execute(query)).mappings().all()
        rows.sort(key=lambda row: row["release_id"])
        return [_listed(row) for row in rows[:limit]]

    async def present(self, after: int = 0, limit: int = 5_000) -> list[Present]:
        """At most ``limit`` repositories that are present, behind the release with the id ``after``; fewer: the end."""
        async with self._database.read() as connection:
            return [Present(*row) for row in (await connection.execute(present_query(after, limit))).all()]


def present_query(after: int, limit: int) -> Select[Any]:
    """One page of those that are present."""
    return (
        select(releases.c.id, releases.c.repository, releases.c.pinned_version)
        .where(releases.c.id > after, releases.c.commit.is_not(None))
        .order_by(releases.c.id)
        .limit(limit)
    )


def page_queries(wanted: Wanted, hosts: Sequence[int] | None, after: int, limit: int) -> Iterator[Select[Any]]:
    """What together holds one page. ``hosts``: the ids of the wanted code hosts; None: it does not matter which."""
    if wanted.project is not None:
        yield _of_project(wanted.project, wanted.state, hosts, after, limit)
    elif hosts is None:
        yield _items_of(select(releases.c.id.label("release_id")).where(releases.c.id > after), releases.c.id, limit)
    else:
        for start in range(0, len(hosts), _HOSTS_AT_ONCE):
            yield _heads(hosts[start : start + _HOSTS_AT_ONCE], wanted.state, after, limit)


def _hosts(name: str | None) -> Select[Any]:
    query = select(code_hosts.c.id)
    return query if name is None else query.where(code_hosts.c.name == name)


def _items() -> Select[Any]:
    columns = (
        *(releases.c.id.label("release_id"), releases.c.repository, code_hosts.c.name.label("code_host")),
        *(releases.c.project, releases.c.version, releases.c.pinned_version, releases.c.wanted),
        *(jobs.c.state, jobs.c.reason, releases.c.commit, releases.c.yanked, releases.c.yanked_reason),
        *(releases.c.quarantined, releases.c.gone_at, releases.c.alarm),
        *(releases.c.created_at, releases.c.synced_at, releases.c.retired_at),
    )
    return (
        select(*columns)
        .select_from(releases)
        .join(jobs, jobs.c.release_id == releases.c.id)
        .join(code_hosts, code_hosts.c.id == releases.c.code_host_id)
    )


def _items_of(query: Select[Any], place: ColumnElement[int], limit: int) -> Select[Any]:
    """The first ones that ``query`` selects, complete.

    Chosen first and joined then: PostgreSQL, that knows no bound, would walk along the whole of another table.
    """
    first = query.order_by(place).limit(limit).subquery()
    return _items().join(first, first.c.release_id == releases.c.id).order_by(releases.c.id)


def _of_project(
    project: str, state: JobState | None, hosts: Sequence[int] | None, after: int, limit: int
) -> Select[Any]:
    # A project has few releases. The sum keeps the database from going through all others in the order of their ids.
    place = releases.c.id + 0
    named = select(code_hosts.c.id) if hosts is None else list(hosts)
    query = _items().where(releases.c.code_host_id.in_(named), releases.c.project == project, place > after)
    if state is not None:
        query = query.where(jobs.c.state == state.value)
    return query.order_by(place).limit(limit)


def _heads(hosts: Sequence[int], state: JobState | None, after: int, limit: int) -> Select[Any]:
    """The heads of each part of an index are put together: only so many rows are read."""
    states = list(JobState) if state is None else [state]
    heads = [
        select(jobs.c.release_id)
        .where(jobs.c.code_host_id == host, jobs.c.state == one.value, jobs.c.release_id > after)
        .order_by(jobs.c.release_id)
        .limit(limit)
        for host in hosts
        for one in states
    ]
    page = union_all(*(select(head.subquery()) for head in heads)).subquery()
    return _items_of(select(page.c.release_id), page.c.release_id, limit)


def _listed(row: Any) -> ListedRepository:
    values = dict(row)
    reason = values.pop("yanked_reason")
    values["yanked"] = (reason or "") if values["yanked"] else None
    return ListedRepository(**{**values, "state": JobState(values["state"])})
