"""What a worker, an operator and a page of a list ask of the database, each timed by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from codehost.app.daemon.tending import Tending
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState, LeasedJob
from codehost.record.database import Database
from codehost.record.job_pages import JobPages, Place, Wanted
from codehost.record.jobs import Jobs
from codehost.record.overview import Overview
from codehost.record.reports import Reports
from codehost.record.watches import Looked, Watches
from codehost.record.workers import Workers
from tests.record.helpers import download, report, resolution

OWNER = "benchmark"
_DAY = 86_400.0
_IN_HAND = 64

T = TypeVar("T")
Step = Callable[[], Awaitable[float]]


async def nothing() -> None:
    """Publishes nothing: what is timed is the database."""


@dataclass(slots=True, kw_only=True)
class Steps:
    """The steps on a filled database. Each returns its seconds, without what had to be prepared."""

    database: Database
    hosts: Sequence[int]
    folder: Path
    size: int
    _held: list[LeasedJob] = field(default_factory=list)

    def all(self) -> Iterator[tuple[str, Step, int]]:
        """Their names, and how often each is to be repeated."""
        yield "claim one", self.claim_one, 31
        yield "claim 16 of all code hosts", self.claim_batch, 15
        yield "finish", self.finish, 31
        yield "fail", self.fail, 31
        yield f"prolong {_IN_HAND} leases", self.heartbeat, 31
        yield "look when work comes due", self.due_in, 31
        yield "take back lost leases", self.reclaim, 31
        yield "tidy up", self.tend, 15
        yield "take a look and store it", self.look, 31
        yield "find new projects to watch", self.enrol, 15
        yield "status", self.status, 15
        yield "first page", lambda: self.page(0, None), 31
        yield "page in the middle", lambda: self.page(self.size // 2, None), 31
        yield "page of failed ones", lambda: self.page(self.size // 2, JobState.FAILED), 31
        yield "one release", self.show, 31

    @property
    def jobs(self) -> Jobs:
        """The queue."""
        return Jobs(self.database)

    async def claim_one(self) -> float:
        """One job of one code host."""
        seconds, taken = await _timed(self.jobs.claim(self.hosts[0], OWNER, 1, 600))
        await self._give_back(taken)
        return seconds

    async def claim_batch(self) -> float:
        """A worker's usual claim."""
        seconds, taken = await _timed(self.jobs.claim_fairly(self.hosts, OWNER, 16, 600))
        await self._give_back(taken)
        return seconds

    async def finish(self) -> float:
        """A release that was published."""
        [job] = await self.jobs.claim(self.hosts[0], OWNER, 1, 600)
        done = self.jobs.complete(job, resolution(job), download(job), report(), nothing)
        return (await _timed(done))[0]

    async def fail(self) -> float:
        """A release that is tried again."""
        [job] = await self.jobs.claim(self.hosts[1], OWNER, 1, 600)
        return (await _timed(self.jobs.fail(job, Failure(Reason.NETWORK, "no answer"), 3_600)))[0]

    async def heartbeat(self) -> float:
        """All leases of a worker."""
        if len(self._held) < _IN_HAND:
            self._held += await self.jobs.claim_fairly(self.hosts, OWNER, _IN_HAND - len(self._held), 600)
        return (await _timed(self.jobs.heartbeat(OWNER, 600)))[0]

    async def due_in(self) -> float:
        """What a worker asks that finds nothing to do."""
        return (await _timed(self.jobs.due_in(self.hosts)))[0]

    async def reclaim(self) -> float:
        """Nothing is lost, as nearly always."""
        return (await _timed(self.jobs.reclaim_expired()))[0]

    async def tend(self) -> float:
        """Everything that is tidied up every twenty seconds."""
        data = DataDirectory(self.folder / "data").owned_by(OWNER)
        for place in (data.spool, data.staging):
            place.mkdir(parents=True, exist_ok=True)
        await Workers(self.database).register(OWNER, "machine", 1, "0")
        tending = Tending(database=self.database, data=data, owner=OWNER, lease=120.0, grace=7 * _DAY)
        return (await _timed(tending.step(asyncio.Event())))[0]

    async def look(self) -> float:
        """A look at a project's page that finds nothing new."""
        watches = Watches(self.database)
        await self._let_one_come_due()
        start = time.perf_counter()
        [watch] = await watches.due(self.hosts[0])
        again = Looked(watch=watch, mirror=watch.mirror, page_url=watch.page_url, again_in=_DAY)
        assert await watches.store(again)
        assert not await watches.due(self.hosts[0])
        await watches.due_in(self.hosts[0])
        return time.perf_counter() - start

    async def _let_one_come_due(self) -> None:
        async with self.database.write() as connection:
            await connection.exec_driver_sql(
                "UPDATE watches SET next_at = 5 WHERE code_host_id = 1 AND project ="
                " (SELECT project FROM watches WHERE code_host_id = 1 ORDER BY next_at LIMIT 1)"
            )

    async def enrol(self) -> float:
        """What was synced since the last time: the newest twenty changes."""
        return (await _timed(Watches(self.database).enrol(self.hosts[0], _DAY, self.size - 20)))[0]

    async def status(self) -> float:
        """Of all code hosts."""
        return (await _timed(Overview(self.database).survey()))[0]

    async def page(self, after: int, state: JobState | None) -> float:
        """A hundred lines of a list."""
        place = Place(code_host_id=self.hosts[0], release_id=after)
        seconds, found = await _timed(JobPages(self.database).page(Wanted(state=state), place, 100))
        assert found
        return seconds

    async def show(self) -> float:
        """All that is known of one release."""
        name = f"host-{1 + (self.size // 20) % len(self.hosts)}/project-{self.size // 20}/1.0"
        seconds, found = await _timed(Reports(self.database).details(name))
        assert found is not None
        return seconds

    async def _give_back(self, taken: Sequence[LeasedJob]) -> None:
        assert taken
        for job in taken:
            assert await self.jobs.release(job)


async def _timed(work: Awaitable[T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = await work
    return time.perf_counter() - start, result
