import asyncio
import socket
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.record.database import Database, open_database
from codehost.record.urls import SQLITE

_ONE = "WHERE name = 'changes'"
_COUNTED = f"SELECT value FROM counters {_ONE}"


async def test_without_a_url_it_is_a_file_in_the_data_directory(tmp_path: Path) -> None:
    async with open_database(None, tmp_path / "new" / "data") as database:
        assert database.shown == str(tmp_path / "new" / "data" / "codehost.db")
    sqlite3.connect(f"file:{database.shown}?mode=ro", uri=True).close()


async def test_sqlite_is_set_up_to_lose_nothing(sqlite_url: str, tmp_path: Path) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    async with open_database(sqlite_url, tmp_path) as database, database.read() as connection:
        found = {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in wanted}
    assert found == wanted


async def test_a_write_is_undone_when_its_block_raises(database: Database) -> None:
    async def write_and_raise() -> None:
        async with database.write() as connection:
            await connection.execute(text(f"UPDATE counters SET value = 7 {_ONE}"))
            raise LookupError

    with pytest.raises(LookupError):
        await write_and_raise()
    async with database.read() as connection:
        assert (await connection.execute(text(_COUNTED))).scalar() == 0


async def test_a_write_reads_what_it_will_find_when_it_writes(database_url: str, tmp_path: Path) -> None:
    """Two handles read, pause and write the same row on SQLite: neither update is lost, neither fails."""

    async def add(database: Database) -> None:
        async with database.write() as connection:
            lock = "" if database.dialect == SQLITE else " FOR UPDATE"
            value = (await connection.execute(text(f"{_COUNTED}{lock}"))).scalar_one()
            await asyncio.sleep(0.01)
            await connection.execute(text(f"UPDATE counters SET value = :value {_ONE}"), {"value": value + 1})

    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        await asyncio.gather(*(add(database) for database in (one, other) * 5))
        async with one.read() as connection:
            assert (await connection.execute(text(_COUNTED))).scalar() == 10


async def _refusal(url: str | None, data_dir: Path, busy_seconds: float = 5.0) -> str:
    with pytest.raises(UserError) as caught:
        async with open_database(url, data_dir, busy_seconds=busy_seconds):
            pass
    return str(caught.value)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "codehost.db").write_bytes(b"no database at all" * 1_000)
    assert "is damaged or is no database" in await _refusal(None, tmp_path)


async def test_a_database_that_another_process_locks(tmp_path: Path) -> None:
    async with open_database(None, tmp_path):
        pass
    other = sqlite3.connect(tmp_path / "codehost.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert "is locked by another process" in await _refusal(None, tmp_path, busy_seconds=0.05)
    finally:
        other.close()


async def test_a_data_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made (Not a directory)" in await _refusal(None, tmp_path / "file" / "data")


async def test_a_path_that_is_a_folder(tmp_path: Path) -> None:
    assert "cannot be opened" in await _refusal(f"sqlite:///{tmp_path}", tmp_path)


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = taken.getsockname()[1]
        said = await _refusal(f"postgresql://ann:secret@127.0.0.1:{port}/work", tmp_path)
    assert said == (
        f"The database postgresql://ann@127.0.0.1:{port}/work cannot be reached:"
        " check the host, the port and that the server runs."
    )


async def test_a_database_that_does_not_exist(postgresql_url: str, tmp_path: Path) -> None:
    said = await _refusal(postgresql_url + "x", tmp_path)
    assert "does not exist: create it" in said


async def test_a_user_that_is_refused(postgresql_url: str, tmp_path: Path) -> None:
    said = await _refusal(postgresql_url.replace("codehost@", "nobody:secret@"), tmp_path)
    assert "refuses the log-in" in said
    assert "secret" not in said


async def test_a_read_only_server(postgresql_url: str, tmp_path: Path) -> None:
    async with open_database(postgresql_url, tmp_path) as database:
        name = postgresql_url.rpartition("/")[2]
        async with database.write() as connection:
            await connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        await database.close()
        with pytest.raises(UserError, match="can only be read"):
            async with database.write() as connection:
                await connection.execute(text("UPDATE counters SET value = 7"))


async def test_a_representation_shows_no_password(postgresql_url: str, tmp_path: Path) -> None:
    url = postgresql_url.replace("codehost@", "codehost:secret@")
    async with open_database(url, tmp_path) as database:
        assert "secret" not in repr(database)


async def test_who_finds_all_connections_in_use_is_told_so(tmp_path: Path) -> None:
    """A worker that stands still with locks lets those of another one wait, until it has no connection left."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/x.db", pool_size=1, max_overflow=0, pool_timeout=0.1)
    database = Database(engine, "x.db")
    try:
        async with database.read():
            with pytest.raises(DatabaseUnavailableError, match=r"^The database x\.db does not answer: all connections"):
                async with database.read():
                    pass
    finally:
        await database.close()
