import asyncio
import os
from pathlib import Path

import pytest

from codehost.serve.git.process import running_git

ENVIRONMENT = {"PATH": os.environ["PATH"]}
# A shell that starts a child and says its number, as git starts pack-objects.
PARENT = ["sh", "-c", "sleep 60 & echo $!; yes; wait"]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_what_goes_in_comes_out() -> None:
    async with running_git(["cat"], ENVIRONMENT, fed=True) as git:
        assert await git.write(b"x" * 10)
        git.end_of_input()
        assert await git.read() == b"x" * 10
        assert await git.read() == b""
        assert await git.wait() == 0


async def test_complaints_are_kept_up_to_a_bound() -> None:
    command = ["sh", "-c", "yes complaint | head -c 1000000 >&2; exit 3"]
    async with running_git(command, ENVIRONMENT, fed=False) as git:
        assert await git.read() == b""
        assert await git.wait() == 3
    assert len(git.complaints) == 4096


async def test_who_does_not_read_is_told_of() -> None:
    async with running_git(["true"], ENVIRONMENT, fed=True) as git:
        await git.wait()
        written = [await git.write(b"x" * 100_000) for _ in range(3)]
    assert written[-1] is False


async def test_the_end_takes_children_and_pipes_along() -> None:
    before = open_files()
    for cancelled in (False, True):
        child = 0

        async def run() -> None:
            nonlocal child
            async with running_git(PARENT, ENVIRONMENT, fed=True) as git:
                said = await git.read()
                child = int(said.split(b"\n")[0])
                if cancelled:  # noqa: B023 - it is awaited below
                    await asyncio.sleep(60)

        task = asyncio.create_task(run())
        await asyncio.sleep(0.3)
        if cancelled:
            task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled() == cancelled
        assert not is_running(child)
    await asyncio.sleep(0.05)
    assert open_files() <= before


async def test_no_such_program() -> None:
    with pytest.raises(FileNotFoundError):
        async with running_git(["/no/such/git"], ENVIRONMENT, fed=False):
            pass
