"""Every question that is asked often finds its rows by an index, with fresh statistics and with none."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.record.ahead import failed_ahead
from codehost.record.claims import heads, ready_query
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.job_pages import Wanted, page_query
from codehost.record.jobs import due_query as jobs_due_query
from codehost.record.moves import in_state
from codehost.record.overview import alarms_query, due_query, later_query, leases_query, next_query, paces_query
from codehost.record.releases import retired_before_query
from codehost.record.tables import attempts, changes, jobs, releases, watches
from codehost.record.watches import due_queries, unwatched_query
from tests.record.helpers import pinned

_NOW = 5
(QUEUED, IN_ORDER), (DUE, AS_THEY_COME_DUE) = heads(_NOW)


def claimed(condition: Any, order: Sequence[Any]) -> Any:
    return ready_query(1, condition).order_by(None).order_by(*order).limit(16)


QUERIES = {
    # The question, by which index its rows are found, and whether they come in order from there.
    "claim queued": (claimed(QUEUED, IN_ORDER), "jobs_queue", True),
    "claim due": (claimed(DUE, AS_THEY_COME_DUE), "jobs_errored", True),
    "claim a project": (
        ready_query(1, QUEUED | DUE, jobs.c.project == "a7").limit(16),
        "jobs_project|jobs_queue",
        False,
    ),
    "leases that ran out": (
        select(jobs.c.id).where(in_state(JobState.PROCESSING), jobs.c.lease_expires_at <= _NOW),
        "jobs_leases|jobs_owner",
        False,
    ),
    "own leases": (
        select(jobs.c.id).where(in_state(JobState.PROCESSING), jobs.c.owner == "w"),
        "jobs_owner|jobs_leases",
        False,
    ),
    "when jobs come due": (jobs_due_query([1, 2]), "(?s)jobs_errored.*jobs_leases", False),
    "paces": (paces_query(10**15), "attempts_finished", False),
    "leases": (leases_query(), "jobs_owner|jobs_leases", False),
    "due": (due_query(1, _NOW), "jobs_errored", False),
    "later": (later_query(1, _NOW), "jobs_errored", True),
    "next queued": (next_query(1, QUEUED, IN_ORDER), "jobs_queue", True),
    "next due": (next_query(1, DUE, AS_THEY_COME_DUE), "jobs_errored", True),
    "what failed in time to come": (select(jobs.c.id).where(failed_ahead(10**15)), "jobs_failed", False),
    "alarms": (alarms_query(1), "releases_alarmed", True),
    "retired": (retired_before_query(1, _NOW, 1_000), "releases_retired", False),
    "a page": (page_query(1, Wanted(), 1_000, 100), "jobs_state", False),
    "a page of one state": (
        page_query(1, Wanted(state=JobState.COMPLETED), 1_000, 100),
        "jobs_state|jobs_release_id_key",
        False,
    ),
    "looks that have come": (due_queries(1, _NOW)[0].limit(1), "watches_next", True),
    "looks of a clock ahead": (due_queries(1, _NOW)[1].limit(1), "watches_looked", True),
    "newly synced": (unwatched_query(1, 10**9), "changes_pkey|changes USING INTEGER PRIMARY KEY", False),
}
_MANY = 3_000


async def fill(database: Database) -> None:
    """Nearly all are completed, as in real life: one in a hundred is not."""
    await pinned(database, *(f"a{number}==1" for number in range(_MANY)))
    async with database.write() as connection:
        values: dict[str, Any] = {"state": "completed", "finished_at": 5}
        await connection.execute(update(jobs).where(jobs.c.id % 100 > 0).values(**values))
        retried = {"state": "errored", "not_before": jobs.c.id}
        await connection.execute(update(jobs).where(jobs.c.id % 100 == 0, jobs.c.id % 200 > 0).values(retried))
        await connection.execute(
            attempts.insert().from_select(
                ["job_id", "epoch", "number", "owner", "started_at", "finished_at", "outcome"],
                select(jobs.c.id, jobs.c.id, jobs.c.id, jobs.c.project, jobs.c.id, jobs.c.id, jobs.c.state),
            )
        )
        columns = ["sequence", "code_host_id", "repository", "project", "version", "kind", "at"]
        host, version = releases.c.code_host_id, releases.c.version
        entry = (releases.c.id, host, releases.c.repository, releases.c.project, version, literal("created"), clock())
        await connection.execute(changes.insert().from_select(columns, select(*entry)))
        told = ["code_host_id", "project", "mirror", "page_url", "looked_at", "next_at"]
        watched = select(jobs.c.code_host_id, jobs.c.project, jobs.c.project, jobs.c.project, jobs.c.id, clock())
        await connection.execute(watches.insert().from_select(told, watched))
        await connection.execute(update(releases).where(releases.c.id % 50 == 1).values(wanted=False, retired_at=9))


@pytest.fixture(params=["with statistics", "without"])
async def large(database: Database, request: pytest.FixtureRequest) -> Database:
    await fill(database)
    if request.param == "with statistics":
        async with database.write() as connection:
            await connection.execute(text("ANALYZE"))
    return database


async def test_every_question_is_answered_by_an_index(large: Database) -> None:
    whole_tables = r"^SCAN (?:jobs|releases|attempts|watches)$|Seq Scan on (?:jobs|releases|attempts|watches)"
    wrong = {}
    async with large.read() as connection:
        await prefer_indexes(connection)
        for name, (query, index, ordered) in QUERIES.items():
            plan = await explained(connection, query)
            sorts = ordered and re.search(r"USE TEMP B-TREE FOR ORDER BY|\bSort\b", plan)
            if not re.search(index, plan) or re.search(whole_tables, plan, re.MULTILINE) or sorts:
                wrong[name] = plan
    assert wrong == {}, "\n\n".join(f"{name}:\n{plan}" for name, plan in wrong.items())


async def prefer_indexes(connection: AsyncConnection) -> None:
    """A table of this size PostgreSQL would rather read whole; what counts is whether an index serves."""
    if connection.dialect.name == "postgresql":
        for way in ("seqscan", "sort", "bitmapscan"):
            await connection.execute(text(f"SET LOCAL enable_{way} = off"))


async def explained(connection: AsyncConnection, query: Any) -> str:
    compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    prefix = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    rows = (await connection.exec_driver_sql(f"{prefix}{compiled}")).all()
    return "\n".join(str(row[-1]) for row in rows)
