"""Reading: what a person asks of the record. Nothing here writes."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.jobs import JobState
from codehost.model.members import Skip, SkipReason
from codehost.model.pins import Release
from codehost.model.records import (
    AttemptOutcome,
    CompletedRelease,
    FailedRelease,
    RecordedAttempt,
    ReleaseDetails,
    ReleaseOutcome,
)
from codehost.model.releases import Answer
from codehost.record.database import Database
from codehost.record.moves import in_state
from codehost.record.tables import attempts, code_hosts, jobs, releases, skips
from codehost.record.tallies import load_tally

_PAGE = 5_000
_NAMES = (releases.c.project, releases.c.pinned_version, releases.c.repository)


class Reports:
    """Answers about code hosts and releases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, code_host_id: int) -> dict[JobState, int]:
        """How many wanted releases are in each state; all states are present."""
        async with self._database.read() as connection:
            return (await load_tally(connection, code_host_id)).states

    async def failures(self, code_host_id: int) -> list[FailedRelease]:
        """The wanted releases whose last attempt failed, in the order of their project and version."""
        columns = (jobs.c.state, jobs.c.reason, jobs.c.message, jobs.c.attempts, jobs.c.not_before)
        query = (
            _with_jobs(*_NAMES, *columns)
            .where(jobs.c.code_host_id == code_host_id, releases.c.wanted)
            .where(jobs.c.state.in_((JobState.ERRORED.value, JobState.FAILED.value)))
            .order_by(releases.c.project, releases.c.version)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [FailedRelease(**{**row, "state": JobState(row["state"])}) for row in rows]

    async def outcomes(self, code_host_id: int) -> AsyncIterator[ReleaseOutcome]:
        """Every wanted release, in the order in which it was added.

        Read page by page, each in a transaction of its own: a slow reader holds up nobody.
        """
        details = (
            releases.c.version,
            releases.c.commit,
            releases.c.mirror,
            releases.c.file_name,
            releases.c.sha256,
            releases.c.skipped,
        )
        query = (
            _with_jobs(releases.c.id, *_NAMES, *details, jobs.c.state, jobs.c.reason, jobs.c.message)
            .where(releases.c.code_host_id == code_host_id, releases.c.wanted)
            .order_by(releases.c.id)
            .limit(_PAGE)
        )
        last = 0
        while True:
            async with self._database.read() as connection:
                rows = (await connection.execute(query.where(releases.c.id > last))).mappings().all()
            for row in rows:
                values = {**row, "state": JobState(row["state"])}
                last = values.pop("id")
                yield ReleaseOutcome(**values)
            if len(rows) < _PAGE:
                return

    async def details(self, repository: str) -> ReleaseDetails | None:
        """All that is known of the release in that repository, or None."""
        query = (
            _with_jobs(releases, code_hosts.c.name, jobs.c.id, jobs.c.state, jobs.c.reason, jobs.c.message)
            .join(code_hosts, code_hosts.c.id == releases.c.code_host_id)
            .where(releases.c.repository == repository)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
            return ReleaseDetails(
                code_host=found[code_hosts.c.name],
                release_id=found[releases.c.id],
                state=JobState(found[jobs.c.state]),
                reason=found[jobs.c.reason],
                message=found[jobs.c.message],
                skips=await _skips(connection, found[releases.c.id]),
                attempts=await _attempts(connection, found[jobs.c.id]),
                **_release_fields(found),
            )

    async def names_of(self, release: Release) -> list[str]:
        """The repositories of a release, one for each code host that has it."""
        known = (releases.c.project == release.project, releases.c.version == release.version)
        query = select(releases.c.repository).where(*known).order_by(releases.c.id)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def completed(self, code_host_id: int | None = None) -> list[CompletedRelease]:
        """The releases whose repositories should be on disk, retired ones too, of one code host or of all."""
        columns = (releases.c.id.label("release_id"), releases.c.code_host_id, releases.c.repository)
        query = (
            _with_jobs(*columns, releases.c.pinned_version, releases.c.commit)
            .where(in_state(JobState.COMPLETED))
            .order_by(releases.c.id)
        )
        if code_host_id is not None:
            query = query.where(releases.c.code_host_id == code_host_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [CompletedRelease(**row) for row in rows]


def _with_jobs(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(releases).join(jobs, jobs.c.release_id == releases.c.id)


def _release_fields(found: Any) -> dict[str, Any]:
    plain = (
        "project version pinned_version repository wanted commit tree mirror page_url file_name file_url final_url"
        " sha256 size upload_time requires_python why files unpacked_bytes packed_bytes skipped"
        " created_at synced_at retired_at quarantined gone_at alarm"
    )
    fields = {name: found[releases.c[name]] for name in plain.split()}
    fields["hashes"] = found[releases.c.hashes] or {}
    fields["verified"] = tuple(found[releases.c.verified] or ())
    fields["remarks"] = tuple(found[releases.c.remarks] or ())
    fields["asked"] = tuple(Answer(**answer) for answer in found[releases.c.asked] or ())
    fields["yanked"] = found[releases.c.yanked_reason] if found[releases.c.yanked] else None
    return fields


async def _skips(connection: AsyncConnection, release_id: int) -> tuple[Skip, ...]:
    query = select(skips.c.path, skips.c.reason, skips.c.size).where(skips.c.release_id == release_id)
    rows = (await connection.execute(query.order_by(skips.c.position))).all()
    return tuple(Skip(path=path, reason=SkipReason(reason), size=size) for path, reason, size in rows)


async def _attempts(connection: AsyncConnection, job_id: int) -> tuple[RecordedAttempt, ...]:
    columns = [column for column in attempts.c if column is not attempts.c.job_id]
    query = select(*columns).where(attempts.c.job_id == job_id).order_by(attempts.c.epoch)
    rows = (await connection.execute(query)).mappings().all()
    return tuple(
        RecordedAttempt(**{**row, "outcome": AttemptOutcome(row["outcome"]) if row["outcome"] else None})
        for row in rows
    )
