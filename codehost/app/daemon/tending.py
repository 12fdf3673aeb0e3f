"""Tidying up, all the time: leases of dead workers, their files, and repositories that nothing has wanted for long."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import structlog

from codehost.housekeeping import clear_dead, remains_of_all, withdraw_all
from codehost.model.datadir import DataDirectory
from codehost.model.records import RetiredRelease, Source
from codehost.record.agenda import Agenda
from codehost.record.clock import MICROSECONDS
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.workers import Workers

_EVERY = 20.0
_LEAST_SILENCE = 20.0

log = structlog.get_logger("codehost.worker")


class _DiskError(Exception):
    """A repository could not be taken away. Inside a transaction, an ``OSError`` would look like the database's."""


@dataclass(slots=True, kw_only=True)
class Tending:
    """Any number of workers do this at the same time. ``lease`` and ``grace`` are seconds."""

    database: Database
    data: DataDirectory
    owner: str
    lease: float
    grace: float

    async def run(self, stop: asyncio.Event) -> None:
        """Tidy up until ``stop`` is set.

        Raises:
            UserError: the database is gone.
        """
        while not stop.is_set():
            await self.step(stop)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(_EVERY, self.lease))

    async def step(self, stop: asyncio.Event) -> None:
        """Tidy up once.

        Raises:
            UserError: the database is gone.
        """
        if count := await Jobs(self.database).reclaim_expired():
            log.warning("leases ran out", action="leases_expired", count=count)
        await self._clear_dead()
        for entry in await Agenda(self.database).read():
            if entry.source != Source.SYNC or entry.removed_at is not None:
                await self._prune(entry.code_host_id, stop)
        for name in await CodeHosts(self.database).forget_removed():
            log.info("code host forgotten", action="host_forgotten", code_host=name)

    async def _clear_dead(self) -> None:
        workers = Workers(self.database)
        try:
            found = await asyncio.to_thread(remains_of_all, self.data)
            living = [worker.owner for worker in await workers.alive(max(self.lease, _LEAST_SILENCE))]
            gone = await asyncio.to_thread(clear_dead, self.data, found, [*living, self.owner])
        except OSError as error:
            log.warning("remains not cleared", action="remains_kept", error=error.strerror or str(error))
            return
        if gone:
            log.warning("remains of dead workers cleared", action="remains_cleared", count=len(gone))

    async def _prune(self, code_host_id: int, stop: asyncio.Event) -> None:
        releases = Releases(self.database)
        before = await releases.now() - round(self.grace * MICROSECONDS)
        for release in await releases.retired(code_host_id):
            if stop.is_set():
                return
            if release.retired_at < before:
                try:
                    await self._remove(releases, release)
                except _DiskError as error:
                    name = release.repository
                    log.warning("repository stays", action="prune_failed", repository=name, error=str(error))
                    return

    async def _remove(self, releases: Releases, release: RetiredRelease) -> None:
        async def withdraw() -> None:
            try:
                await asyncio.to_thread(withdraw_all, self.data, [release.repository])
            except OSError as error:
                raise _DiskError(error.strerror or str(error)) from None

        # The row stops vouching for the repository before it goes.
        if await releases.disown(release.release_id) and await releases.remove(release.release_id, withdraw):
            log.info("pruned", action="pruned", repository=release.repository)
