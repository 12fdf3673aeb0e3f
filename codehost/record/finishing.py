"""The end of an attempt: a repository, or a failure. Every write here is fenced by the lease's epoch.

A repository is published inside the transaction that records it. The transaction's first write ends the lease: it
finds the job in hand under this epoch, or refuses; from then on the row is locked, and nobody can give the job to
another. Then comes the rename, made durable, and at last the commit. Whoever dies on the way leaves a state that heals:

    death, stop or lost connection      what is left                     what heals it
    ----------------------------------  -------------------------------  ------------------------------------------
    before the transaction              a job in hand, files in staging  the lease runs out; the folders of dead
                                                                         owners are removed
    in it, before the rename            the same: nothing was committed  the same
    between putting the old repository  a job in hand, no repository     the same; the old one was vouched for by
    aside and the rename                                                 no completed job
    after the rename, before the        a job in hand, a repository      the next try replaces it, or recovery or
    commit is done                      that nobody vouches for          ``verify --repair`` removes it
    commit sent, answer lost            either the line above or below   nobody guesses: the database knows which
    after the commit                    a completed job, its             the folders of dead owners are removed
                                        repository, files in staging

A power loss adds nothing: the rename is durable before the commit is sent, so no completed job is without a repository.

A late writer, whose lease is gone, is refused by the first write and touches nothing. One that was stopped in the
middle, and whose session the server has ended, goes on to rename when it wakes up: for this case whoever publishes a
job takes away what earlier leases of it have staged (``housekeeping.revoke``), and both of the late one's renames fail.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.errors import Failure
from codehost.model.jobs import PLANNED, JobState, LeasedJob, LeaseLostError
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
from codehost.record.wakeups import notify

# Moves the staged repository to its place, durably. Must not use the database, and must not raise OSError.
Publish = Callable[[], Awaitable[None]]


async def complete(
    connection: AsyncConnection,
    job: LeasedJob,
    resolution: Resolution,
    download: Download,
    report: IngestReport,
    publish: Publish | None,
) -> None:
    """Publish a repository and record it within a write transaction.

    Raises:
        LeaseLostError: the job is not in hand any more; nothing was published.
        Failure: it could not be published.
    """
    await _leave(connection, job, JobState.COMPLETED, reason=None, message=None, not_before=None)
    if publish is not None:
        await publish()
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
    await notify(connection)
    return True


async def put_off(connection: AsyncConnection, job: LeasedJob, failure: Failure, retry_in: float) -> None:
    """Let a job wait whose mirror is left alone, within a write transaction: it was not tried.

    Raises:
        LeaseLostError: the job is not in hand any more.
    """
    values = {"reason": failure.reason.value, "message": message(str(failure))}
    not_before = await read_clock(connection) + microseconds(retry_in)
    statement = move(
        JobState.ERRORED,
        held(job),
        attempts=jobs.c.attempts - 1,
        losses=0,
        not_before=not_before,
        finished_at=clock(),
        **UNOWNED,
        **values,
    )
    if not (await connection.execute(statement)).rowcount:
        raise LeaseLostError(job.pin, job.epoch)
    await connection.execute(close_attempt(job.job_id, job.epoch, AttemptOutcome.RETURNED, transient=True, **values))


async def _leave(connection: AsyncConnection, job: LeasedJob, state: JobState, **values: Any) -> None:
    ended = {"finished_at": clock(), "losses": 0, "priority": PLANNED}
    statement = move(state, held(job), **ended, **UNOWNED, **values)
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
        # Said of the file that was recorded before.
        "quarantined": False,
        "gone_at": None,
        "alarm": None,
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
