"""One release through the stages: resolve, download, unpack and pack, finish.

    pin -> Resolver.resolve  -> Resolution   which file on which mirror, and why
        -> Downloader.download -> Download   verified bytes in the spool
        -> ChildPool.ingest  -> IngestReport a bare repository in the staging area
        -> finish                            the repository under its name, and recorded

Whatever happens, the spool and the staging area hold nothing of the release afterwards. The last step is the
worker's: it proves the job's lease, then has the repository published, then records it, all in one transaction. A
cancellation that comes after it has begun comes too late: a repository that is there must be recorded.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from codehost.download.downloader import Downloader
from codehost.housekeeping import revoke
from codehost.model.codehosts import CodeHostConfig
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Failure, Reason
from codehost.model.events import BytesReceived, Observer, Stage, StageEntered, Synced
from codehost.model.jobs import LeasedJob
from codehost.model.members import IngestReport, IngestRequest
from codehost.model.releases import Download, Resolution
from codehost.pack.publish import prepare, publish
from codehost.resolve.resolver import Resolver
from codehost.threads import in_thread

T = TypeVar("T")

Publish = Callable[[], Awaitable[None]]
# Is given what is to be recorded, and what publishes the repository; calls the latter once, under the job's lease.
Finish = Callable[[Synced, Publish], Awaitable[None]]


class Ingester(Protocol):
    """Whoever turns an archive into a repository."""

    async def ingest(self, request: IngestRequest) -> IngestReport:
        """Write the repository at ``request.repository``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The stages of one code host, wired together."""

    config: CodeHostConfig
    data: DataDirectory
    resolver: Resolver
    downloader: Downloader
    ingester: Ingester
    observer: Observer

    async def run(self, job: LeasedJob, finish: Finish) -> Synced:
        """Take one release from its pin to its published and recorded repository.

        Raises:
            Failure: a stage could not do its work.
            LeaseLostError: ``finish`` found that the job is not in hand any more.
        """
        name = job.files
        staging = self.data.staging / name
        spooled = self.data.spool / name
        try:
            resolution = await self._resolve(job)
            download = await self._download(job, resolution, name)
            report = await self._pack(job, resolution, download, staging)
            synced = Synced(
                pin=job.pin, repository=job.repository, resolution=resolution, download=download, report=report
            )
            self._enter(job, Stage.PUBLISH)
            await uninterrupted(self._finish(job, staging, synced, finish))
        except OSError as error:
            raise _storage(error) from error
        finally:
            await uninterrupted(asyncio.to_thread(_remove, staging, spooled))
        return synced

    async def _finish(self, job: LeasedJob, staging: Path, synced: Synced, finish: Finish) -> None:
        final = self.data.repository(job.repository)
        await asyncio.to_thread(prepare, final)

        async def publish_it() -> None:
            try:
                await asyncio.to_thread(self._publish, job, staging, final)
            except OSError as error:
                # Here already: to a database that we are in the middle of using, it would look like one of its own.
                raise _storage(error) from error

        await finish(synced, publish_it)

    def _publish(self, job: LeasedJob, staging: Path, final: Path) -> None:
        revoke(self.data, job.job_id, job.epoch, staging)
        publish(staging / "git", final, self.data.repositories)

    def _enter(self, job: LeasedJob, stage: Stage) -> None:
        self.observer.notify(StageEntered(pin=job.pin, stage=stage))

    async def _resolve(self, job: LeasedJob) -> Resolution:
        self._enter(job, Stage.RESOLVE)
        return await self.resolver.resolve(job.pin)

    async def _download(self, job: LeasedJob, resolution: Resolution, name: str) -> Download:
        self._enter(job, Stage.DOWNLOAD)
        download = await self.downloader.download(
            resolution,
            self.config.mirrors[resolution.position],
            name,
            self.config.limits,
            lambda count: self.observer.notify(BytesReceived(pin=job.pin, count=count)),
        )
        same_file = job.recorded_file in {None, resolution.file.filename}
        if same_file and job.recorded_sha256 not in {None, download.sha256}:
            raise Failure(
                Reason.DIGEST_CHANGED,
                f"{resolution.file.filename} has the sha256 {download.sha256}, recorded is {job.recorded_sha256}",
                mirror=resolution.mirror,
            )
        return download

    async def _pack(self, job: LeasedJob, resolution: Resolution, download: Download, staging: Path) -> IngestReport:
        self._enter(job, Stage.PACK)
        await in_thread(staging.mkdir, parents=True)
        request = IngestRequest(
            archive=download.path,
            filename=resolution.file.filename,
            sha256=download.sha256,
            repository=str(staging / "git"),
            tag=f"v{job.pin.version}",
            limits=self.config.limits,
        )
        try:
            return await self.ingester.ingest(request)
        except Failure as failure:
            raise failure.at(resolution.mirror) from failure


async def uninterrupted(work: Awaitable[T]) -> T:
    """See ``work`` through and return what it returns. A cancellation of this task meanwhile is dropped."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    return task.result()


def _storage(error: OSError) -> Failure:
    return Failure(Reason.STORAGE, f"the data directory cannot be written ({error.strerror or error})")


def _remove(staging: Path, spooled: Path) -> None:
    # What cannot be removed now, the next sync's recovery removes; it must not hide why the release failed.
    shutil.rmtree(staging, ignore_errors=True)
    with suppress(OSError):
        spooled.unlink()
