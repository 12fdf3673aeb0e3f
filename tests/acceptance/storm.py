"""A storm of kills over a fleet of workers, phase by phase. What it is for stands in ``daemon_kill``."""

import asyncio
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle

from sqlalchemy import delete

from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from codehost.record.jobs import Jobs
from codehost.record.tables import circuits
from tests.acceptance.fleet import Fleet
from tests.acceptance.program import Finished, Running
from tests.acceptance.promises import BrokenPromiseError, End, check_at_any_moment, check_at_the_end, rows
from tests.acceptance.weather import ENDS, MoodyMirror

LEASE = 2.0
_OPTIONS = ("--lease-seconds", str(LEASE), "--grace", "0", "--watch-every", "0", "--concurrency", "6")
_TROUBLE = 0.06
_DONE: End = (JobState.COMPLETED, None)
# Releases in the queue and in hand, unless these are more than half of all.
_ENOUGH_WORK = 40
_DAMAGED = 5
_LOOK = 0.7
# A worker is past its start in two of three cases; the rest is struck while it starts.
_STARTED = 0.67
_LONGEST_LIFE = 2.0
_KINDS = {"worker": 0.62, "worker and children": 0.2, "children": 0.09, "stopped": 0.09}
_SURVIVED = frozenset({"children", "stopped"})
_PATIENCE = 300.0
_AGAIN = frozenset({JobState.ERRORED, JobState.FAILED, JobState.CANCELLED})
# Not any traceback: the interpreter prints some when its own helpers are killed.
_DEFECTS = ("loop_crashed", "job_crashed", "never retrieved")


@dataclass(slots=True, kw_only=True)
class Storm:
    """A fleet under fire. ``commits``: the right ones by project and version.

    ``kills`` counts by phase, ``struck`` those that hit work in hand, ``blows`` by kind, ``crashed`` the jobs that were
    lost with three workers in a row, or with their children.
    """

    fleet: Fleet
    mirror: MoodyMirror
    chance: random.Random
    pins: list[str]
    commits: Mapping[str, str]
    workers: int
    kills: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    struck: int = 0
    crashed: int = 0
    looks: int = 0
    requeued: int = 0
    slowest_exit: float = 0.0
    _generation: int = 0
    _left: int = 0
    _cancelled: set[str] = field(default_factory=set)

    async def run(self, shares: Iterable[int]) -> None:
        """Go through the phases in turn, each with the next share of kills, as long as there are shares."""
        phases = cycle((self._fresh, self._changed, self._ordered, self._repaired))
        for phase, share in zip(phases, shares, strict=False):
            await phase(share)

    async def _fresh(self, kills: int) -> None:
        """A new code host with all pins; the last one goes."""
        self._generation += 1
        self._configure(self.pins)
        await self.fleet.hosts("add", str(self.fleet.desk.config), "--name", self._name)
        if self._generation > 1:
            await self.fleet.hosts("remove", f"g{self._generation - 1}", "--yes")
        await self._rage("fresh", kills)
        await self._settle(self.pins)

    async def _changed(self, kills: int) -> None:
        """A document that retires many; then one that brings some of them back and retires others."""
        kept: list[str] = []
        for share in (kills // 2, kills - kills // 2):
            kept = [*self.chance.sample(self.pins[: -len(ENDS)], len(self.pins) * 2 // 3), *ENDS]
            await self._edit(kept)
            await self._rage("changed", share)
        await self._settle(kept)

    async def _ordered(self, kills: int) -> None:
        """Cancel and retry by command meanwhile; what is cancelled stays so until it is retried."""
        await self._edit(self.pins)
        self._left = kills
        ordering = asyncio.create_task(self._order())
        await self._rage("ordered", kills)
        await ordering
        await self._settle(self.pins)
        if self._cancelled:
            await self._command("retry", *sorted(self._cancelled))
            self._cancelled.clear()
            await self._settle(self.pins)

    async def _repaired(self, kills: int) -> None:
        """All are killed and repositories are damaged; a repair is killed, another one ends; it goes on."""
        await self._edit(self.pins)
        await self._rage("repaired", kills // 2)
        await self._damage()
        repair = await self.fleet.desk.start("verify", "--repair", *self.fleet.desk.place)
        await asyncio.sleep(self.chance.uniform(0.5, 2.5))
        repair.send(signal.SIGKILL)
        await repair.finished()
        await self._command("verify", "--repair")
        await check_at_any_moment(self.fleet, self.commits)
        await self._rage("repaired", kills - kills // 2)
        await self._settle(self.pins)
        verdict = await self._command("verify")
        if verdict.status:
            raise BrokenPromiseError(f"verify: {verdict.said}")

    @property
    def _name(self) -> str:
        return f"g{self._generation}"

    def _configure(self, pins: Iterable[str]) -> None:
        # What dead workers had been granted counts as spent: the cap leaves room for many deaths.
        self.fleet.desk.configure(
            [self.mirror.url],
            list(pins),
            repositoryPathPattern=f"{self._name}/{{project}}/{{version}}",
            rateLimit={"requestsPerHour": 400_000},
        )

    async def _edit(self, pins: Iterable[str]) -> None:
        self._configure(pins)
        await self.fleet.hosts("edit", self._name, str(self.fleet.desk.config))
        await self.fleet.hosts("confirm", self._name)

    async def _command(self, *arguments: str) -> Finished:
        ended = await self.fleet.desk.run(arguments[0], *self.fleet.desk.place, *arguments[1:])
        # 1: one of them was completed meanwhile, or something was found.
        if ended.status not in {0, 1} or "Traceback" in ended.said:
            raise BrokenPromiseError(f"{arguments[0]} ended with {ended.status}: {ended.said}")
        return ended

    async def _order(self) -> None:
        # To the end of an order: what it did has to be known.
        while self._left > 0:
            names = self.chance.sample(sorted(await rows(self.fleet)), 12)
            cancelled = await self._command("cancel", *names[:8])
            self._cancelled |= {line.partition(":")[0] for line in cancelled.stdout.splitlines() if "cancelled" in line}
            retried = sorted(self._cancelled)[::3] or names[8:]
            await self._command("retry", *retried)
            self._cancelled.difference_update(retried)

    async def _damage(self) -> None:
        """Break some repositories in different ways, and add one that nobody knows."""
        root = self.fleet.desk.data / "repos"
        completed = [name for name, row in (await rows(self.fleet)).items() if row.end == _DONE]
        chosen = self.chance.sample(completed, min(_DAMAGED, len(completed)))
        for number, name in enumerate(chosen):
            repository = root / f"{name}.git"
            if number == 0:
                shutil.copytree(repository, root / "stray" / "1.0.git")
            if number % 2:
                shutil.rmtree(repository)
            else:
                (repository / "packed-refs").write_text(f"{'0' * 39}1 refs/heads/latest\n")

    async def _rage(self, phase: str, kills: int) -> None:
        self._left = kills
        self.mirror.trouble = _TROUBLE
        minding = asyncio.create_task(self._mind())
        haunts = [asyncio.create_task(self._haunt(phase)) for _ in range(self.workers)]
        try:
            done, _ = await asyncio.wait({minding, *haunts}, return_when=asyncio.FIRST_EXCEPTION) if kills else ((), ())
            for task in done:
                task.result()
        finally:
            for task in (minding, *haunts):
                task.cancel()
            await asyncio.gather(minding, *haunts, return_exceptions=True)

    async def _mind(self) -> None:
        """Look whether all promises hold, and see to it that there is work, until all kills are done."""
        while self._left > 0:
            await check_at_any_moment(self.fleet, self.commits)
            self.looks += 1
            await self._pass_the_time()
            await self._make_work()
            await asyncio.sleep(_LOOK)

    async def _pass_the_time(self) -> None:
        """What was put off is due."""
        async with self.fleet.database.write() as connection:
            await connection.execute(delete(circuits))

    async def _make_work(self) -> None:
        found = (await rows(self.fleet)).values()
        enough = min(_ENOUGH_WORK, len(self.pins) // 2)
        if sum(row.end[0] in {JobState.QUEUED, JobState.PROCESSING} for row in found) >= enough:
            return
        done = [row.repository for row in found if row.end == _DONE and row.wanted]
        chosen = self.chance.sample(done, min(enough, len(done)))
        names = ", ".join(f"'{name}'" for name in chosen)
        ids = await self.fleet.rows(f"SELECT id FROM releases WHERE repository IN ({names})") if chosen else []
        self.requeued += await Jobs(self.fleet.database).requeue([release_id for (release_id,) in ids])

    async def _haunt(self, phase: str) -> None:
        """Start a worker, strike it, and start the next one, until all kills are done."""
        while self._left > 0:
            worker = await self.fleet.start(*_OPTIONS)
            if self.chance.random() < _STARTED:
                await worker.until_said("worker_started")
            await asyncio.sleep(self.chance.uniform(0, _LONGEST_LIFE))
            while (kind := self._kind()) in _SURVIVED:
                self.blows[kind] += 1
                await self._hurt(worker, kind)
                await asyncio.sleep(self.chance.uniform(0, 1.0))
            self._left -= 1
            self.kills[phase] += 1
            self.blows[kind] += 1
            self.struck += bool(await self._in_hand(worker))
            await self._kill(worker, kind)

    def _kind(self) -> str:
        return self.chance.choices([*_KINDS], [*_KINDS.values()])[0]

    async def _in_hand(self, worker: Running) -> int:
        [(count,)] = await self.fleet.rows(f"SELECT count(*) FROM jobs WHERE owner LIKE '%:{worker.process.pid}:%'")
        return int(count)

    async def _hurt(self, worker: Running, kind: str) -> None:
        if kind == "children":
            _end_all(pid for pid in worker.processes() if pid != worker.process.pid)
            return
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(self.chance.uniform(0.5, 2) * LEASE)
        worker.send(signal.SIGCONT)

    async def _kill(self, worker: Running, kind: str) -> None:
        if worker.process.returncode is not None:
            raise BrokenPromiseError(f"a worker ended by itself: {worker.errors.read_text()[-3000:]}")
        _end_all(worker.processes() if kind == "worker and children" else [worker.process.pid])
        ended = await worker.finished()
        try:
            self.slowest_exit = max(self.slowest_exit, await worker.gone(30.0))
        except TimeoutError:
            raise BrokenPromiseError(f"{len(worker.processes())} processes outlive a worker") from None
        self._check_log(ended)
        self.fleet.running.remove(worker)

    def _check_log(self, ended: Finished) -> None:
        if any(word in ended.stderr for word in _DEFECTS):
            raise BrokenPromiseError(f"a worker met a defect: {ended.stderr[-6000:]}")

    async def _settle(self, pins: Iterable[str]) -> None:
        """No more kills: all work is done, all workers end in order, and everything is as it must be."""
        self.mirror.trouble = 0.0
        ends = self.ends_of(pins)
        crew = [await self.fleet.start(*_OPTIONS) for _ in range(min(self.workers, 2))]
        give_up_at = time.monotonic() + _PATIENCE
        while wrong := await self._unsettled(ends):
            if time.monotonic() > give_up_at:
                raise BrokenPromiseError(f"the work does not come to its end: {wrong}\n{self.fleet.said()}")
            await asyncio.sleep(_LOOK)
        for worker in crew:
            worker.send(signal.SIGTERM)
        for worker in crew:
            ended = await worker.finished()
            self._check_log(ended)
            if ended.status:
                raise BrokenPromiseError(f"a worker ended with {ended.status}: {ended.said}")
            self.fleet.running.remove(worker)
        await check_at_the_end(self.fleet, self.commits, ends, len(self.mirror.requests))

    def ends_of(self, pins: Iterable[str]) -> dict[str, End]:
        """How each of these pins, and what was cancelled, must end."""
        ends = {f"{self._name}/{pin.replace('==', '/')}": ENDS.get(pin, _DONE) for pin in pins}
        return ends | dict.fromkeys(self._cancelled, (JobState.CANCELLED, None))

    async def _unsettled(self, ends: Mapping[str, End]) -> object:
        """What has not come to its end, or is left of dead workers, if anything; what time would heal is helped."""
        await check_at_any_moment(self.fleet, self.commits)
        await self._pass_the_time()
        found = await rows(self.fleet)
        ended_badly = [row for row in found.values() if row.wanted and row.end[0] in _AGAIN]
        again = [row for row in ended_badly if row.end != ends.get(row.repository)]
        if again:
            self.crashed += sum(row.end[1] is Reason.CRASHED for row in again)
            await self._command("retry", *(row.repository for row in again))
        # Each living worker has one in the spool and one in the staging area.
        owners = [place.name for area in ("spool", "staging") for place in self.fleet.desk.data.glob(f"{area}/*")]
        wrong = {name: row.end for name, row in found.items() if row.end != ends.get(name)}
        return wrong or (owners if len(owners) != 2 * len(self.fleet.running) else None) or ends.keys() - found.keys()


def _end_all(pids: Iterable[int]) -> None:
    for pid in list(pids):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
