"""How every code host stands, read with few and cheap questions: each finds its rows by an index.

What grows with all releases is only counted, from narrow indexes; what is read is bounded by what fails, what is in
hand and what happened within minutes.
"""

from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.model.records import AttemptOutcome
from codehost.model.status import PACE_SECONDS, HostRecord, Marks, Pace, QueuedJob, SeenCodeHost
from codehost.model.workers import RecordedWorker
from codehost.record.circuits import load_circuits
from codehost.record.clock import MICROSECONDS, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.ledger import look
from codehost.record.moves import in_state
from codehost.record.reports import Reports
from codehost.record.tables import MARKED, attempts, code_hosts, jobs, ledger, releases
from codehost.record.workers import Workers

SHOWN_NEXT = 5
SHOWN_ALARMS = 10

# Those that say something of the pace: a release was done with, well or not.
_ENDED = (AttemptOutcome.COMPLETED, AttemptOutcome.ERRORED, AttemptOutcome.FAILED)
_OF_HOSTS = {"code_host_id": code_hosts.c.id, **dict(code_hosts.c.items())}
_HOST = [_OF_HOSTS[field.name].label(field.name) for field in fields(SeenCodeHost)]


_AT_REST = Pace(seconds=PACE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """The answer: all code hosts in the order of their priority, then of their names, and who works on them."""

    now: int
    hosts: tuple[HostRecord, ...]
    workers: tuple[RecordedWorker, ...]
    leases: dict[str, int]


class Overview:
    """Answers about all code hosts at once. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reports = Reports(database)
        self._workers = Workers(database)

    async def survey(self) -> Surveyed:
        """How everything stands now."""
        async with self._database.read() as connection:
            now = await read_clock(connection)
            query = select(*_HOST).order_by(code_hosts.c.priority, code_hosts.c.name)
            hosts = [SeenCodeHost(**row) for row in (await connection.execute(query)).mappings()]
            paces = await _paces(connection, now)
            leases = await _leases(connection)
        return Surveyed(
            now=now,
            hosts=tuple([await self._host(host, paces.get(host.code_host_id), now) for host in hosts]),
            workers=tuple(await self._workers.all()),
            leases=leases,
        )

    async def document(self, code_host_id: int) -> str:
        """A code host's document as it is stored; empty if there is no such code host any more."""
        query = select(code_hosts.c.document).where(code_hosts.c.id == code_host_id)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or ""

    async def _host(self, host: SeenCodeHost, pace: Pace | None, now: int) -> HostRecord:
        code_host_id = host.code_host_id
        counts = await self._reports.counts(code_host_id)
        async with self._database.read() as connection:
            spent, budget_now = await look(connection, code_host_id)
            requests = await _requests(connection, code_host_id, budget_now)
            due, later, later_at = await _retries(connection, code_host_id, now)
            return HostRecord(
                host=host,
                counts=counts,
                reasons=await _reasons(connection, code_host_id),
                retired=await _retired(connection, code_host_id),
                ready=counts[JobState.QUEUED] + due,
                next=await _next(connection, code_host_id, now),
                later=later,
                later_at=later_at,
                pace=replace(pace or _AT_REST, requests=requests),
                spent=spent,
                budget_now=budget_now,
                circuits=tuple(await load_circuits(connection, code_host_id)),
                marks=await _marks(connection, code_host_id),
            )


def paces_query(now: int) -> Select[Any]:
    """The attempts that ended of late, by code host."""
    ended = [func.count(case((attempts.c.outcome == one.value, 1))).label(one.value) for one in _ENDED]
    return (
        select(jobs.c.code_host_id, func.min(attempts.c.started_at).label("began"), *ended)
        .select_from(attempts)
        .join(jobs, jobs.c.id == attempts.c.job_id)
        # What ended in time to come did so before the clock was set back.
        .where(attempts.c.finished_at.between(now - microseconds(PACE_SECONDS), now))
        .where(attempts.c.outcome.in_([one.value for one in _ENDED]))
        .group_by(jobs.c.code_host_id)
    )


async def _paces(connection: AsyncConnection, now: int) -> dict[int, Pace]:
    paces = {}
    for row in (await connection.execute(paces_query(now))).all():
        # Work that began a minute ago has no pace of ten.
        seconds = min(max((now - row.began) / MICROSECONDS, 1.0), PACE_SECONDS)
        paces[row.code_host_id] = Pace(seconds=seconds, completed=row.completed, errored=row.errored, failed=row.failed)
    return paces


def leases_query() -> Select[Any]:
    """The jobs in hand, by their workers."""
    return select(jobs.c.owner, func.count()).where(in_state(JobState.PROCESSING)).group_by(jobs.c.owner)


async def _leases(connection: AsyncConnection) -> dict[str, int]:
    return {owner: number for owner, number in (await connection.execute(leases_query())).all() if owner is not None}


async def _requests(connection: AsyncConnection, code_host_id: int, now: int) -> int:
    query = select(func.coalesce(func.sum(ledger.c.tokens), 0)).where(
        ledger.c.code_host_id == code_host_id, ledger.c.granted_at >= now - microseconds(PACE_SECONDS)
    )
    return int((await connection.execute(query)).scalar_one())


def retries_query(code_host_id: int, now: int) -> Select[Any]:
    """How many jobs are due for another try, how many will be, and when the first of these is."""
    when = jobs.c.not_before
    told: list[Any] = [func.count(case((when <= now, 1))), func.count(case((when > now, 1)))]
    return select(*told, func.min(case((when > now, when)))).where(
        jobs.c.code_host_id == code_host_id, in_state(JobState.ERRORED), when.is_not(None)
    )


async def _retries(connection: AsyncConnection, code_host_id: int, now: int) -> tuple[int, int, int | None]:
    due, later, later_at = (await connection.execute(retries_query(code_host_id, now))).one()
    return due, later, later_at


def reasons_query(code_host_id: int) -> Select[Any]:
    """What failed, by state and reason. A retired release's job is not among them: it is cancelled or completed."""
    states = (JobState.ERRORED.value, JobState.FAILED.value)
    return (
        select(jobs.c.state, jobs.c.reason, func.count().label("number"))
        .where(jobs.c.code_host_id == code_host_id, jobs.c.state.in_(states))
        .group_by(jobs.c.state, jobs.c.reason)
    )


async def _reasons(connection: AsyncConnection, code_host_id: int) -> dict[tuple[JobState, str], int]:
    rows = (await connection.execute(reasons_query(code_host_id))).all()
    ordered = sorted(rows, key=lambda row: (-row.number, row.state, row.reason or ""))
    return {(JobState(row.state), row.reason or ""): row.number for row in ordered}


def retired_query(code_host_id: int) -> Select[Any]:
    """How many releases are no longer pinned."""
    mine = (releases.c.code_host_id == code_host_id, releases.c.wanted.is_(False))
    return select(func.count()).select_from(releases).where(*mine)


async def _retired(connection: AsyncConnection, code_host_id: int) -> int:
    return int((await connection.execute(retired_query(code_host_id))).scalar_one())


def next_query(code_host_id: int, condition: ColumnElement[bool]) -> Select[Any]:
    """The first jobs in the order of the queue that are under the condition."""
    names = (releases.c.repository, releases.c.project, releases.c.pinned_version)
    heads = (
        select(jobs.c.id, jobs.c.release_id, jobs.c.state, jobs.c.priority, jobs.c.queued_at)
        .where(jobs.c.code_host_id == code_host_id, condition)
        .order_by(jobs.c.priority, jobs.c.queued_at, jobs.c.id)
        .limit(SHOWN_NEXT)
        .subquery()
    )
    return select(heads, *names).join(releases, releases.c.id == heads.c.release_id)


async def _next(connection: AsyncConnection, code_host_id: int, now: int) -> tuple[QueuedJob, ...]:
    # Two questions, as in claiming, so that each finds its rows at the head of an index.
    rows: list[Any] = []
    for condition in (in_state(JobState.QUEUED), in_state(JobState.ERRORED) & (jobs.c.not_before <= now)):
        rows += (await connection.execute(next_query(code_host_id, condition))).all()
    rows.sort(key=lambda row: (row.priority, row.queued_at, row.id))
    return tuple(
        QueuedJob(
            position=position,
            repository=row.repository,
            project=row.project,
            pinned_version=row.pinned_version,
            queued_at=row.queued_at,
            again=row.state == JobState.ERRORED.value,
        )
        for position, row in enumerate(rows[:SHOWN_NEXT], start=1)
    )


def marks_query(code_host_id: int) -> Select[Any]:
    """How many wanted releases bear which mark."""
    kinds = (
        releases.c.yanked.is_(True),
        releases.c.quarantined.is_(True),
        releases.c.gone_at.is_not(None),
        releases.c.alarm.is_not(None),
    )
    counts: list[Any] = [func.count(case((kind, 1))) for kind in kinds]
    return select(*counts).where(releases.c.code_host_id == code_host_id, releases.c.wanted, MARKED)


def alarms_query(code_host_id: int) -> Select[Any]:
    """The first alarms."""
    conditions = (releases.c.code_host_id == code_host_id, releases.c.wanted, MARKED, releases.c.alarm.is_not(None))
    columns = (releases.c.repository, releases.c.alarm)
    return select(*columns).where(*conditions).order_by(releases.c.repository).limit(SHOWN_ALARMS)


async def _marks(connection: AsyncConnection, code_host_id: int) -> Marks:
    yanked, quarantined, gone, alarmed = (await connection.execute(marks_query(code_host_id))).one()
    alarms = (await connection.execute(alarms_query(code_host_id))).all() if alarmed else ()
    return Marks(
        yanked=yanked,
        quarantined=quarantined,
        gone=gone,
        alarmed=alarmed,
        alarms=tuple((row.repository, row.alarm) for row in alarms),
    )
