"""Lists of jobs for people, page by page: each page costs about the same, wherever it begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.hosts import UnknownHostError
from codehost.record.tables import code_hosts, jobs, releases

# Only these have one.
_WITH_REASON = (JobState.ERRORED, JobState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: behind the job of that release, in the order of code hosts and then of releases."""

    code_host_id: int = 0
    release_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob:
    """A job. Times are microseconds since the epoch. Not ``wanted``: its release is retired.

    ``not_before``: when an errored job is tried again. ``reason`` and ``message`` are the last failure's.
    """

    place: Place
    code_host: str
    repository: str
    project: str
    pinned_version: str
    wanted: bool
    state: JobState
    reason: str | None
    message: str | None
    attempts: int
    queued_at: int
    started_at: int | None
    finished_at: int | None
    not_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which jobs: of one code host, in one state, failed for one reason; None for any."""

    code_host: str | None = None
    state: JobState | None = None
    reason: Reason | None = None

    @property
    def states(self) -> Sequence[JobState]:
        """The states to look through."""
        with_reason = _WITH_REASON if self.reason is not None else tuple(JobState)
        return [state for state in with_reason if self.state in {None, state}]


class JobPages:
    """The jobs of all code hosts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, wanted: Wanted, after: Place, limit: int) -> list[ListedJob]:
        """At most ``limit`` jobs behind a place; fewer are the last.

        Raises:
            UnknownHostError: jobs of a code host are wanted that there is not.
        """
        found: list[ListedJob] = []
        async with self._database.read() as connection:
            for code_host_id, name in await _hosts(connection, wanted.code_host, after):
                behind = after.release_id if code_host_id == after.code_host_id else 0
                query = page_query(code_host_id, wanted, behind, limit - len(found))
                rows = (await connection.execute(query)).mappings() if query is not None else ()
                found += [_listed(code_host_id, name, dict(row)) for row in rows]
                if len(found) >= limit:
                    break
        return found


async def _hosts(connection: AsyncConnection, name: str | None, after: Place) -> list[tuple[int, str]]:
    query = select(code_hosts.c.id, code_hosts.c.name).order_by(code_hosts.c.id)
    if name is not None:
        query = query.where(code_hosts.c.name == name)
    rows = (await connection.execute(query)).all()
    if name is not None and not rows:
        raise UnknownHostError(name)
    return [(row.id, row.name) for row in rows if row.id >= after.code_host_id]


def page_query(code_host_id: int, wanted: Wanted, behind: int, limit: int) -> Select[Any] | None:
    """One page of a code host's jobs: the heads of each state's part of an index, put together. None: no state fits."""
    heads = [_head(code_host_id, state, wanted.reason, behind, limit) for state in wanted.states]
    if not heads:
        return None
    page = union_all(*(select(head.subquery()) for head in heads)).subquery()
    of_releases = (releases.c.repository, releases.c.project, releases.c.pinned_version, releases.c.wanted)
    of_jobs = (
        *(jobs.c.release_id, jobs.c.state, jobs.c.reason, jobs.c.message, jobs.c.attempts),
        *(jobs.c.queued_at, jobs.c.started_at, jobs.c.finished_at, jobs.c.not_before),
    )
    return (
        select(*of_releases, *of_jobs)
        .select_from(page)
        .join(releases, releases.c.id == page.c.release_id)
        .join(jobs, jobs.c.release_id == page.c.release_id)
        .order_by(page.c.release_id)
        .limit(limit)
    )


def _head(code_host_id: int, state: JobState, reason: Reason | None, behind: int, limit: int) -> Select[Any]:
    query = (
        select(jobs.c.release_id)
        .where(jobs.c.code_host_id == code_host_id, jobs.c.state == state.value, jobs.c.release_id > behind)
        .order_by(jobs.c.release_id)
        .limit(limit)
    )
    return query if reason is None else query.where(jobs.c.reason == reason.value)


def _listed(code_host_id: int, code_host: str, row: dict[str, Any]) -> ListedJob:
    place = Place(code_host_id=code_host_id, release_id=row.pop("release_id"))
    row["state"] = JobState(row["state"])
    return ListedJob(place=place, code_host=code_host, **row)
