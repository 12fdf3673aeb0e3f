"""How every code host stands, read with few and cheap questions: each finds its rows by an index.

Nothing that is read grows with the releases: their numbers are kept (``record.tallies``), the rest is bounded by what
is due, what is in hand and what happened within minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.model.records import AttemptOutcome
from codehost.model.status import PACE_SECONDS, HostRecord, Marks, Pace, QueuedJob, SeenCodeHost
from codehost.model.workers import RecordedWorker
from codehost.record.circuits import load_circuits
from codehost.record.claims import heads
from codehost.record.clock import MICROSECONDS, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.ledger import look
from codehost.record.moves import in_state
from codehost.record.tables import attempts, code_hosts, jobs, ledger, releases
from codehost.record.tallies import Tally, load_tally
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
        async with self._database.read() as connection:
            tally = await load_tally(connection, code_host_id)
            spent, budget_now = await look(connection, code_host_id)
            requests = await _requests(connection, code_host_id, budget_now)
            due, later_at = await _retries(connection, code_host_id, now)
            return HostRecord(
                host=host,
                counts=tally.states,
                reasons=_by_number(tally.reasons),
                retired=tally.retired,
                ready=tally.states[JobState.QUEUED] + due,
                next=await _next(connection, code_host_id, now),
                # Counted a moment apart: some may have come due between.
                later=max(tally.retrying - due, 0),
                later_at=later_at,
                pace=replace(pace or _AT_REST, requests=requests),
                spent=spent,
                budget_now=budget_now,
                circuits=tuple(await load_circuits(connection, code_host_id)),
                marks=await _marks(connection, code_host_id, tally),
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


def due_query(code_host_id: int, now: int) -> Select[Any]:
    """How many jobs are due for another try. Workers take them as they come due, so that there are few."""
    mine = (jobs.c.code_host_id == code_host_id, in_state(JobState.ERRORED))
    return select(func.count()).select_from(jobs).where(*mine, jobs.c.not_before <= now)


def later_query(code_host_id: int, now: int) -> Select[Any]:
    """When the first of those is due that are not yet."""
    mine = (jobs.c.code_host_id == code_host_id, in_state(JobState.ERRORED))
    return select(func.min(jobs.c.not_before)).where(*mine, jobs.c.not_before > now)


async def _retries(connection: AsyncConnection, code_host_id: int, now: int) -> tuple[int, int | None]:
    due = (await connection.execute(due_query(code_host_id, now))).scalar_one()
    return due, (await connection.execute(later_query(code_host_id, now))).scalar_one()


def _by_number(reasons: dict[tuple[JobState, str], int]) -> dict[tuple[JobState, str], int]:
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], *item[0])))


def next_query(code_host_id: int, condition: ColumnElement[bool], order: Sequence[Any]) -> Select[Any]:
    """The first jobs in that order that are under the condition."""
    names = (releases.c.repository, releases.c.project, releases.c.pinned_version)
    first = (
        select(jobs.c.id, jobs.c.release_id, jobs.c.state, jobs.c.priority, jobs.c.queued_at)
        .where(jobs.c.code_host_id == code_host_id, condition)
        .order_by(*order)
        .limit(SHOWN_NEXT)
        .subquery()
    )
    return select(first, *names).join(releases, releases.c.id == first.c.release_id)


async def _next(connection: AsyncConnection, code_host_id: int, now: int) -> tuple[QueuedJob, ...]:
    rows: list[Any] = []
    for condition, order in heads(now):
        rows += (await connection.execute(next_query(code_host_id, condition, order))).all()
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


def alarms_query(code_host_id: int) -> Select[Any]:
    """The first alarms."""
    conditions = (releases.c.code_host_id == code_host_id, releases.c.wanted, releases.c.alarm.is_not(None))
    columns = (releases.c.repository, releases.c.alarm)
    return select(*columns).where(*conditions).order_by(releases.c.repository).limit(SHOWN_ALARMS)


async def _marks(connection: AsyncConnection, code_host_id: int, tally: Tally) -> Marks:
    alarms = (await connection.execute(alarms_query(code_host_id))).all() if tally.alarmed else ()
    return Marks(
        yanked=tally.yanked,
        quarantined=tally.quarantined,
        gone=tally.gone,
        alarmed=tally.alarmed,
        alarms=tuple((row.repository, row.alarm) for row in alarms),
    )
