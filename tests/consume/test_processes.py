import asyncio
import os
import sys
from pathlib import Path

import pytest

from codehost.consume.processes import Ended, run
from tests.patience import eventually

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("echo one; echo two >&2; echo", Ended(status=0, last="two")),
        ("exit 3", Ended(status=3, last="")),
        ("printf 'a\\033[2Jb'; exit 1", Ended(status=1, last="a\\x1b[2Jb")),
        ("head -c 100000 /dev/zero | tr '\\0' x; echo; echo end", Ended(status=0, last="end")),
        ("kill -9 $$", Ended(status=-9, last="")),
        # Whatever goes on behind it is not waited for.
        ("sleep 30 & echo $HOME left", Ended(status=0, last="left")),
    ],
)
async def test_how_it_ends(script: str, ended: Ended) -> None:
    assert await run(["sh", "-c", script.replace("sleep 30", "sleep 3")], ENVIRONMENT, seconds=20) == ended


async def test_what_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        await run(["/nowhere"], ENVIRONMENT)


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN) if len(sys.argv) > 2 else None
open(sys.argv[1], "w").write(f"{os.getpid()} {os.fork() or os.getpid()} ")
time.sleep(600)
"""


async def test_it_ends_when_it_is_late(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await run(["sleep", "60"], ENVIRONMENT, seconds=0.1)


@pytest.mark.parametrize("how", [(), ("stubborn",)])
async def test_it_ends_with_what_it_has_started_when_nobody_wants_it(tmp_path: Path, how: tuple[str, ...]) -> None:
    file = tmp_path / "pids"
    running = asyncio.create_task(run([sys.executable, "-c", STUBBORN, str(file), *how], ENVIRONMENT))
    pids = await eventually(lambda: file.exists() and file.read_text().endswith(" ") and file.read_text().split())
    assert pids
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await eventually(lambda: not any(is_alive(int(pid)) for pid in pids))
