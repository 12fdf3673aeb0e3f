"""``codehost worker`` on disks that fail: it says so, loses nothing, and goes on by itself when they are mended."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.acceptance.faults_disk import FaultyDisk
from tests.acceptance.fleet import Fleet, desk_at, fleet
from tests.acceptance.test_daemon import leftovers, numbered, published, serve
from tests.acceptance.test_disk import LARGE, SMALL, as_root, fill, mounted, remount
from tests.simulator.mirror import Mirror

CONCURRENCY = 8
# A page and a file.
A_TRY = 2
RELEASES = 24
# The waits between the tries are shortened, and nothing else.
_IMPATIENT = """
from codehost import service
from codehost.model import retrying
from codehost.model.errors import Reason
service.HALTS = retrying.BACKOFFS[Reason.STORAGE] = retrying.Backoff(first=0.05, factor=1, cap=0.05)
"""


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as running:
        yield running


async def assert_each_done_once(crew: Fleet) -> None:
    assert (
        await crew.rows("SELECT job_id FROM attempts WHERE outcome = 'completed' GROUP BY 1 HAVING count(*) > 1") == []
    )
    assert await crew.rows("SELECT id FROM jobs WHERE state <> 'completed' OR owner IS NOT NULL OR losses > 0") == []
    said = crew.said()
    assert "crashed" not in said, said
    assert "Traceback" not in said, said


async def test_whatever_fails_is_done_again(database_url: str, tmp_path: Path, mirror: Mirror) -> None:
    disk = FaultyDisk(folder=tmp_path / "disk", root=tmp_path / "data")
    aside = desk_at(database_url, tmp_path / "aside")
    async with fleet(database_url, tmp_path, disk.shim(_IMPATIENT)) as crew:
        serve(mirror, *numbered(RELEASES))
        worker = await crew.start("--lease-seconds", "4")
        assert await worker.until_said("worker_started")
        crew.desk.configure([mirror.url], numbered(RELEASES))
        disk.fail(every=23)
        added = await aside.run("hosts", "add", str(crew.desk.config), *crew.desk.place)
        assert added.status == 0, added.said
        await crew.until_states(completed=RELEASES)
        disk.fail(every=0)
        assert "action=halted" in crew.said()
        await assert_each_done_once(crew)

        async def clean() -> bool:
            return leftovers(crew.desk) == [str(crew.desk.data / area / _owner(crew)) for area in ("spool", "staging")]

        await crew.until(clean)
        worker.send(signal.SIGTERM)
        assert (await worker.finished()).status == 0
        assert len(published(crew.desk)) == RELEASES
        assert leftovers(crew.desk) == []
        ended = await aside.run("verify", *crew.desk.place)
        assert ended.status == 0, ended.said
        kinds = {line.split()[0] for line in disk.failed()}
        assert kinds == {"open", "write", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir"}


@as_root
async def test_room_is_noticed(postgresql_url: str, tmp_path: Path, mirror: Mirror) -> None:
    async with fleet(postgresql_url, tmp_path) as crew:
        pins = fill(mirror, RELEASES, 200_000)
        with mounted(crew.desk.data, SMALL):
            crew.desk.configure([mirror.url], pins)
            worker = await crew.start("--lease-seconds", "4", config=crew.desk.config)
            assert await worker.until_said("action=halted")
            async with asyncio.timeout(30):
                while "waits for the data directory" not in (await crew.desk.run("status", *crew.desk.place)).stdout:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.5)
            # The waits grow, and meanwhile the mirror is asked by what was in flight, and for one release at each try.
            asked = len(mirror.requests)
            await asyncio.sleep(12)
            assert worker.errors.read_text().count("action=halted") <= 3
            assert len(mirror.requests) - asked <= CONCURRENCY + 2 * A_TRY
            assert set(await crew.states()) <= {"completed", "queued", "errored"}
            remount(crew.desk.data, f"size={LARGE}")
            await crew.until_states(completed=RELEASES)
            await assert_each_done_once(crew)
            worker.send(signal.SIGTERM)
            assert (await worker.finished()).status == 0
            assert leftovers(crew.desk) == []
            assert len(published(crew.desk)) == RELEASES


@as_root
async def test_a_full_disk_under_the_database_is_outlived(tmp_path: Path, mirror: Mirror) -> None:
    with mounted(tmp_path / "data", SMALL):
        async with fleet(f"sqlite:///{tmp_path}/data/codehost.db", tmp_path) as crew:
            pins = fill(mirror, RELEASES, 200_000)
            crew.desk.configure([mirror.url], pins)
            worker = await crew.start("--lease-seconds", "4", config=crew.desk.config)
            assert await worker.until_said("action=halted")
            ballast = crew.desk.data / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1024))
            assert await worker.until_said("has no room left")
            await asyncio.sleep(5)
            assert worker.errors.read_text().count("action=trouble ") <= 3, worker.errors.read_text()
            assert worker.process.returncode is None
            ballast.unlink()
            remount(crew.desk.data, f"size={LARGE}")
            await crew.until_states(completed=RELEASES)
            await assert_each_done_once(crew)
            worker.send(signal.SIGTERM)
            assert (await worker.finished()).status == 0
            assert leftovers(crew.desk) == []
            assert len(published(crew.desk)) == RELEASES


def _owner(crew: Fleet) -> str:
    (folder,) = (crew.desk.data / "spool").iterdir()
    return folder.name
