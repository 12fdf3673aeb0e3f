"""Whatever is wrong with what the program is given: its exit status, and a sentence that says what and what to do."""

import asyncio
import json
import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance import state
from tests.acceptance.program import Desk
from tests.acceptance.six import PIN, serve_six
from tests.simulator.mirror import Fault, Mirror

VALID = {"urls": ["https://mirror.invalid/simple"], "dependencies": ["six==1.0"]}

# What the file holds, the exit status, and what must be said.
FILES: dict[str, tuple[bytes, int, tuple[str, ...]]] = {
    "empty": (b"", 2, ("empty", "1 mistake")),
    "wrong encoding": ('{"urls": ["https://mirror.invalid/sïmple"]}'.encode("latin-1"), 2, ("UTF-8", "1 mistake")),
    "not JSON": (b"urls = []", 2, ("host.json:line 1, column 1: ", "1 mistake")),
    "unknown key": (json.dumps(VALID | {"dependancies": []}).encode(), 2, ("dependancies", "dependencies")),
    "no mirrors": (json.dumps({"dependencies": []}).encode(), 2, ("urls", "1 mistake")),
    "a range": (json.dumps(VALID | {"dependencies": ["six>=1.0"]}).encode(), 2, ("six>=1.0", "six==1.2.3")),
}


@pytest.mark.parametrize("name", FILES)
async def test_a_file_that_is_not_valid_is_explained_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    content, status, said = FILES[name]
    desk = Desk(folder=tmp_path)
    desk.config.write_bytes(content)
    ended = await desk.sync()
    assert (ended.status, ended.stdout) == (status, "")
    assert [part for part in said if part not in ended.stderr] == []
    assert "Traceback" not in ended.stderr
    assert not desk.data.exists()


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path)
    missing = await desk.sync()
    desk.config.mkdir()
    folder = await desk.sync()
    assert [ended.status for ended in (missing, folder)] == [3, 3]
    assert f"{desk.config} cannot be read (No such file or directory)" in missing.stderr
    assert f"{desk.config} cannot be read (Is a directory)" in folder.stderr
    assert not desk.data.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    desk = Desk(folder=tmp_path)
    desk.configure(VALID["urls"], VALID["dependencies"])
    desk.config.chmod(0)
    ended = await desk.sync()
    assert (ended.status, "Permission denied" in ended.stderr) == (3, True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://mirror.invalid/simple", "the name of http://mirror.invalid does not resolve"),
        ("http://127.0.0.1:{port}/simple", "refused the connection"),
    ],
)
async def test_a_mirror_that_cannot_be_reached_is_a_network_failure(tmp_path: Path, url: str, said: str) -> None:
    desk = Desk(folder=tmp_path)
    desk.configure([url.format(port=free_port())], ["six==1.0"])
    ended = await desk.sync()
    (pin,) = ended.summary["pins"]
    assert (ended.status, pin["state"], pin["reason"]) == (1, "errored", "network")
    assert said in pin["message"]
    status = await desk.run("status", *desk.place)
    assert (status.status, said in status.stdout) == (1, True)


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


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (from_the_future, "was made by a newer codehost (its schema is 9999"),
        (overwrite, "is damaged or is no database: restore a backup"),
        (cut, "is damaged or is no database: restore a backup"),
    ],
)
async def test_a_database_that_is_no_good_is_named_and_left_alone(
    tmp_path: Path, six_synced: Path, damage: Callable[[Path], None], said: str
) -> None:
    desk = Desk(folder=tmp_path)
    desk.adopt(six_synced)
    desk.configure(["http://mirror.invalid/simple"], [PIN])
    repositories = state.published(desk.data)
    database = desk.data / "codehost.db"
    damage(database)
    bad = database.read_bytes()
    for ended in await asyncio.gather(desk.sync(), desk.run("status", *desk.place)):
        assert (ended.status, ended.stdout) == (3, "")
        assert ended.stderr.startswith("codehost: The database ")
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
    assert (database.read_bytes(), state.published(desk.data)) == (bad, repositories)


async def test_the_advice_works_a_backup_goes_on_and_without_one_all_is_made_again(
    tmp_path: Path, six_synced: Path
) -> None:
    restored, anew = Desk(folder=tmp_path / "restored"), Desk(folder=tmp_path / "anew")
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
    desk = Desk(folder=tmp_path)
    async with Mirror() as mirror:
        serve_six(mirror)
        mirror.fault(mirror.page_path("six"), Fault(delay=60))
        desk.configure([mirror.url], [PIN])
        first = await desk.start_sync()
        assert await first.until(lambda: bool(mirror.requests))
        second, third = await asyncio.gather(desk.sync(), desk.verify())
        for ended in (second, third):
            assert (ended.status, ended.stdout) == (3, "")
            assert f"Another codehost works on the data directory {desk.data}: wait until it ends" in ended.stderr
        # Looking on is allowed meanwhile.
        status = await desk.run("status", *desk.place)
        assert (status.status, status.stdout) == (0, "host: 1 processing\n")
        mirror.faults.clear()
        first.process.terminate()
        assert (await first.finished()).status == 130
        assert (await desk.sync()).status == 0
