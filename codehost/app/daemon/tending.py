"""Tidying up, all the time: leases of dead workers, their files, and repositories that nothing has wanted for long."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from codehost.app.daemon.pruning import DiskError, Pruning
from codehost.housekeeping import clear_dead, clear_own, remains_of_all, remains_of_own
from codehost.model.datadir import DataDirectory
from codehost.model.records import Source
from codehost.net.elapsed import elapsed
from codehost.record.agenda import Agenda
from codehost.record.ahead import come_back, forget_old_circuits
from codehost.record.clock import MICROSECONDS
from codehost.record.database import Database
from codehost.record.feed import drop_superseded
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.tallies import gather
from codehost.record.workers import Workers

_EVERY = 20.0
_LEAST_SILENCE = 20.0
# By so much the database's clock and this process's may disagree on how long a while was.
_SLACK = 5.0
_CIRCUITS_LAST = 7 * 86_400.0

log = structlog.get_logger("codehost.worker")


@dataclass(slots=True, kw_only=True)
class Tending:
    """Any number of workers do this at the same time. ``lease`` and ``grace`` are seconds.

    ``in_hand`` names the files of the jobs that this worker has in hand.
    """

    database: Database
    data: DataDirectory
    owner: str
    lease: float
    grace: float
    in_hand: Callable[[], Iterable[str]] = tuple
    elapsed: Callable[[], float] = elapsed
    _clock: tuple[int, float] | None = None
    _settles_at: float = 0.0
    _ahead: bool = True

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
        if count := await Jobs(self.database).reclaim_expired(spare=self.owner):
            log.warning("leases ran out", action="leases_expired", count=count)
        await self._mind_the_clock()
        if self.elapsed() >= self._settles_at:
            await self._come_back()
            await self._clear_dead()
        for entry in await Agenda(self.database).read():
            if entry.source != Source.SYNC or entry.removed_at is not None:
                await self._prune(entry.code_host_id, stop)
        await forget_old_circuits(self.database, after_seconds=_CIRCUITS_LAST)
        for name in await CodeHosts(self.database).forget_removed():
            log.info("code host forgotten", action="host_forgotten", code_host=name)
        await gather(self.database)
        await drop_superseded(self.database)

    async def _mind_the_clock(self) -> None:
        """When the database's clock was set, nobody seems to live until all have given a sign of life again."""
        now, here = await Releases(self.database).now(), self.elapsed()
        if self._clock is not None:
            then, there = self._clock
            gained = (now - then) / MICROSECONDS - (here - there)
            if abs(gained) > _SLACK:
                log.warning("the clock was set", action="clock_set", seconds=round(gained, 1))
                self._settles_at = here + self._silence
                self._ahead = True
        self._clock = now, here

    async def _come_back(self) -> None:
        if not self._ahead:
            return
        living = [worker.owner for worker in await Workers(self.database).alive(self._silence)]
        everyone = [*living, self.owner]
        await come_back(self.database, lease_seconds=self.lease, living=everyone, seen=self._settles_at > 0)
        self._ahead = False

    @property
    def _silence(self) -> float:
        """Who was not seen for so long is dead."""
        return max(self.lease, _LEAST_SILENCE)

    async def _clear_dead(self) -> None:
        workers = Workers(self.database)
        try:
            found = await asyncio.to_thread(remains_of_all, self.data)
            living = [worker.owner for worker in await workers.alive(self._silence)]
            gone = await asyncio.to_thread(clear_dead, self.data, found, [*living, self.owner])
            own = await asyncio.to_thread(remains_of_own, self.data)
            left = await asyncio.to_thread(clear_own, self.data, own, frozenset(self.in_hand()))
        except OSError as error:
            log.warning("remains not cleared", action="remains_kept", error=error.strerror or str(error))
            return
        if gone or left:
            log.warning("remains cleared", action="remains_cleared", count=len(gone) + len(left))

    async def _prune(self, code_host_id: int, stop: asyncio.Event) -> None:
        releases, pruning = Releases(self.database), Pruning(database=self.database, data=self.data)
        before = await releases.now() - round(self.grace * MICROSECONDS)
        removed = True
        while removed:
            removed = False
            for release in await releases.retired_before(code_host_id, before):
                if stop.is_set():
                    return
                try:
                    removed = await pruning.remove(release) or removed
                except DiskError as error:
                    name = release.repository
                    log.warning("repository stays", action="prune_failed", repository=name, error=str(error))
                    return
