"""Whatever is wrong with what the program is given: its exit status, and a sentence that says what and what to do."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance import state
from tests.acceptance.forks import fork
from tests.acceptance.program import Desk
from tests.acceptance.six import PIN, REPOSITORY, serve_six
from tests.simulator.mirror import Fault, Mirror

VALID = {"urls": ["https://mirror.invalid/simple"], "dependencies": ["six==1.0"]}

# What the file holds, and what must be said.
FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("empty", "1 mistake")),
    "wrong encoding": ('{"urls": ["https://mirror.invalid/sïmple"]}'.encode("latin-1"), ("UTF-8", "1 mistake")),
    "not JSON": (b"urls = []", ("host.json:1:1: ", "1 mistake")),
    "unknown key": (json.dumps(VALID | {"dependancies": []}).encode(), ("dependancies", "dependencies")),
    "no mirrors": (json.dumps({"dependencies": []}).encode(), ("urls", "1 mistake")),
    "a range": (json.dumps(VALID | {"dependencies": ["six>=1.0"]}).encode(), ("six>=1.0", "six==1.2.3")),
}


# The cases of a test run at once: much of it is waiting.
async def test_a_file_that_is_not_valid_is_explained_and_nothing_is_made(tmp_path: Path) -> None:
    async def check(name: str, content: bytes, said: tuple[str, ...]) -> None:
        desk = Desk(folder=tmp_path / name, forks=True)
        desk.config.write_bytes(content)
        ended = await desk.sync()
        assert (ended.status, ended.stdout) == (2, ""), name
        assert [part for part in said if part not in ended.stderr] == [], name
        assert "Traceback" not in ended.stderr
        assert not desk.data.exists()

    await asyncio.gather(*(check(name, *case) for name, case in FILES.items()))


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing, folder = (Desk(folder=tmp_path / name, forks=True) for name in ("missing", "folder"))
    folder.config.mkdir()
    ended = await asyncio.gather(missing.sync(), folder.sync())
    assert [run.status for run in ended] == [2, 2]
    assert f"{missing.config} cannot be read (No such file or directory)" in ended[0].stderr
    assert f"{folder.config} cannot be read (Is a directory)" in ended[1].stderr
    assert not missing.data.exists()
    assert not folder.data.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    desk.configure(VALID["urls"], VALID["dependencies"])
    desk.config.chmod(0)
    ended = await desk.sync()
    assert (ended.status, "Permission denied" in ended.stderr) == (2, True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


UNREACHABLE = {
    "http://mirror.invalid/simple": "the name of http://mirror.invalid does not resolve",
    "http://127.0.0.1:{port}/simple": "refused the connection",
}


async def test_a_mirror_that_cannot_be_reached_is_a_network_failure(tmp_path: Path) -> None:
    async def check(number: int, url: str, said: str) -> None:
        desk = Desk(folder=tmp_path / str(number), forks=True)
        desk.configure([url.format(port=free_port())], ["six==1.0"])
        ended = await desk.sync()
        (pin,) = ended.summary["pins"]
        assert (ended.status, pin["state"], pin["reason"]) == (1, "errored", "network")
        assert said in pin["message"]
        status = await desk.run("status", *desk.place)
        assert (status.status, said in status.stdout) == (1, True)

    await asyncio.gather(*(check(number, *case) for number, case in enumerate(UNREACHABLE.items())))


def from_the_future(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def overwrite(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.write(b"no database any more" * 200)


def cut(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(file, file.stat().st_size // 3)


DAMAGES: dict[Callable[[Path], None], str] = {
    from_the_future: "was made by a newer codehost (its schema is 9999",
    overwrite: "is damaged or is no database: restore a backup",
    cut: "is damaged or is no database: restore a backup",
}


async def test_a_database_that_is_no_good_is_named_and_left_alone(tmp_path: Path, six_synced: Path) -> None:
    async def check(damage: Callable[[Path], None], said: str) -> None:
        desk = Desk(folder=tmp_path / damage.__name__, forks=True)
        desk.adopt(six_synced)
        desk.configure(["http://mirror.invalid/simple"], [PIN])
        repositories = state.published(desk.data)
        database = desk.data / "codehost.db"
        damage(database)
        bad = database.read_bytes()
        for ended in await asyncio.gather(desk.sync(), desk.run("status", *desk.place)):
            assert (ended.status, ended.stdout) == (3, ""), said
            assert ended.stderr.startswith("codehost: The database ")
            assert said in ended.stderr
            assert "Traceback" not in ended.stderr
        assert (database.read_bytes(), state.published(desk.data)) == (bad, repositories)

    await asyncio.gather(*(check(*case) for case in DAMAGES.items()))


async def test_the_advice_works_a_backup_goes_on_and_without_one_all_is_made_again(
    tmp_path: Path, six_synced: Path
) -> None:
    restored, anew = (Desk(folder=tmp_path / name, forks=True) for name in ("restored", "anew"))
    async with Mirror() as mirror:
        serve_six(mirror)
        for desk in (restored, anew):
            desk.adopt(six_synced)
            desk.configure([mirror.url], [PIN])
            for file in desk.data.glob("codehost.db*"):
                file.unlink()
        shutil.copy(six_synced / "codehost.db", restored.data)
        assert (await restored.sync()).status == 0
        assert mirror.requests == []
        assert (await anew.sync()).status == 0
        assert state.published(anew.data) == state.recorded(anew.data) == state.recorded(restored.data)


async def test_of_two_syncs_on_one_data_directory_one_is_refused(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        serve_six(mirror)
        mirror.fault(mirror.page_path("six"), Fault(delay=60))
        desk.configure([mirror.url], [PIN])
        first = await desk.start_sync()
        assert await first.until(lambda: bool(mirror.requests))
        second, third, status = await asyncio.gather(desk.sync(), desk.verify(), desk.run("status", *desk.place))
        for ended in (second, third):
            assert (ended.status, ended.stdout) == (3, "")
            assert f"Another codehost works on the data directory {desk.data}: wait until it ends" in ended.stderr
        # Looking on is allowed meanwhile.
        assert status.status == 0
        assert status.stdout.startswith("host: 1 processing\n  budget: ")
        mirror.faults.clear()
        first.send(signal.SIGTERM)
        assert (await first.finished()).status == 130
        assert (await desk.sync()).status == 0


async def test_without_git_only_verify_does_not_work(tmp_path: Path) -> None:
    bare = {"PATH": "/nonexistent"}
    # No forks for one command of each module: its imports are to meet a machine without git.
    desk, looker = (
        Desk(folder=tmp_path, environment=bare),
        Desk(folder=tmp_path / "looks", environment=bare, forks=True),
    )
    async with Mirror() as mirror:
        serve_six(mirror)
        desk.configure([mirror.url], [PIN])
        assert (await desk.sync()).status == 0
    runs = ("validate", str(desk.config)), ("status", *desk.place), ("show", PIN, *desk.place)
    ended = await asyncio.gather(*(looker.run(*run) for run in runs))
    assert [(run.status, run.stderr) for run in ended] == [(0, "")] * 3
    assert f"repository {' ' * 26}{REPOSITORY}\n" in ended[2].stdout
    verified = await desk.verify()
    assert (verified.status, verified.stdout) == (3, "")
    assert verified.stderr == "codehost: git is not installed, or not on PATH: codehost verify needs it.\n"


FULL_DISK = Path("/dev/full")  # full(4): every write fails with ENOSPC


@pytest.mark.skipif(not FULL_DISK.exists(), reason="there is no /dev/full")
async def test_what_nobody_can_be_told(tmp_path: Path, six_synced: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    desk.adopt(six_synced)
    desk.configure(["http://mirror.invalid/simple"], [PIN])
    sync = ("sync", str(desk.config), *desk.place, "--name", "host")
    out, err = tmp_path / "out", tmp_path / "err"
    cannot = "codehost: standard output cannot be written (No space left on device).\n"
    for output, errors, command, status, said in (
        (FULL_DISK, err, ("validate", str(desk.config)), 3, cannot),
        (FULL_DISK, err, ("status", *desk.place), 3, cannot),
        (FULL_DISK, err, ("--help",), 3, cannot),
        (FULL_DISK, err, sync, 3, cannot),
        (out, FULL_DISK, sync, 0, ""),
        (out, FULL_DISK, ("validate", "missing"), 2, ""),
        (out, FULL_DISK, ("nothing",), 2, ""),
        (out, FULL_DISK, ("verify", "--data-dir", str(tmp_path / "missing")), 3, ""),
    ):
        out.write_bytes(b"")
        err.write_bytes(b"")
        ended = await (await fork(command, os.environ, output, errors)).wait()
        assert (ended, err.read_text().endswith(said)) == (status, True), (output, command, err.read_text())
        assert "Traceback" not in out.read_text() + err.read_text()
    for closed in (">&-", "2>&-"):
        ended_well = await desk.run(*sync, wrapper=("sh", "-c", f'exec "$@" {closed}', "sh"))
        assert (ended_well.status, "Traceback" in ended_well.said) == (0, False), (closed, ended_well)


async def test_whoever_reads_the_progress_may_go(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    async with Mirror() as mirror:
        serve_six(mirror)
        desk.configure([mirror.url], [PIN])
        ended = await desk.sync(wrapper=("sh", "-c", '{ "$@" 2>&1 >&3 3>&- | true; } 3>&1', "sh"))
    assert ended.summary["counts"]["synced"] == 1
    assert ended.stderr == ""


async def test_looking_at_nothing_makes_nothing(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path, forks=True)
    looks = (("status",), ("verify",), ("show", "python/six/1.0"))
    for ended in await asyncio.gather(*(desk.run(*look, *desk.place) for look in looks)):
        assert (ended.status, desk.data.exists()) == (3, False)
        assert "Nothing has been synced" in ended.stderr
