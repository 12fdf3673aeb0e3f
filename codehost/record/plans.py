"""A plan, applied: new releases and their jobs, restored and retired ones, and repositories' names kept unique.

A plan was made from what was recorded a moment ago. Whatever else adds, retires, restores or removes releases runs in
an exclusive transaction as well, so what is found here stays true to the end: a plan that does not fit it is refused.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import UserError
from codehost.model.jobs import PLANNED, JobState
from codehost.model.pins import Pin
from codehost.model.records import Plan, RetiredRelease, Source
from codehost.record.clock import clock, read_clock
from codehost.record.moves import cancel, chunks, requeue
from codehost.record.tables import code_hosts, jobs, releases
from codehost.record.wakeups import notify

_CHUNK = 5_000


class StalePlanError(UserError):
    """The recorded releases are not those any more that the plan was made for."""

    def __str__(self) -> str:
        return "The record of the releases was changed by somebody else while it was planned: do it again."


class NameHeldError(UserError):
    """Names of repositories that a plan needs belong to releases that other code hosts have retired.

    Attributes:
        name: the code host that is planned.
        holder: the code host that has the first of them.
        releases: those that workers may remove before their time; empty if there is one that they may not.
    """

    def __init__(self, name: str, holder: str, repository: str, releases: tuple[RetiredRelease, ...]) -> None:
        super().__init__(name, holder, repository, releases)
        self.name = name
        self.holder = holder
        self.repository = repository
        self.releases = releases

    def __str__(self) -> str:
        return (
            f"The code host {self.holder!r} pins {self.repository} no more, and its repository is still there: codehost"
            " sync --prune with its configuration takes it away at once, workers after a while."
            f" Or give {self.name!r} another repositoryPathPattern."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _New:
    pin: Pin
    repository: str

    @property
    def key(self) -> tuple[str, str]:
        return self.pin.release.project, self.pin.release.version


async def apply(
    connection: AsyncConnection, code_host_id: int, plan: Plan, *, again: Collection[JobState] = ()
) -> None:
    """Carry out the plan within an exclusive write transaction; what it retries is queued again from these states.

    Raises:
        StalePlanError: it was made for other releases than are recorded now.
        UserError: two releases would share a repository's name.
    """
    retired = [release.release_id for release in plan.retire]
    restored = [release.release_id for release in plan.restore]
    await _require_retired(connection, restored)
    new = [_New(pin=pin, repository=pin.repository(plan.repository_pattern)) for pin in plan.add]
    unrecorded = await _unrecorded(connection, code_host_id, new)
    await cancel(connection, retired)
    # What counts is the state now: a worker may have completed the job since, or tending given the release up.
    await requeue(connection, restored, jobs.c.state != JobState.COMPLETED.value)
    if again:
        states = [state.value for state in again]
        await requeue(connection, (release.release_id for release in plan.retry), jobs.c.state.in_(states))
    await _mark(connection, retired, wanted=False, retired_at=clock())
    await _mark(connection, restored, wanted=True, retired_at=None)
    await _add(connection, code_host_id, unrecorded)


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
        .values(
            applied_sha256=document_sha256,
            # Also when the clock was set back since a sync was asked for: it is served by this plan.
            applied_at=case((code_hosts.c.sync_requested_at > clock(), code_hosts.c.sync_requested_at), else_=clock()),
            # Said of what this plan retires, and not of what the same document may retire another time.
            removal_confirmed_sha256=None,
            problem=None,
        )
    )
    return bool((await connection.execute(followed)).rowcount)


async def _require_retired(connection: AsyncConnection, restored: list[int]) -> None:
    for chunk in chunks(restored):
        retired = select(func.count()).where(releases.c.id.in_(chunk), releases.c.wanted.is_(False))
        if (await connection.execute(retired)).scalar_one() != len(chunk):
            raise StalePlanError


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
    by_name = _by_name(new)
    held: list[Any] = []
    for chunk in _pieces(list(by_name)):
        for row in await _same_names(connection, chunk):
            if row.code_host_id == code_host_id:
                _require_same(row, by_name.pop(row.repository))
            elif row.wanted:
                raise await _two_hosts(connection, row.repository, row.name, code_host_id)
            else:
                held.append(row)
    if held:
        raise await _held(connection, held, code_host_id)
    left = list(by_name.values())
    # Recorded meanwhile under another name, by a document with another pattern.
    if {release.key for release in left} & await _recorded(connection, code_host_id, left):
        raise StalePlanError
    return left


def _by_name(new: Sequence[_New]) -> dict[str, _New]:
    by_name: dict[str, _New] = {}
    for release in new:
        other = by_name.setdefault(release.repository, release)
        if other is not release:
            raise _one_name(release.repository, str(other.pin), str(release.pin))
    return by_name


def _require_same(row: Any, release: _New) -> None:
    if (row.project, row.version) != release.key:
        raise _one_name(row.repository, f"{row.project}=={row.pinned_version}", str(release.pin))
    if not row.wanted:
        raise StalePlanError


async def _recorded(connection: AsyncConnection, code_host_id: int, new: Sequence[_New]) -> set[tuple[str, str]]:
    """The recorded releases of the projects of these."""
    found: set[tuple[str, str]] = set()
    for chunk in _pieces(list({release.pin.release.project for release in new})):
        query = select(releases.c.project, releases.c.version).where(
            releases.c.code_host_id == code_host_id, releases.c.project.in_(chunk)
        )
        found.update((row.project, row.version) for row in (await connection.execute(query)).all())
    return found


async def _same_names(connection: AsyncConnection, names: list[str]) -> Sequence[Any]:
    columns = (
        releases.c.repository,
        releases.c.code_host_id,
        releases.c.project,
        releases.c.version,
        releases.c.pinned_version,
        releases.c.wanted,
        releases.c.id.label("release_id"),
        releases.c.retired_at,
        code_hosts.c.name,
        code_hosts.c.source,
        code_hosts.c.removed_at,
    )
    joined = and_(code_hosts.c.id == releases.c.code_host_id, releases.c.repository.in_(names))
    return (await connection.execute(select(*columns).select_from(releases).join(code_hosts, joined))).all()


async def _name_of(connection: AsyncConnection, code_host_id: int) -> str:
    query = select(code_hosts.c.name).where(code_hosts.c.id == code_host_id)
    return str((await connection.execute(query)).scalar_one())


async def _held(connection: AsyncConnection, rows: Sequence[Any], code_host_id: int) -> NameHeldError:
    # What a sync has retired goes when its user says so.
    may_go = all(row.source != Source.SYNC or row.removed_at is not None for row in rows)
    retired = [
        RetiredRelease(
            release_id=row.release_id,
            project=row.project,
            pinned_version=row.pinned_version,
            repository=row.repository,
            retired_at=row.retired_at,
        )
        for row in rows
    ]
    name = await _name_of(connection, code_host_id)
    return NameHeldError(name, rows[0].name, rows[0].repository, tuple(retired) if may_go else ())


async def _two_hosts(connection: AsyncConnection, repository: str, other: str, code_host_id: int) -> UserError:
    name = await _name_of(connection, code_host_id)
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
