"""kill -9 at random moments among several workers, for a long time, and what must hold meanwhile and afterwards.

``python -m tests.acceptance.daemon_kill --kills N --workers W --seed S`` is the long form of ``test_daemon_kill.py``,
on a PostgreSQL server that it starts.

Each of the workers is killed again and again, alone or with its children, and started again at once; some are stopped
(SIGSTOP) for longer than their lease, and some lose their children only. Meanwhile the storm goes through phases: a new
code host while the last one is removed; a document that retires releases and brings them back; releases cancelled and
retried by command; repositories damaged, and repaired by ``codehost verify``. So that there is always work in flight,
completed releases are queued again, as a verification would. What time would heal is not waited for: mirrors that are
left alone are asked again at once, and what failed is retried by command.

A job that three killed workers in a row had in hand fails as ``crashed``, on purpose. Such jobs are counted, and
retried by command at the end of their phase; every other end must come by itself.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.fleet import fleet
from tests.acceptance.program import Desk
from tests.acceptance.promises import BrokenPromiseError
from tests.acceptance.storm import Storm
from tests.acceptance.weather import ENDS, MoodyMirror
from tests.conftest import cluster

# How many kills a phase has.
_SHARE = (150, 260)


@asynccontextmanager
async def storm(url: str, folder: Path, seed: int, workers: int, **releases: int) -> AsyncIterator[Storm]:
    """Sync undisturbed for the right commits; then there is a fleet that a storm may go through.

    ``releases``: how many the mirror has, as ``MoodyMirror.fill`` takes it; all by default.
    """
    chance = random.Random(seed)
    async with MoodyMirror(chance=chance) as mirror, fleet(url, folder / "fleet") as crew:
        pins = mirror.fill(**releases)
        calm = Desk(folder=folder / "calm", forks=True)
        calm.configure([mirror.url], pins)
        ended = await calm.sync()
        commits = {name.removeprefix("python/"): commit for name, commit in state.recorded(calm.data).items()}
        if len(commits) != len(pins) - len(ENDS):
            raise BrokenPromiseError(f"the undisturbed run: {ended.said}")
        mirror.requests.clear()
        yield Storm(fleet=crew, mirror=mirror, chance=chance, pins=pins, commits=commits, workers=workers)


def until_struck(made: Storm, kills: int) -> Iterator[int]:
    """Shares, one for each phase, until there are so many kills."""
    while (left := kills - made.kills.total()) > 0:
        yield min(left, made.chance.randint(*_SHARE))


async def rage(url: str, folder: Path, seed: int, workers: int, kills: int) -> Storm:
    """A whole storm."""
    async with storm(url, folder, seed, workers) as made:
        await made.run(until_struck(made, kills))
    return made


def main() -> int:
    """Run a storm as the command line asks for it, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    # The simulator's server would log every answer that nobody is left to read.
    logging.getLogger("aiohttp.server").disabled = True
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codehost-kill-") as folder, cluster() as server:
        server.run("createdb", "storm")
        try:
            made = asyncio.run(rage(server.url("storm"), Path(folder), wanted.seed, wanted.workers, wanted.kills))
        except BrokenPromiseError as broken:
            sys.stdout.write(f"seed {wanted.seed}: {broken}\n")
            return 1
    sys.stdout.write(f"{report(made)}, seed {wanted.seed}, {time.monotonic() - started:.0f} s\n")
    return 0


def report(made: Storm) -> str:
    """What happened, in a few lines."""
    phases = ", ".join(f"{number} in {phase}" for phase, number in made.kills.items())
    blows = ", ".join(f"{number} {kind}" for kind, number in made.blows.items())
    return (
        f"{made.kills.total()} kills ({phases}), {made.struck} of workers with jobs in hand; blows: {blows};"
        f" {made.requeued} releases queued again, {len(made.mirror.requests)} requests,"
        f" {made.looks} looks in the storm: nothing lost, nothing doubled, nothing left over;"
        f" {made.crashed} jobs failed as crashed and were retried by command;"
        f" the last process was gone {made.slowest_exit * 1000:.0f} ms after a kill at the latest"
    )


if __name__ == "__main__":
    sys.exit(main())
