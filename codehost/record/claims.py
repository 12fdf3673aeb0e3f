"""Claiming: which queued jobs a worker gets, and the lease that it gets them under.

One project page answers for all releases of a project, so a worker gets a project's releases together. Of several code
hosts each gets its share of what a worker can take, in the order that the worker gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState, LeasedJob
from codehost.model.pins import Pin, Release
from codehost.record.clock import read_clock
from codehost.record.moves import in_state, move, reclaim_expired
from codehost.record.tables import attempts, jobs, releases

# Of each job so many attempts are remembered: a mirror's bad months must not fill the table.
MOST_ATTEMPTS = 50

_IN_ORDER = (jobs.c.priority, jobs.c.queued_at, jobs.c.id)
# Whose time came first goes first among those; thousands may be due after a mirror's bad day, and are not all sorted.
_AS_THEY_COME_DUE = (jobs.c.not_before,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    owner: str
    now: int
    expires_at: int


async def claim(
    connection: AsyncConnection, *, code_hosts: Sequence[int], owner: str, limit: int, lease: int
) -> list[LeasedJob]:
    """Take at most ``limit`` jobs for ``lease`` microseconds, within a write transaction.

    Leases of these code hosts that ran out are taken back first, except the owner's own: it knows better whether it
    works on them (``Jobs.heartbeat``).
    """
    now = await read_clock(connection)
    await reclaim_expired(connection, now, jobs.c.code_host_id.in_(code_hosts), jobs.c.owner != owner)
    lease_to = _Lease(owner=owner, now=now, expires_at=now + lease)
    taken: list[int] = []
    hungry = list(code_hosts)
    while hungry and len(taken) < limit:
        hungry = await _share_out(connection, hungry, lease_to, limit, taken)
    return await _leased(connection, taken) if taken else []


async def _share_out(
    connection: AsyncConnection, hosts: Sequence[int], lease: _Lease, limit: int, taken: list[int]
) -> list[int]:
    """Give each code host its share of what is left of the limit; return those that could take more.

    What one has no jobs for goes to those behind it, and then around again.
    """
    hungry = []
    for place, code_host_id in enumerate(hosts):
        share = -((len(taken) - limit) // (len(hosts) - place))  # rounded up
        chosen = await _choose(connection, code_host_id, lease.now, share) if share else []
        await _take(connection, chosen, lease)
        taken += chosen
        if len(chosen) == share:
            hungry.append(code_host_id)
    return hungry


async def _take(connection: AsyncConnection, chosen: Sequence[int], lease: _Lease) -> None:
    if not chosen:
        return
    statement = move(
        JobState.PROCESSING,
        jobs.c.id.in_(chosen),
        owner=lease.owner,
        lease_expires_at=lease.expires_at,
        epoch=jobs.c.epoch + 1,
        attempts=jobs.c.attempts + 1,
        not_before=None,
        started_at=lease.now,
    ).returning(jobs.c.id, jobs.c.epoch, jobs.c.attempts)
    started = [
        {"job_id": job_id, "epoch": epoch, "number": number, "owner": lease.owner, "started_at": lease.now}
        for job_id, epoch, number in (await connection.execute(statement)).all()
    ]
    await connection.execute(insert(attempts), started)
    too_old = select(jobs.c.epoch - MOST_ATTEMPTS).where(jobs.c.id == attempts.c.job_id).scalar_subquery()
    await connection.execute(delete(attempts).where(attempts.c.job_id.in_(chosen), attempts.c.epoch <= too_old))


async def _choose(connection: AsyncConnection, code_host_id: int, now: int, limit: int) -> list[int]:
    """Whole projects in the order of the queue; only the last one may be cut by the limit."""
    chosen: list[int] = []
    for project in await _projects(connection, code_host_id, now, limit):
        if len(chosen) == limit:
            break
        of_project = ready_query(code_host_id, _is_ready(now), jobs.c.project == project)
        query = of_project.limit(limit - len(chosen))
        chosen += (await connection.execute(query.with_only_columns(jobs.c.id))).scalars()
    return chosen


async def _projects(connection: AsyncConnection, code_host_id: int, now: int, limit: int) -> list[str]:
    """The projects of the jobs that are next."""
    rows: list[Any] = []
    for condition, order in heads(now):
        query = ready_query(code_host_id, condition).order_by(None).order_by(*order).limit(limit)
        rows += (await connection.execute(query)).all()
    rows.sort(key=lambda row: (row.priority, row.queued_at, row.id))
    return list(dict.fromkeys(row.project for row in rows))


def heads(now: int) -> tuple[tuple[ColumnElement[bool], Sequence[Any]], ...]:
    """Under which conditions jobs may be claimed, and in which order: each is read from the head of an index."""
    return (in_state(JobState.QUEUED), _IN_ORDER), (_is_due(now), _AS_THEY_COME_DUE)


def ready_query(code_host_id: int, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Jobs of a code host in the order of the queue, locked."""
    # Rows that another worker is claiming this moment are passed over, not waited for.
    columns = (jobs.c.id, jobs.c.project, jobs.c.priority, jobs.c.queued_at)
    query = select(*columns).where(jobs.c.code_host_id == code_host_id, *conditions)
    return query.order_by(*_IN_ORDER).with_for_update(skip_locked=True)


def _is_due(now: int) -> ColumnElement[bool]:
    return in_state(JobState.ERRORED) & (jobs.c.not_before <= now)


def _is_ready(now: int) -> ColumnElement[bool]:
    return or_(in_state(JobState.QUEUED), _is_due(now))


async def _leased(connection: AsyncConnection, job_ids: Sequence[int]) -> list[LeasedJob]:
    """The jobs as values, in the order of the ids."""
    columns = (
        jobs.c.id,
        jobs.c.release_id,
        jobs.c.code_host_id,
        jobs.c.epoch,
        jobs.c.attempts,
        releases.c.project,
        releases.c.version,
        releases.c.pinned_version,
        releases.c.repository,
        releases.c.sha256,
        releases.c.file_name,
    )
    query = select(*columns).join(releases, releases.c.id == jobs.c.release_id).where(jobs.c.id.in_(job_ids))
    found = {row.id: row for row in (await connection.execute(query)).all()}
    return [_as_leased(found[job_id]) for job_id in job_ids]


def _as_leased(row: Any) -> LeasedJob:
    release = Release(project=row.project, version=row.version)
    return LeasedJob(
        job_id=row.id,
        release_id=row.release_id,
        code_host_id=row.code_host_id,
        pin=Pin(project=row.project, version=row.pinned_version, release=release),
        repository=row.repository,
        epoch=row.epoch,
        attempt=row.attempts,
        recorded_sha256=row.sha256,
        recorded_file=row.file_name,
    )
