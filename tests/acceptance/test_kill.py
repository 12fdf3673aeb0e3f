"""``kill -9`` loses nothing. The long form: ``python -m tests.acceptance.kill``."""

import asyncio
import bz2
import signal
import tarfile
from pathlib import Path

from tests.acceptance import state
from tests.acceptance.kill import storm
from tests.acceptance.program import Desk
from tests.simulator.distfiles import sdist_name
from tests.simulator.mirror import Mirror

# Kills during a sync, a prune and a repair.
SHARES = (6, 3, 3)


async def test_nothing_is_lost_when_the_program_is_killed_at_any_moment(tmp_path: Path) -> None:
    storms = await asyncio.gather(*(storm(tmp_path / str(seed), seed, lambda _: SHARES, versions=3) for seed in (1, 2)))
    for made in storms:
        assert made.kills.total() + made.late == sum(SHARES)
    # A fast machine may be done before many of them come; some must come.
    assert sum(made.kills.total() for made in storms) > 0


def long_work() -> bytes:
    """A small sdist that keeps a child busy for much longer than ``gone`` waits: 6 GiB of zeros."""
    size = 8 << 20
    content = bz2.compress(bytes(size))
    members = []
    for number in range(800):
        info = tarfile.TarInfo(f"zeros-1.0/{number}.bin")
        info.size = size
        # A bzip2 file may be a series of streams.
        members.append(bz2.compress(info.tobuf()) + content)
    return b"".join((*members, bz2.compress(bytes(1024))))


async def test_a_child_in_the_middle_of_its_work_goes_with_the_program(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        mirror.add(sdist_name("zeros", "1.0", ".tar.bz2"), long_work(), project="zeros")
        desk.configure([mirror.url], ["zeros==1.0"])
        run = await desk.start_sync()
        assert await run.until(lambda: any("git" in name for name in state.leftovers(desk.data)))
        run.send(signal.SIGKILL)
        await run.finished()
        await run.gone()
        assert state.leftovers(desk.data) != []
        desk.configure([mirror.url], [])
        assert (await desk.sync()).status == 0
        assert state.leftovers(desk.data) == []
