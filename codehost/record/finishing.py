"""The end of an attempt: a repository, or a failure. Every write here is fenced by the lease's epoch."""

from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import Failure
from codehost.model.jobs import JobState, LeasedJob, LeaseLostError
from codehost.model.members import MAX_REMARKS, IngestReport
from codehost.model.promises import promised
from codehost.model.records import AttemptOutcome, ChangeKind
from codehost.model.releases import Download, Resolution
from codehost.net.origins import shown
from codehost.record.changes import append_change
from codehost.record.clock import clock, microseconds, read_clock
from codehost.record.moves import UNOWNED, close_attempt, held, move
from codehost.record.tables import jobs, releases, skips
from codehost.record.texts import bounded, bounded_or_none, message, storable, without_user_information


async def complete(
    connection: AsyncConnection, job: LeasedJob, resolution: Resolution, download: Download, report: IngestReport
) -> None:
    """Record a published repository within a write transaction.

    Raises:
        LeaseLostError: the job is not in hand any more.
    """
    await _leave(connection, job, JobState.COMPLETED, reason=None, message=None, not_before=None)
    known = releases.c.id == job.release_id
    columns = (releases.c.commit, releases.c.yanked, releases.c.yanked_reason, releases.c.version)
    before = (await connection.execute(select(*columns).where(known))).one()
    values = _columns(resolution, download, report)
    await connection.execute(update(releases).where(known).values(synced_at=clock(), **values))
    await _replace_skips(connection, job.release_id, report)
    await connection.execute(close_attempt(job.job_id, job.epoch, AttemptOutcome.COMPLETED))
    await append_change(
        connection,
        code_host_id=job.code_host_id,
        repository=job.repository,
        project=job.pin.project,
        version=before.version,
        kind=_kind(before, values),
        commit=report.commit,
    )


async def fail(connection: AsyncConnection, job: LeasedJob, failure: Failure, retry_in: float | None) -> None:
    """Record a failed attempt within a write transaction.

    Raises:
        LeaseLostError: the job is not in hand any more.
    """
    transient = failure.facts.transient
    not_before = None
    if transient and retry_in is not None:
        not_before = await read_clock(connection) + microseconds(retry_in)
    values = {"reason": failure.reason.value, "message": message(str(failure))}
    state = JobState.ERRORED if transient else JobState.FAILED
    await _leave(connection, job, state, not_before=not_before, **values)
    outcome = AttemptOutcome.ERRORED if transient else AttemptOutcome.FAILED
    await connection.execute(close_attempt(job.job_id, job.epoch, outcome, transient=transient, **values))


async def give_back(connection: AsyncConnection, job: LeasedJob) -> bool:
    """Queue an untouched job again within a write transaction; False if it was not in hand any more."""
    statement = move(JobState.QUEUED, held(job), attempts=jobs.c.attempts - 1, **UNOWNED)
    if not (await connection.execute(statement)).rowcount:
        return False
    await connection.execute(close_attempt(job.job_id, job.epoch, AttemptOutcome.RETURNED))
    return True


async def _leave(connection: AsyncConnection, job: LeasedJob, state: JobState, **values: Any) -> None:
    statement = move(state, held(job), finished_at=clock(), **UNOWNED, **values)
    if not (await connection.execute(statement)).rowcount:
        raise LeaseLostError(job.pin, job.epoch)


def _kind(before: Any, values: dict[str, Any]) -> ChangeKind:
    if before.commit is None:
        return ChangeKind.CREATED
    marked = (before.yanked, before.yanked_reason) != (values["yanked"], values["yanked_reason"])
    return ChangeKind.MARKED if marked and before.commit == values["commit"] else ChangeKind.UPDATED


async def _replace_skips(connection: AsyncConnection, release_id: int, report: IngestReport) -> None:
    await connection.execute(delete(skips).where(skips.c.release_id == release_id))
    if report.skips:
        rows = [
            {
                "release_id": release_id,
                "position": position,
                "path": bounded(skip.path),
                "reason": skip.reason.value,
                "size": skip.size,
            }
            for position, skip in enumerate(report.skips)
        ]
        await connection.execute(insert(skips), rows)


def _columns(resolution: Resolution, download: Download, report: IngestReport) -> dict[str, Any]:
    return _resolved(resolution) | {
        "final_url": _url(download.final_url),
        "sha256": download.sha256,
        "verified": list(download.verified),
        "size": download.size,
        "commit": report.commit,
        "tree": report.tree,
        "files": report.files,
        "unpacked_bytes": report.unpacked_bytes,
        "packed_bytes": report.packed_bytes,
        "skipped": report.skipped,
        "remarks": [message(remark) for remark in report.remarks[:MAX_REMARKS]],
    }


def _resolved(resolution: Resolution) -> dict[str, Any]:
    file = resolution.file
    return {
        "mirror": _url(resolution.mirror),
        "page_url": _url(resolution.page_url),
        "file_name": storable(file.filename),
        "file_url": _url(shown(file.url)),
        "hashes": promised(file.hashes.items()),
        "upload_time": bounded_or_none(file.upload_time),
        "yanked": file.yanked is not None,
        "yanked_reason": bounded_or_none(file.yanked),
        "requires_python": bounded_or_none(file.requires_python),
        "why": storable(resolution.why),
        "asked": [
            {"mirror": _url(answer.mirror), "page_url": _url(answer.page_url), "said": message(answer.said)}
            for answer in resolution.asked
        ],
    }


def _url(url: str) -> str:
    return storable(without_user_information(url))
