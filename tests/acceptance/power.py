"""Power loss at every moment of real runs, and what must hold after each one.

``python -m tests.acceptance.power --seed S`` is the long form of what ``test_power.py`` does.

Runs are recorded call by call and replayed on a simulated disk. Before and after every fsync, rename and link its power
goes, and what is left is judged: once when nothing came through that was not synced, and again when chance lets some of
it come through, in any order, whole or torn. No completed row may be without its whole repository, and what others were
told must be on record. From some of these states the real program is started again: it must make what an undisturbed
run makes, and nothing else may be left. Some of these second runs lose their power, too.
"""

import argparse
import asyncio
import logging
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.kill import BrokenPromiseError
from tests.acceptance.power_disk import Tree, everything, nothing, some, write_tree
from tests.acceptance.power_judge import Judge, Told, repository
from tests.acceptance.power_record import DOCUMENTS, Moment, Program, Recording, disk_of, moments, record, replay, serve
from tests.acceptance.power_trace import Kind, trouble
from tests.acceptance.program import Desk
from tests.simulator.mirror import Mirror

_SETTLED = frozenset({"codehost.db", "id", "lock", "repos", "spool", "staging"})
_HOUR = 3_600_000_000


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was tried."""

    moments: int = 0
    states: int = 0
    restarts: int = 0

    def add(self, other: "Outcome") -> None:
        self.moments += other.moments
        self.states += other.states
        self.restarts += other.restarts


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """Power losses in recordings: at most ``most`` moments of each, ``trials`` times by chance, ``restarts`` anew."""

    mirror: Mirror
    folder: Path
    chance: random.Random
    most: int
    trials: int
    restarts: int

    async def strike(self, recording: Recording) -> Outcome:
        """Let the power go.

        Raises:
            BrokenPromiseError: with the moment at which it went.
        """
        judge = Judge(folder=self.folder, commits=recording.commits)
        chosen = moments(recording, self.most)
        again = set(self.chance.sample(sorted(chosen), min(self.restarts, len(chosen))))
        left = []
        for moment in replay(recording):
            if moment.number in chosen:
                states = list(self._states(moment))
                for what, tree in states:
                    with _located(what):
                        judge.judge(tree, moment.told)
                if moment.number in again:
                    left.append((*self.chance.choice(states), moment.told.copy()))
        for number, (what, tree, told) in enumerate(left):
            desk = Desk(folder=self.folder / f"{recording.folder.name}-{number}", forks=True)
            with _located(f"started again: {what}"):
                await restart(recording, self.mirror, desk, tree, told)
        return Outcome(moments=len(chosen), states=judge.judged, restarts=len(left))

    async def strike_twice(self, recording: Recording, times: int) -> Outcome:
        """Let the power go just before a repository is recorded, and again while that is mended.

        Raises:
            BrokenPromiseError: as for ``strike``.
        """
        total = Outcome()
        for number, (tree, told) in enumerate(self.chance.sample(list(_published(recording)), times)):
            desk = Desk(folder=self.folder / f"{recording.folder.name}-twice-{number}")
            _return(desk, tree)
            second = await record(desk, self.mirror, recording.program, [told.pins])
            total.add(await self.strike(second))
        return total

    def _states(self, moment: Moment) -> Iterator[tuple[str, Tree]]:
        yield f"{moment}, only what was synced", moment.disk.after(nothing())
        for _ in range(self.trials):
            yield f"{moment}, what chance left", moment.disk.after(some(self.chance))


def _published(recording: Recording) -> Iterator[tuple[Tree, Told]]:
    """What is there whenever a repository has got its name, and is not recorded."""
    renamed = False
    for moment in replay(recording):
        if renamed:
            yield moment.disk.after(everything()), moment.told.copy()
        renamed = moment.step is not None and moment.step.kind is Kind.MOVE and "/repos/" in moment.step.new


@contextmanager
def _located(what: str) -> Iterator[None]:
    try:
        yield
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"{what}: {error}") from error


async def restart(recording: Recording, mirror: Mirror, desk: Desk, tree: Tree, told: Told) -> None:
    """Start the program on what is left, an hour later: it makes what an undisturbed run makes.

    Raises:
        BrokenPromiseError: it does not.
    """
    _return(desk, tree)
    recording.program.follow(mirror, told.pins)
    asked = len(mirror.requests)
    ended = await desk.run(*recording.program.arguments(desk))
    if ended.status or "Traceback" in ended.said:
        raise BrokenPromiseError(f"it ended with {ended.status}: {ended.said[-2000:]}")
    expected = {name: recording.commits[name] for name in map(repository, told.pins)}
    strange = sorted({path.name for path in desk.data.iterdir()} - _SETTLED)
    facts = {
        "recorded": (state.recorded(desk.data), expected),
        "published": (state.published(desk.data), expected),
        "states": (state.states(desk.data), {"completed": len(expected)}),
        "left over": (state.leftovers(desk.data) + strange, []),
    }
    for what, (found, right) in facts.items():
        if found != right:
            raise BrokenPromiseError(f"{what}: {found} instead of {right}; {ended.said[-2000:]}")
    told.requests += len(mirror.requests) - asked
    told.planned = told.pins
    Judge(folder=desk.folder, commits=recording.commits).judge(disk_of(desk), told)


def _return(desk: Desk, tree: Tree) -> None:
    """Write down what is left, an hour later: nobody is taken for alive any more, and no lease holds."""
    # The index of the write-ahead log is shared memory and no data.
    write_tree({path: content for path, content in tree.items() if not path.endswith("-shm")}, desk.folder)
    database = desk.data / "codehost.db"
    if not database.exists():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for table, column in (("workers", "seen_at"), ("jobs", "lease_expires_at")):
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone()
            if known:
                connection.execute(f"UPDATE {table} SET {column} = {column} - {_HOUR}")


async def _long(folder: Path, wanted: argparse.Namespace) -> Outcome:
    total = Outcome()
    async with Mirror() as mirror:
        serve(mirror)
        for name in wanted.programs:
            program = Program(name=name, config=folder / name / "host.json")
            storm = Storm(
                mirror=mirror,
                folder=folder,
                chance=random.Random(f"{wanted.seed} {name}"),
                most=wanted.moments,
                trials=wanted.trials,
                restarts=wanted.restarts,
            )
            recording = await record(Desk(folder=folder / name), mirror, program, DOCUMENTS)
            total.add(await storm.strike(recording))
            total.add(await replace(storm, most=wanted.moments // 10, restarts=2).strike_twice(recording, wanted.twice))
    return total


def main() -> int:
    """Let the power go as the command line asks for it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programs", nargs="+", choices=("worker", "sync"), default=("worker", "sync"))
    parser.add_argument("--moments", type=int, default=1_000, help="at most so many for each program")
    parser.add_argument("--trials", type=int, default=8, help="states by chance for each moment")
    parser.add_argument("--restarts", type=int, default=40, help="for each program")
    parser.add_argument("--twice", type=int, default=3, help="runs after a power loss that lose their power, too")
    wanted = parser.parse_args()
    if why_not := trouble():
        sys.stdout.write(f"{why_not}\n")
        return 2
    # The simulator's server would log every answer that nobody is left to read.
    logging.getLogger("aiohttp.server").disabled = True
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codehost-power-") as folder:
        try:
            outcome = asyncio.run(_long(Path(folder), wanted))
        except BrokenPromiseError as broken:
            sys.stdout.write(f"seed {wanted.seed}: {broken}\n")
            return 1
    sys.stdout.write(
        f"{outcome.states} states at {outcome.moments} moments and {outcome.restarts} restarts, seed {wanted.seed},"
        f" {time.monotonic() - started:.0f} s: no completed row without its repository, nothing forgotten,"
        " nothing left over\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
