"""Lists of releases, page by page: each page costs the same, wherever it begins and however many there are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, union_all

from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.tables import jobs, releases


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRelease:
    """A release as a line of a list. Not ``wanted`` means retired; ``reason`` says why the last attempt failed."""

    release_id: int
    repository: str
    project: str
    pinned_version: str
    wanted: bool
    state: JobState
    reason: str | None
    synced_at: int | None


class Listing:
    """The releases of a code host in the order in which they were added, retired ones too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, code_host_id: int, after: int = 0, limit: int = 100, state: JobState | None = None
    ) -> list[ListedRelease]:
        """At most ``limit`` releases behind the one with the id ``after``, of one state or of all.

        The last one's ``release_id`` is where the next page begins. An empty page is the end; a full one may be
        followed by an empty one.
        """
        async with self._database.read() as connection:
            rows = (await connection.execute(page_query(code_host_id, after, limit, state))).mappings().all()
        return [ListedRelease(**{**row, "state": JobState(row["state"])}) for row in rows]


def page_query(code_host_id: int, after: int, limit: int, state: JobState | None) -> Select[Any]:
    """One page. The heads of each state's part of an index are put together: only so many rows are read."""
    heads = [_head(code_host_id, after, limit, one) for one in ([state] if state else JobState)]
    page = union_all(*(select(head.subquery()) for head in heads)).subquery()
    columns = (releases.c.repository, releases.c.project, releases.c.pinned_version, releases.c.wanted)
    return (
        select(page.c.release_id, *columns, page.c.state, jobs.c.reason, releases.c.synced_at)
        .join(releases, releases.c.id == page.c.release_id)
        .join(jobs, jobs.c.release_id == page.c.release_id)
        .order_by(page.c.release_id)
        .limit(limit)
    )


def _head(code_host_id: int, after: int, limit: int, state: JobState) -> Select[Any]:
    return (
        select(jobs.c.release_id, jobs.c.state)
        .where(jobs.c.code_host_id == code_host_id, jobs.c.state == state.value, jobs.c.release_id > after)
        .order_by(jobs.c.release_id)
        .limit(limit)
    )
