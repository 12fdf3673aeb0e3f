"""Real children under real limits. Every child lost must cost its own job and nothing else."""

import asyncio
import gzip
import itertools
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from codehost.children import ChildLimits, ChildPool, child_limits
from codehost.model.errors import Failure, Reason
from codehost.model.members import GIB, MIB, IngestRequest, Limits
from tests.patience import eventually
from tests.unpack.tars import END, header, member
from tests.unpack.zips import Part, build


def bomb(folder: Path) -> Path:
    """A zip of one member of 400 MiB, which a careless limit lets into memory."""
    stream = zlib.compressobj(1, zlib.DEFLATED, -15)
    # After a full flush the deflated bytes of a piece can stand there any number of times.
    piece = stream.compress(bytes(MIB)) + stream.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(400):
        checksum = zlib.crc32(bytes(MIB), checksum)
    claims: dict[str, int | bytes] = {"size": 400 * MIB, "crc": checksum}
    path = folder / "bomb.zip"
    path.write_bytes(build(Part(data=400 * piece + stream.flush(), local=claims, central=claims)))
    return path


def many(folder: Path) -> Path:
    """A tar of 400,000 members: at least some seconds of work."""
    piece = gzip.compress(b"".join(header(b"p-1/%d" % number) for number in range(1000)), 1)
    path = folder / "many.tar.gz"
    path.write_bytes(400 * piece + gzip.compress(END))
    return path


def noise(folder: Path) -> Path:
    """A tar that cannot be packed into less than a mebibyte."""
    path = folder / "noise.tar"
    path.write_bytes(member(b"p-1/a", os.urandom(MIB)) + END)
    return path


def good(folder: Path) -> Path:
    """A tar of one small file."""
    path = folder / "good.tar"
    path.write_bytes(member(b"p-1/a", b"x") + END)
    return path


def request(archive: Path, number: int = 0) -> IngestRequest:
    return IngestRequest(
        archive=str(archive),
        filename=archive.name,
        sha256="0" * 64,
        repository=str(archive.with_name(f"{archive.name}.{number}.git")),
        tag="v1",
        limits=Limits(member_bytes=GIB, ratio=10_000),
    )


def descendants(root: int) -> set[int]:
    """The processes below ``root`` that are still alive (proc(5), stat)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except (FileNotFoundError, ProcessLookupError):
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def busy(repository: Path) -> set[int]:
    """The processes that hold a file below ``repository`` open."""
    found = set()
    for pid in descendants(os.getpid()):
        links = Path(f"/proc/{pid}/fd")
        try:
            targets = [link.readlink() for link in links.iterdir()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(target.is_relative_to(repository) for target in targets):
            found.add(pid)
    return found


async def child_of(asked: IngestRequest) -> int:
    """The child that works on a request, as soon as there is one."""
    (child,) = await eventually(lambda: busy(Path(asked.repository)))
    return child


@pytest.mark.parametrize(
    ("make", "limits", "reason", "what"),
    [
        (
            bomb,
            ChildLimits(memory_bytes=384 * MIB),
            Reason.TOO_LARGE,
            "bomb.zip takes more than 384 MiB of memory to read, the bound that limits gives",
        ),
        (
            many,
            ChildLimits(cpu_seconds=0),
            Reason.TOO_LARGE,
            "many.tar.gz takes more than 0 s of processor time to read, the bound that limits gives",
        ),
        (
            many,
            ChildLimits(wall_seconds=1),
            Reason.CRASHED,
            "the child process that read many.tar.gz was not done after 1 s and was stopped",
        ),
        (
            noise,
            ChildLimits(file_bytes=MIB),
            Reason.TOO_LARGE,
            "the repository of noise.tar would exceed 1048576 bytes",
        ),
    ],
)
async def test_an_excess_costs_one_job(
    tmp_path: Path, make: Callable[[Path], Path], limits: ChildLimits, reason: Reason, what: str
) -> None:
    async with ChildPool(1, limits) as pool:
        with pytest.raises(Failure) as caught:
            await pool.ingest(request(make(tmp_path)))
        assert (caught.value.reason, str(caught.value)) == (reason, what)
        assert (await pool.ingest(request(good(tmp_path)))).files == 1


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGKILL, "was killed by SIGKILL"),
        (signal.SIGSEGV, "was killed by SIGSEGV"),
        (signal.SIGABRT, "was killed by SIGABRT"),
        (signal.SIGRTMIN + 3, f"was killed by signal {signal.SIGRTMIN + 3}"),
    ],
)
async def test_a_dead_child_is_told_apart_from_an_excess(tmp_path: Path, number: int, how: str) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(1) as pool:
        lost = asyncio.ensure_future(pool.ingest(slow))
        os.kill(await child_of(slow), number)
        with pytest.raises(Failure) as caught:
            await lost
        assert caught.value.reason is Reason.CRASHED
        assert str(caught.value) == f"the child process that read many.tar.gz {how}"
        assert (await pool.ingest(request(good(tmp_path)))).files == 1


async def test_a_child_that_stands_still_is_stopped(tmp_path: Path) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(1, ChildLimits(wall_seconds=1)) as pool:
        lost = asyncio.ensure_future(pool.ingest(slow))
        child = await child_of(slow)
        # It does not see the signal that asks it to end.
        os.kill(child, signal.SIGSTOP)
        with pytest.raises(Failure, match="was not done after 1 s and was stopped"):
            await lost
        await eventually(lambda: not is_alive(child))
        assert (await pool.ingest(request(good(tmp_path)))).files == 1


async def test_a_clock_that_is_set_forward_makes_nobody_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = request(many(tmp_path))
    now = time.time
    async with ChildPool(1) as pool:
        report = asyncio.ensure_future(pool.ingest(slow))
        child = await child_of(slow)
        os.kill(child, signal.SIGSTOP)
        monkeypatch.setattr(time, "time", lambda: now() + 3_600)
        # The pool looks several times a second.
        await asyncio.wait((report,), timeout=2)
        os.kill(child, signal.SIGCONT)
        assert (await report).files == 1_000


async def test_bounds_of_a_child(tmp_path: Path) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(1, child_limits(Limits())) as pool:
        lost = asyncio.ensure_future(pool.ingest(slow))
        child = await child_of(slow)
        bounds = bounds_of(child)
        privileges = privileges_of(child)
        lost.cancel()
    expected = child_limits(Limits())
    assert bounds["Max address space"] == expected.memory_bytes
    assert bounds["Max file size"] == expected.file_bytes
    assert expected.cpu_seconds <= (bounds["Max cpu time"] or 0) <= expected.cpu_seconds + 10
    assert (bounds["Max core file size"], bounds["Max processes"]) == (0, 0)
    assert bounds["Max open files"] == 64
    assert privileges == "NoNewPrivs:\t1"


def privileges_of(pid: int) -> str:
    """What a process says of new privileges (proc(5), status)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith("NoNewPrivs:"))


def bounds_of(pid: int) -> dict[str, int | None]:
    """The soft limits of a process (proc(5), limits); None: no limit."""
    rows = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    found = [re.split(r"\s{2,}", row)[:2] for row in rows]
    return {name: None if soft == "unlimited" else int(soft) for name, soft in found}


def test_bounds_of_children_grow_with_the_limits() -> None:
    usual = child_limits(Limits())
    assert usual.memory_bytes < 2 * GIB
    assert usual.cpu_seconds < 900
    for larger in (
        Limits(member_bytes=GIB),
        Limits(members=10_000_000),
        Limits(directories=10_000_000),
        Limits(name_bytes=GIB),
    ):
        assert child_limits(larger).memory_bytes > usual.memory_bytes
    for larger in (Limits(unpacked_bytes=100 * GIB), Limits(members=10_000_000)):
        assert child_limits(larger).cpu_seconds > 2 * usual.cpu_seconds - 200
        assert child_limits(larger).wall_seconds > child_limits(larger).cpu_seconds


async def test_failures_come_through_whole(tmp_path: Path) -> None:
    path = tmp_path / "p-1.tar"
    path.write_bytes(b"no tar at all")
    async with ChildPool(1) as pool:
        with pytest.raises(Failure, match="ends within a header") as caught:
            await pool.ingest(request(path))
        assert caught.value.reason is Reason.UNSAFE_ARCHIVE


async def test_a_killed_child_costs_one_job_and_not_its_neighbours(tmp_path: Path) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(2) as pool:
        lost = asyncio.ensure_future(pool.ingest(slow))
        os.kill(await child_of(slow), signal.SIGKILL)
        reports = await asyncio.gather(*(pool.ingest(request(good(tmp_path), number)) for number in range(5)))
        assert {report.files for report in reports} == {1}
        with pytest.raises(Failure, match="was killed by SIGKILL") as caught:
            await lost
        assert caught.value.reason is Reason.CRASHED


@pytest.mark.parametrize("children", [1, 2])
async def test_a_child_killed_without_work_costs_nothing(tmp_path: Path, children: int) -> None:
    async with ChildPool(children) as pool:
        await pool.ingest(request(good(tmp_path)))
        for number, seconds in enumerate((0.0, 0.5)):
            for idle in leaves():
                os.kill(idle, signal.SIGKILL)
            await asyncio.sleep(seconds)
            jobs = [request(good(tmp_path), 10 * number + job) for job in range(1, 5)]
            reports = await asyncio.gather(*(pool.ingest(job) for job in jobs))
            assert {report.files for report in reports} == {1}


def leaves() -> set[int]:
    """The children of the fork server."""
    found = set()
    for pid in descendants(os.getpid()):
        if b"forkserver" in command_of(pid) and not descendants(pid):
            found.add(pid)
    return found


KEPT = {"LD_LIBRARY_PATH": "/nowhere", "TZ": "UTC"}


@pytest.mark.parametrize("at_work", [True, False])
async def test_no_fork_server_gets_what_may_be_a_secret(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    at_work: bool,  # noqa: FBT001 - a column of the table
) -> None:
    for name, value in (KEPT | {"CODEHOST_DATABASE_URL": "canary", "NEXUS_PASSWORD": "canary"}).items():
        monkeypatch.setenv(name, value)
    for server in fork_servers():
        # Another test's, of another environment.
        os.kill(server, signal.SIGKILL)
        # Dead, but there for the library to collect.
        await asyncio.to_thread(os.waitid, os.P_PID, server, os.WEXITED | os.WNOWAIT)
    async with ChildPool(1) as pool:
        assert (await pool.ingest(request(good(tmp_path)))).files == 1
        (first,) = fork_servers()
        slow = request(many(tmp_path))
        lost = asyncio.ensure_future(pool.ingest(slow)) if at_work else None
        if lost:
            await child_of(slow)
        os.kill(first, signal.SIGKILL)
        if lost:
            # Then the library starts the next one by itself.
            with pytest.raises(Failure):
                await lost
        jobs = itertools.count(1)
        while not fork_servers() - {first}:
            # Its child may outlive it for some jobs, and be taken for dead during one.
            with suppress(Failure):
                await pool.ingest(request(good(tmp_path), next(jobs)))
        (second,) = fork_servers()
        for process in (second, *leaves()):
            environment = variables_of(process)
            assert environment.items() >= KEPT.items()
            assert not {"CODEHOST_DATABASE_URL", "NEXUS_PASSWORD"} & environment.keys()
    assert os.environ["NEXUS_PASSWORD"] == "canary"
    # What other programs inherit is as before.
    environment = await asyncio.to_thread(subprocess.check_output, ["env"], text=True)
    assert "NEXUS_PASSWORD=canary" in environment


def fork_servers() -> set[int]:
    """The fork servers of this process; theirs are called the same."""
    return {
        pid for pid in descendants(os.getpid()) if b"forkserver" in command_of(pid) and parent_of(pid) == os.getpid()
    }


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def variables_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with (proc(5), environ)."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(entry.decode().split("=", 1) for entry in entries if entry)


async def test_cancelling_kills_the_child(tmp_path: Path) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(1) as pool:
        task = asyncio.ensure_future(pool.ingest(slow))
        child = await child_of(slow)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: child not in descendants(os.getpid()))
        assert (await pool.ingest(request(good(tmp_path)))).files == 1


async def test_leaving_the_pool_ends_the_children(tmp_path: Path) -> None:
    slow = request(many(tmp_path))
    async with ChildPool(1) as pool:
        task = asyncio.ensure_future(pool.ingest(slow))
        child = await child_of(slow)
    assert child not in descendants(os.getpid())
    with pytest.raises(asyncio.CancelledError):
        await task


PARENT = """
import asyncio, sys
from pathlib import Path
from typing import TypeVar
from codehost.children import ChildPool
from tests.test_children import request

async def main():
    async with ChildPool(2) as pool:
        await pool.ingest(request(Path(sys.argv[1])))

if __name__ == "__main__":
    asyncio.run(main())
"""


async def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    archive = many(tmp_path)
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    parent = await asyncio.create_subprocess_exec(sys.executable, script, archive, env=environment)
    child = await child_of(request(archive))
    left = descendants(parent.pid)
    assert child in left
    parent.kill()
    await parent.wait()
    await eventually(lambda: not any(is_alive(pid) for pid in left))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
