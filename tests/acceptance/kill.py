"""kill -9 at random moments, again and again, and what must hold after each one.

``python -m tests.acceptance.kill --kills N --seed S`` is the long form of what ``test_kill.py`` does.

The program goes through phases in one data directory: a sync, a prune, a repair of damaged repositories. Each phase's
command is killed again and again until its share of kills is used up; then it runs to its end. After every kill:
its children are gone, and no completed row lacks its repository. After every phase: the rows, the repositories and
the commits are those of an undisturbed run, nothing else lies about, and ``codehost verify`` agrees.
"""

import argparse
import asyncio
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.catalogue import MISSING, fill
from tests.acceptance.program import Desk, Running
from tests.simulator.mirror import Mirror

_MOST_IN_A_PHASE = 6
_DAMAGED = 4
_ANEW = 0.5
_UNDER_WAY = 0.7
# 1: the missing release is not synced, or what was found was not sound.
_WELL = {0, 1}


class BrokenPromiseError(AssertionError):
    """Something that must hold after a kill did not."""


@dataclass(slots=True, kw_only=True)
class Storm:
    """A data directory under fire. ``kills`` counts by phase; ``late`` counts runs that ended before their kill."""

    desk: Desk
    mirror: Mirror
    chance: random.Random
    pins: list[str]
    commits: dict[str, str]
    kills: Counter[str] = field(default_factory=Counter)
    late: int = 0
    slowest_exit: float = 0.0
    _seconds: dict[str, float] = field(default_factory=dict)

    async def run(self, shares: Iterable[int]) -> None:
        """Go through the phases in turn, each with the next share of kills, as long as there are shares."""
        phases = cycle((self._sync, self._prune, self._repair))
        for phase, share in zip(phases, shares, strict=False):
            await phase(share)

    async def _sync(self, kills: int) -> None:
        if self.chance.random() < _ANEW:
            self._begin_anew()
        self._configure(self.pins)
        arguments = ("sync", str(self.desk.config), *self.desk.place)
        await self._strike_often("sync", kills, arguments)
        await self._let_through("sync", arguments)
        await self._check_all(self.commits)

    def _begin_anew(self) -> None:
        shutil.rmtree(self.desk.data, ignore_errors=True)
        self.mirror.requests.clear()

    async def _prune(self, kills: int) -> None:
        kept = self.chance.sample(self.pins[:-1], len(self.pins) // 2)
        self._configure([*kept, MISSING])
        arguments = ("sync", str(self.desk.config), "--prune", *self.desk.place)
        await self._strike_often("prune", kills, arguments)
        await self._let_through("prune", arguments)
        expected = {_repository(pin): self.commits[_repository(pin)] for pin in kept}
        await self._check_all(expected, verified=True)

    async def _repair(self, kills: int) -> None:
        damaged = self._damage()
        arguments = ("verify", "--repair", *self.desk.place)
        await self._strike_often("repair", kills, arguments, spared=damaged)
        await self._let_through("repair", arguments)
        self._check_vouched_for(set())
        self._configure(self.pins)
        await self._let_through("sync", ("sync", str(self.desk.config), *self.desk.place))
        await self._check_all(self.commits, verified=True)

    def _configure(self, pins: list[str]) -> None:
        self.desk.configure([self.mirror.url], pins)

    def _damage(self) -> set[str]:
        """Break some repositories in different ways, and add one that nobody knows."""
        root = self.desk.data / "repos"
        chosen = self.chance.sample(sorted(state.recorded(self.desk.data)), _DAMAGED)
        for number, name in enumerate(chosen):
            repository = root / f"{name}.git"
            if number % 2:
                shutil.rmtree(repository)
            else:
                (repository / "packed-refs").write_text(f"{'0' * 39}1 refs/heads/latest\n")
        shutil.copytree(root / f"{chosen[0]}.git", root / "python" / "stray" / "1.0.git")
        return set(chosen)

    async def _strike_often(
        self, phase: str, kills: int, arguments: tuple[str, ...], spared: set[str] | None = None
    ) -> None:
        for _ in range(kills):
            run = await self.desk.start(*arguments)
            await self._wait_a_while(phase, run)
            struck = await self._strike(phase, run)
            self._check_vouched_for(spared or set())
            if phase == "sync" and not struck:
                # Nothing is left to do: the next kill would strike an idle run.
                self._begin_anew()

    async def _wait_a_while(self, phase: str, run: Running) -> None:
        started = time.monotonic()
        if phase == "sync" and self.chance.random() < _UNDER_WAY:
            # Past the start and the plan, where releases are in all stages.
            await run.until_said("to sync")
            await asyncio.sleep(self.chance.uniform(0, 0.8))
            return
        usual = self._seconds.get(phase, 1.5)
        moment = started + self.chance.uniform(0.4, 1.0) * usual
        await run.until(lambda: time.monotonic() >= moment)

    async def _strike(self, phase: str, run: Running) -> bool:
        struck = run.process.returncode is None
        if struck:
            run.send(signal.SIGKILL)
            self.kills[phase] += 1
        else:
            self.late += 1
        await run.finished()
        try:
            self.slowest_exit = max(self.slowest_exit, await run.gone())
        except TimeoutError:
            raise BrokenPromiseError(f"{len(run.processes())} processes outlive the program") from None
        return struck

    async def _let_through(self, phase: str, arguments: tuple[str, ...]) -> None:
        started = time.monotonic()
        ended = await self.desk.run(*arguments)
        self._seconds[phase] = time.monotonic() - started
        if ended.status not in _WELL or "Traceback" in ended.said:
            raise BrokenPromiseError(f"the {phase} ended with {ended.status}: {ended.said}")

    def _check_vouched_for(self, spared: set[str]) -> None:
        """No completed row without its repository, at any moment."""
        published = state.published(self.desk.data)
        for repository, commit in state.recorded(self.desk.data).items():
            found = published.get(repository)
            if repository not in spared and (found != commit or commit != self.commits[repository]):
                raise BrokenPromiseError(f"{repository} is recorded at {commit}, on disk is {found or 'nothing'}")

    async def _check_all(self, expected: dict[str, str], *, verified: bool = False) -> None:
        data = self.desk.data
        facts = {
            "recorded": (state.recorded(data), expected),
            "published": (state.published(data), expected),
            "left over": (state.leftovers(data), []),
            "states": (state.states(data), {"completed": len(expected), "errored": 1}),
        }
        for what, (found, right) in facts.items():
            if found != right:
                raise BrokenPromiseError(f"{what}: {found} instead of {right}")
        if state.spent(data) < len(self.mirror.requests):
            raise BrokenPromiseError(f"{state.spent(data)} requests in the ledger, {len(self.mirror.requests)} sent")
        if verified and (verdict := await self.desk.verify()).status:
            raise BrokenPromiseError(f"verify: {verdict.said}")


async def storm(folder: Path, seed: int, shares: Callable[[Storm], Iterable[int]], **releases: int) -> Storm:
    """Sync undisturbed for the right commits, then let kills strike another data directory, phase by phase.

    ``releases``: how many the mirror has, as ``catalogue.fill`` takes it; all by default.
    """
    async with Mirror() as mirror:
        pins = fill(mirror, **releases)
        calm = Desk(folder=folder / "calm", forks=True)
        calm.configure([mirror.url], pins)
        ended = await calm.sync()
        if ended.summary["counts"]["synced"] != len(pins) - 1:
            raise BrokenPromiseError(f"the undisturbed run: {ended.said}")
        mirror.requests.clear()
        made = Storm(
            desk=Desk(folder=folder / "storm", forks=True),
            mirror=mirror,
            chance=random.Random(seed),
            pins=pins,
            commits=state.recorded(calm.data),
        )
        await made.run(shares(made))
        return made


def until_struck(made: Storm, kills: int) -> Iterator[int]:
    """Uneven shares, one for each phase, until so many kills have struck: a run that ends first does not count."""
    while (left := kills - made.kills.total()) > 0:
        yield min(left, made.chance.randint(2, _MOST_IN_A_PHASE))


def _repository(pin: str) -> str:
    return f"python/{pin.replace('==', '/')}"


def main() -> int:
    """Run a storm as the command line asks for it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    # The simulator's server would log every answer that nobody is left to read.
    logging.getLogger("aiohttp.server").disabled = True
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codehost-kill-") as folder:
        try:
            made = asyncio.run(storm(Path(folder), wanted.seed, lambda made: until_struck(made, wanted.kills)))
        except BrokenPromiseError as broken:
            sys.stdout.write(f"seed {wanted.seed}: {broken}\n")
            return 1
    by_phase = ", ".join(f"{number} in {phase}" for phase, number in made.kills.items())
    sys.stdout.write(
        f"{made.kills.total()} kills ({by_phase}) and {made.late} runs that ended first, seed {wanted.seed},"
        f" {time.monotonic() - started:.0f} s: nothing lost, nothing left over;"
        f" the last process was gone {made.slowest_exit * 1000:.0f} ms after a kill at the latest\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
