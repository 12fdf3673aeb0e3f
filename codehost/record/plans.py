"""A plan, applied: new releases and their jobs, restored and retired ones, and repositories' names kept unique."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import UserError
from codehost.model.jobs import PLANNED, JobState
from codehost.model.pins import Pin
from codehost.model.records import Plan
from codehost.record.clock import clock, read_clock
from codehost.record.moves import cancel, chunks, requeue
from codehost.record.tables import code_hosts, jobs, releases
from codehost.record.wakeups import notify

_CHUNK = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    pin: Pin
    repository: str

    @property
    def key(self) -> tuple[str, str]:
        return self.pin.release.project, self.pin.release.version


async def apply(connection: AsyncConnection, code_host_id: int, plan: Plan, *, again: bool) -> None:
    """Carry out the plan within an exclusive write transaction; with ``again``, what failed is queued again.

    Raises:
        UserError: two releases would share a repository's name.
    """
    retired = [release.release_id for release in plan.retire]
    restored = [release.release_id for release in plan.restore]
    pinned = (*plan.retry, *plan.restore) if again else plan.restore
    unfinished = (release for release in pinned if release.state is not JobState.COMPLETED)
    await cancel(connection, retired)
    await requeue(connection, (release.release_id for release in unfinished))
    await _mark(connection, retired, wanted=False, retired_at=clock())
    await _mark(connection, restored, wanted=True, retired_at=None)
    new = [_New(pin=pin, repository=pin.repository(plan.repository_pattern)) for pin in plan.add]
    await _add(connection, code_host_id, await _unrecorded(connection, code_host_id, new))


async def follow(connection: AsyncConnection, code_host_id: int, document_sha256: str) -> bool:
    """Note that a plan follows this document; False if it is not the code host's document any more."""
    # The row stays locked until the plan is applied: the document can change before it or after it.
    followed = (
        update(code_hosts)
        .where(
            code_hosts.c.id == code_host_id,
            code_hosts.c.document_sha256 == document_sha256,
            code_hosts.c.removed_at.is_(None),
        )
        .values(applied_sha256=document_sha256, applied_at=clock(), problem=None)
    )
    return bool((await connection.execute(followed)).rowcount)


async def _mark(connection: AsyncConnection, release_ids: list[int], **values: Any) -> None:
    for chunk in chunks(release_ids):
        await connection.execute(update(releases).where(releases.c.id.in_(chunk)).values(values))


async def _add(connection: AsyncConnection, code_host_id: int, new: Sequence[_New]) -> None:
    if not new:
        return
    newest = (await connection.execute(select(func.coalesce(func.max(releases.c.id), 0)))).scalar_one()
    now = await read_clock(connection)
    await connection.execute(
        insert(releases),
        [
            {
                "code_host_id": code_host_id,
                "project": release.pin.project,
                "version": release.pin.release.version,
                "pinned_version": release.pin.version,
                "repository": release.repository,
                "wanted": True,
                "created_at": now,
            }
            for release in new
        ],
    )
    await _queue_all(connection, releases.c.id > newest, now)
    await notify(connection)


async def _queue_all(connection: AsyncConnection, added: ColumnElement[bool], now: int) -> None:
    # One statement instead of a round trip per release; in the plan's order, which the queue then follows.
    queued = {
        "release_id": releases.c.id,
        "code_host_id": releases.c.code_host_id,
        "project": releases.c.project,
        "state": literal(JobState.QUEUED.value, jobs.c.state.type),
        "priority": literal(PLANNED, jobs.c.priority.type),
        "attempts": literal(0, jobs.c.attempts.type),
        "epoch": literal(0, jobs.c.epoch.type),
        "queued_at": literal(now, jobs.c.queued_at.type),
    }
    source = select(*queued.values()).where(added).order_by(releases.c.id)
    await connection.execute(insert(jobs).from_select(list(queued), source))


async def _unrecorded(connection: AsyncConnection, code_host_id: int, new: Sequence[_New]) -> list[_New]:
    """Those that are still to be added; another process may have applied the same plan a moment ago."""
    by_name: dict[str, _New] = {}
    for release in new:
        other = by_name.setdefault(release.repository, release)
        if other is not release:
            raise _one_name(release.repository, str(other.pin), str(release.pin))
    for chunk in _pieces(list(by_name)):
        for row in await _same_names(connection, chunk):
            release = by_name[row.repository]
            if row.code_host_id != code_host_id:
                raise await _two_hosts(connection, row.repository, row.name, code_host_id)
            if (row.project, row.version) != release.key:
                raise _one_name(row.repository, f"{row.project}=={row.pinned_version}", str(release.pin))
            del by_name[row.repository]
    return list(by_name.values())


async def _same_names(connection: AsyncConnection, names: list[str]) -> Sequence[Any]:
    columns = (
        releases.c.repository,
        releases.c.code_host_id,
        releases.c.project,
        releases.c.version,
        releases.c.pinned_version,
        code_hosts.c.name,
    )
    joined = and_(code_hosts.c.id == releases.c.code_host_id, releases.c.repository.in_(names))
    return (await connection.execute(select(*columns).select_from(releases).join(code_hosts, joined))).all()


async def _two_hosts(connection: AsyncConnection, repository: str, other: str, code_host_id: int) -> UserError:
    query = select(code_hosts.c.name).where(code_hosts.c.id == code_host_id)
    name = (await connection.execute(query)).scalar_one()
    return UserError(
        f"The code hosts {other!r} and {name!r} would both make the repository {repository}:"
        f" give one of them another repositoryPathPattern, for example {name}/{{project}}/{{version}}."
    )


def _one_name(repository: str, first: str, second: str) -> UserError:
    return UserError(
        f"The pins {first} and {second} would both make the repository {repository}:"
        " choose a repositoryPathPattern that keeps {project} and {version} apart, for example with a slash."
    )


def _pieces(names: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _CHUNK):
        yield list(names[start : start + _CHUNK])
