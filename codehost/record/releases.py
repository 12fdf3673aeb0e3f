"""Releases in the database: what is recorded, how a plan changes it, and how a release leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Select, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.model.records import ChangeKind, Plan, RecordedRelease, RetiredRelease
from codehost.record.changes import append_change
from codehost.record.clock import read_clock
from codehost.record.database import Database
from codehost.record.losing import lose, told_of
from codehost.record.moves import cancel, chunks, requeue
from codehost.record.plans import StalePlanError, apply, follow
from codehost.record.tables import code_hosts, jobs, releases

# Takes a repository away, durably. Must not use the database.
Withdraw = Callable[[], Awaitable[None]]

# A look-up is several times cheaper than the enumeration's constructor, 100,000 times.
_STATES = {state.value: state for state in JobState}
_FAILED = (JobState.ERRORED, JobState.FAILED)
_NOT_SYNCED = (*_FAILED, JobState.CANCELLED)
_NOT_COMPLETED = [state.value for state in JobState if state is not JobState.COMPLETED]
# So many rows are made into objects in some milliseconds; then others have their turn.
_AT_ONCE = 5_000


class Releases:
    """The recorded releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recorded(self, code_host_id: int) -> list[RecordedRelease]:
        """All releases of a code host, retired ones too, in no particular order."""
        columns = (releases.c.id, releases.c.project, releases.c.version, releases.c.repository, releases.c.wanted)
        query = select(*columns).where(releases.c.code_host_id == code_host_id)
        # Nearly all are completed, most of the time: naming the others is cheaper than a join.
        others = select(jobs.c.release_id, jobs.c.state).where(
            jobs.c.code_host_id == code_host_id, jobs.c.state.in_(_NOT_COMPLETED)
        )
        async with self._database.read() as connection:
            rows = await _all(connection, query)
            # Last: a release that is added in between, and is not completed, is not among the rows.
            states = await _all(connection, others)
        return await asyncio.to_thread(_recorded, rows, states)

    async def owners(self, repositories: Iterable[str]) -> dict[str, str]:
        """The names of those repositories that are recorded, retired ones too, with the code host of each."""
        found: dict[str, str] = {}
        async with self._database.read() as connection:
            for chunk in chunks(repositories):
                query = select(releases.c.repository, code_hosts.c.name).where(
                    releases.c.repository.in_(chunk), code_hosts.c.id == releases.c.code_host_id
                )
                found.update((row.repository, row.name) for row in (await connection.execute(query)).all())
        return found

    async def apply_plan(self, code_host_id: int, plan: Plan) -> None:
        """Carry out a plan in one transaction; a plan without work does not touch the database.

        Raises:
            UserError: a repository's name is taken, by another code host (``NameHeldError`` if that one has retired it)
                or by another release of this one; or the plan is out of date (``StalePlanError``). Nothing was changed.
        """
        if plan.add or plan.retry or plan.retire or plan.restore:
            async with self._database.write_alone() as connection:
                await apply(connection, code_host_id, plan, again=_NOT_SYNCED)

    async def follow_plan(
        self, code_host_id: int, plan: Plan, document_sha256: str, *, retry_failed: bool = False
    ) -> bool:
        """Carry out the plan for a document, and note that it is followed, in one transaction.

        Unlike ``apply_plan`` it leaves alone what a person cancelled, and without ``retry_failed`` also what failed:
        that is tried again in its time.

        Returns:
            False if the code host has another document by now, or a release was added or removed meanwhile: nothing
            was changed, and there is a new plan to make.

        Raises:
            UserError: as for ``apply_plan``.
        """
        with suppress(StalePlanError):
            async with self._database.write_alone() as connection:
                if not await follow(connection, code_host_id, document_sha256):
                    return False
                await apply(connection, code_host_id, plan, again=_FAILED if retry_failed else ())
            return True
        return False

    async def now(self) -> int:
        """The database's time, in microseconds: all times of releases are on its clock."""
        async with self._database.read() as connection:
            return await read_clock(connection)

    async def retired(self, code_host_id: int) -> list[RetiredRelease]:
        """The releases that no pin names any more, in the order in which they were added."""
        async with self._database.read() as connection:
            rows = (await connection.execute(_retired(code_host_id).order_by(releases.c.id))).mappings().all()
        return [RetiredRelease(**row) for row in rows]

    async def retired_before(self, code_host_id: int, when: int, limit: int = 1_000) -> list[RetiredRelease]:
        """At most ``limit`` releases that no pin has named since before ``when``, the longest retired first."""
        async with self._database.read() as connection:
            rows = (await connection.execute(retired_before_query(code_host_id, when, limit))).mappings().all()
        return [RetiredRelease(**row) for row in rows]

    async def disown(self, release_id: int) -> bool:
        """Stop vouching for a retired release's repository, so that its directory may be deleted.

        Returns:
            False if the release is gone already or wanted again: then its repository must stay.
        """
        query = select(releases.c.id).where(releases.c.id == release_id, releases.c.wanted.is_(False))
        async with self._database.write_alone() as connection:
            if (await connection.execute(query)).first() is None:
                return False
            await requeue(connection, [release_id])
            await cancel(connection, [release_id])
            return True

    async def job_of(self, release_id: int) -> int | None:
        """The id of a release's job; None if the release is gone."""
        async with self._database.read() as connection:
            return (await connection.execute(select(jobs.c.id).where(jobs.c.release_id == release_id))).scalar()

    async def lose(self, repositories: Iterable[str]) -> list[str]:
        """Tell the feed that these repositories are gone, as far as no completed job vouches for them; return which.

        For repositories that are taken away or missing while their releases stay. Tell it first and take away then:
        whoever dies in between leaves one that is made anew, and told of as ``created``.
        """
        names = list(repositories)
        async with self._database.read() as connection:
            known = await told_of(connection, names)
        if not known:
            return []
        async with self._database.write_alone() as connection:
            return await lose(connection, known)

    async def remove(self, release_id: int, withdraw: Withdraw | None = None) -> bool:
        """Forget a retired release with its job, attempts and skips, and tell the feed if it had a repository.

        ``withdraw`` takes the repository away, inside the transaction: while it works, no plan can want the release
        again and no worker can publish it. The release must have been disowned: whoever dies between taking the
        repository away and the commit leaves one that nobody vouches for. None: the repository is gone already.

        Returns:
            False if it is gone already, wanted again or, with ``withdraw``, not disowned; nothing was done then.
        """
        columns = (
            releases.c.code_host_id,
            releases.c.repository,
            releases.c.project,
            releases.c.version,
            releases.c.commit,
        )
        statement = delete(releases).where(releases.c.id == release_id, releases.c.wanted.is_(False))
        if withdraw is not None:
            disowned = jobs.c.state == JobState.CANCELLED.value
            statement = statement.where(exists().where(jobs.c.release_id == release_id, disowned))
        async with self._database.write_alone() as connection:
            row = (await connection.execute(statement.returning(*columns))).mappings().first()
            if row is not None and withdraw is not None:
                await withdraw()
            if row is not None and row["commit"] is not None:
                await append_change(connection, kind=ChangeKind.REMOVED, **row)
        return row is not None


async def _all(connection: AsyncConnection, query: Select[Any]) -> list[Any]:
    """As ``(await execute(query)).all()``, but while the rows are read, others have their turn."""
    rows: list[Any] = []
    async for part in (await connection.stream(query)).partitions(_AT_ONCE):
        rows += part
    return rows


def _recorded(rows: Iterable[Any], states: Iterable[Any]) -> list[RecordedRelease]:
    unfinished: Mapping[int, JobState] = {release_id: _STATES[state] for release_id, state in states}
    state_of, completed = unfinished.get, JobState.COMPLETED
    return [
        RecordedRelease(release_id, project, version, repository, state_of(release_id, completed), wanted)
        for release_id, project, version, repository, wanted in rows
    ]


def retired_before_query(code_host_id: int, when: int, limit: int) -> Select[Any]:
    """The first of those that were retired before a moment."""
    return _retired(code_host_id).where(releases.c.retired_at < when).order_by(releases.c.retired_at).limit(limit)


def _retired(code_host_id: int) -> Select[Any]:
    columns = (
        releases.c.id.label("release_id"),
        releases.c.project,
        releases.c.pinned_version,
        releases.c.repository,
        releases.c.retired_at,
    )
    return select(*columns).where(releases.c.code_host_id == code_host_id, releases.c.wanted.is_(False))
