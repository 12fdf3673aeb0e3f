"""Taking away the repository of a retired release, so that no worker can be in the middle of making it again."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from codehost.housekeeping import revoke, withdraw_all
from codehost.model.datadir import DataDirectory
from codehost.model.records import RetiredRelease
from codehost.record.database import Database
from codehost.record.releases import Releases

log = structlog.get_logger("codehost.worker")


class DiskError(Exception):
    """A repository could not be taken away. Inside a transaction, an ``OSError`` would look like the database's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """Any number of workers do this at the same time."""

    database: Database
    data: DataDirectory

    async def remove(self, release: RetiredRelease) -> bool:
        """Remove a release and its repository; False if it is wanted again, or gone.

        Raises:
            DiskError: the repository could not be taken away. The release stays, and can be removed another time.
            UserError: the database is gone.
        """
        releases = Releases(self.database)
        # The row stops vouching for the repository before it goes.
        job_id = await releases.job_of(release.release_id)
        if job_id is None or not await releases.disown(release.release_id):
            return False

        async def withdraw() -> None:
            try:
                await asyncio.to_thread(self._withdraw, release.repository, job_id)
            except OSError as error:
                raise DiskError(error.strerror or str(error)) from None

        removed = await releases.remove(release.release_id, withdraw)
        if removed:
            log.info("pruned", action="pruned", repository=release.repository)
        return removed

    def _withdraw(self, repository: str, job_id: int) -> None:
        self.data.staging.mkdir(parents=True, exist_ok=True)
        # A worker that stood still while it published, and wakes up later, finds nothing that it could publish.
        with tempfile.TemporaryDirectory(prefix="revoked-", dir=self.data.staging) as folder:
            revoke(self.data, job_id, sys.maxsize, Path(folder))
        withdraw_all(self.data, [repository])
