"""Disks that are full or cannot be written: a clear sentence, nothing lost, and all goes on when it is mended."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance import state
from tests.acceptance.program import Desk, Finished
from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Mirror

SMALL = "4m"
LARGE = "64m"
RELEASES = 24
# Enough for the database, too little for the distribution files.
FILE_LIMIT = 1 << 20

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of a given size")


@contextmanager
def mounted(place: Path, size: str) -> Iterator[None]:
    place.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place], check=False)
    if made.returncode:
        pytest.skip("this machine does not allow to mount a tmpfs")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def remount(place: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", place], check=True)


def fill(mirror: Mirror, number: int, size: int) -> list[str]:
    """List releases of one project whose bytes do not compress."""
    chance = random.Random(number)
    for minor in range(number):
        data = make_sdist("bulky", f"1.{minor}", {"bulk.bin": chance.randbytes(size)})
        mirror.add(sdist_name("bulky", f"1.{minor}"), data)
    return [f"bulky==1.{minor}" for minor in range(number)]


def says_what_happened(ended: Finished) -> bool:
    clauses = ("spool cannot be written", "data directory cannot be written", "has no room left", "free space")
    return any(clause in ended.said for clause in clauses) and "Traceback" not in ended.said


@as_root
async def test_a_full_disk_ends_the_sync_and_room_lets_it_go_on(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        desk.configure([mirror.url], fill(mirror, RELEASES, 200_000))
        with mounted(desk.data, SMALL):
            full = await desk.sync()
            assert full.status in {1, 3}
            assert says_what_happened(full), full.said
            assert "No space left on device" in full.said or "has no room left" in full.said
            before = state.recorded(desk.data)
            assert 0 < len(before) < RELEASES
            assert before.items() <= state.published(desk.data).items()

            remount(desk.data, f"size={LARGE}")
            ended = await desk.sync()
            assert (ended.status, ended.summary["counts"]["unchanged"]) == (0, len(before))
            assert state.published(desk.data) == state.recorded(desk.data)
            assert before.items() <= state.recorded(desk.data).items()
            assert len(state.recorded(desk.data)) == RELEASES
            assert state.leftovers(desk.data) == []
            assert (await desk.verify()).status == 0


@as_root
async def test_a_disk_without_room_for_the_database_is_named(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    desk.configure(["http://127.0.0.1:9/simple"], ["six==1.0"])
    with mounted(desk.data, "64k"):
        (desk.data / "ballast").write_bytes(bytes(40 * 1024))
        ended = await desk.sync()
        assert (ended.status, ended.stdout) == (3, "")
        assert ended.stderr.startswith("codehost: The d"), ended.stderr
        assert "room" in ended.stderr
        assert "Traceback" not in ended.said
        (desk.data / "ballast").unlink()
        remount(desk.data, f"size={LARGE}")
        assert (await desk.sync()).summary["counts"]["failed"] == 1


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is not installed")
async def test_a_limit_on_files_is_a_storage_failure_and_not_the_releases(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        desk.configure([mirror.url], fill(mirror, 3, 2 * FILE_LIMIT))
        limited = await desk.sync(wrapper=("prlimit", f"--fsize={FILE_LIMIT}"))
        assert limited.status in {1, 3}
        assert says_what_happened(limited), limited.said
        assert state.published(desk.data) == state.recorded(desk.data) == {}
        assert (await desk.sync()).status == 0
        assert len(state.published(desk.data)) == 3


async def test_a_read_only_data_directory_is_named_and_kept(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        pins = fill(mirror, 3, 1000)
        with mounted(desk.data, LARGE) if os.geteuid() == 0 else _plain(desk.data):
            desk.configure([mirror.url], pins[:2])
            assert (await desk.sync()).status == 0
            before = state.published(desk.data)
            desk.configure([mirror.url], pins)
            asked = len(mirror.requests)

            with _read_only(desk.data):
                for ended in (await desk.sync(), await desk.verify()):
                    assert (ended.status, ended.stdout) == (3, "")
                    assert str(desk.data) in ended.stderr
                    assert "writ" in ended.stderr
                    assert "Traceback" not in ended.said
            assert len(mirror.requests) == asked

            assert state.published(desk.data) == before
            counts = (await desk.sync()).summary["counts"]
            assert (counts["unchanged"], counts["synced"]) == (2, 1)
            assert len(state.published(desk.data)) == 3


@contextmanager
def _plain(place: Path) -> Iterator[None]:
    place.mkdir(parents=True)
    yield


@contextmanager
def _read_only(place: Path) -> Iterator[None]:
    if os.geteuid() == 0:
        remount(place, "ro")
        try:
            yield
        finally:
            remount(place, "rw")
        return
    folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
    for path in folders:
        path.chmod(0o555)
    (place / "codehost.db").chmod(0o444)
    try:
        yield
    finally:
        for path in folders:
            path.chmod(0o755)
        (place / "codehost.db").chmod(0o644)
