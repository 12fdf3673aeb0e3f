"""The database: opened, checked, migrated; read and write transactions on it.

SQLite and PostgreSQL differ here and in ``clock``, and nowhere else.
"""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from codehost.durable import make_directory
from codehost.model.errors import UserError
from codehost.record.migrate import needs_migration, upgrade
from codehost.record.problems import explain
from codehost.record.urls import POSTGRESQL, SQLITE, connecting, driver_url, shown_url

_WRITING = "codehost_writing"
# Any fixed number serves; it keeps two processes from migrating or planning at the same time.
_EXCLUSIVE_LOCK = 6_702_251_337

# A process that stands still in the middle of a transaction, or whose machine is gone, must not hold its locks for
# ever: the server ends its session. What it does when it wakes up is fenced (``codehost.record.finishing``).
_GONE = {
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

# The same for a server that is gone, as this machine's kernel finds out (tcp(7); the last is in milliseconds).
_SILENCE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 60_000}
_CONNECTING = 10.0
# Something in between may swallow what is said and stay connected. No statement takes so long.
ANSWERING = 300.0


class Database:
    """A pool of connections. Made by ``open_database``."""

    def __init__(self, engine: AsyncEngine, shown: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(**{_WRITING: True})
        self.shown = shown
        self.dialect = engine.dialect.name
        # SQLite has one writer at a time. Waiting here is fair and wakes at once; its busy handler polls.
        self._turn = asyncio.Lock() if self.dialect == SQLITE else None

    def __repr__(self) -> str:
        return f"Database({self.shown!r})"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads.

        Raises:
            UserError: the database is not there any more, locked, damaged or full.
        """
        async with self._explained(), self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end, rolled back on any exception.

        On SQLite it holds the write lock from its start, so that nothing read in it can change before it writes.

        Raises:
            UserError: as for ``read``.
        """
        async with self._turn or nullcontext(), self._explained(), self._writing.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write_alone(self) -> AsyncIterator[AsyncConnection]:
        """A write transaction that no other of its kind runs beside, in any process."""
        async with self.write() as connection:
            if self.dialect == POSTGRESQL:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EXCLUSIVE_LOCK})
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        try:
            yield
        except _driver_errors(self.dialect) as error:
            sentence = explain(error, self.shown)
            if sentence is None:
                raise
            raise sentence from error


@asynccontextmanager
async def open_database(
    url: str | None, data_dir: Path, *, busy_seconds: float = 30.0, migrate: bool = False
) -> AsyncIterator[Database]:
    """Open the database, bring its schema up to date where that may happen by itself, and close it at the end.

    Args:
        url: ``postgresql://...``, ``postgres://...`` or ``sqlite:///...``; None for a file in the data directory.
        data_dir: where that file lies; made if it is missing.
        busy_seconds: how long to wait for another process's write on SQLite.
        migrate: apply migrations to a PostgreSQL database that is behind, too.

    Raises:
        UserError: the database is unreachable, read-only, locked, damaged, behind or from a newer codehost.
    """
    target = driver_url(url, data_dir)
    shown = shown_url(target)
    if url is None:
        _make_folder(data_dir)
    if target.get_backend_name() == SQLITE:
        _try_to_open(shown)
    database = Database(_engine(target, busy_seconds), shown)
    try:
        await _prepare(database, busy_seconds=busy_seconds, migrate=migrate)
        yield database
    finally:
        await database.close()


def _make_folder(data_dir: Path) -> None:
    try:
        make_directory(data_dir)
    except OSError as error:
        raise UserError(
            f"The data directory {data_dir} cannot be made ({error.strerror}):"
            " choose a folder that this user may write to."
        ) from error


def _try_to_open(path: str) -> None:
    """Meet the errors of opening a file here: the asynchronous driver leaves a thread behind that writes to stderr."""
    try:
        sqlite3.connect(path).close()
    except sqlite3.Error as error:
        raise (explain(error, path) or error) from error


def _driver_errors(dialect: str) -> tuple[type[BaseException], ...]:
    if dialect == SQLITE:
        return (DBAPIError, NoConnectionError, sqlite3.Error)
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - not needed with SQLite, and slow to import

    return (DBAPIError, NoConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


def _engine(target: URL, busy_seconds: float) -> AsyncEngine:
    # Parameters hold what mirrors and archives say; they have no place in a log.
    if target.get_backend_name() == POSTGRESQL:
        place, arguments = connecting(target, {"application_name": "codehost", "jit": "off", **_GONE})
        arguments = {"timeout": _CONNECTING, "command_timeout": ANSWERING, **arguments}
        engine = create_async_engine(place, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)
        event.listen(engine.sync_engine, "connect", _on_connect_to_server)
        return engine
    engine = create_async_engine(target, hide_parameters=True, connect_args={"timeout": busy_seconds})
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver would begin transactions on its own, late and deferred; _on_begin does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _on_connect_to_server(connection: Any, _record: Any) -> None:
    # A server whose machine is gone says nothing; without this, whoever waits for its answer would wait for ever.
    wire = connection.driver_connection._transport.get_extra_info("socket")  # noqa: SLF001 - the driver offers no way
    if wire.family in {socket.AF_INET, socket.AF_INET6}:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, seconds in _SILENCE.items():
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)


def _on_begin(connection: Connection) -> None:
    # A deferred transaction that reads first and writes later fails when another wrote in between.
    immediate = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


async def _prepare(database: Database, *, busy_seconds: float, migrate: bool) -> None:
    if database.dialect == SQLITE:
        await _write_ahead(database, time.monotonic() + busy_seconds)
    may_upgrade = migrate or database.dialect == SQLITE
    async with database.read() as connection:
        stored = await _stored_revision(connection)
    if not needs_migration(stored, database.shown, may_upgrade=may_upgrade):
        return
    async with database.write_alone() as connection:
        # Another process may have been first.
        if needs_migration(await _stored_revision(connection), database.shown, may_upgrade=may_upgrade):
            await connection.run_sync(upgrade)


async def _write_ahead(database: Database, give_up_at: float) -> None:
    """Turn on the write-ahead log, and make sure that the file can be written."""
    mode = None
    while mode is None:
        mode = await _try_write_ahead(database, patient=time.monotonic() < give_up_at)
    if mode != "wal":
        raise UserError(
            f"The database {database.shown} cannot have a write-ahead log (it stays in mode {mode!r}):"
            " keep it on a local disk, not on a network share."
        )


async def _try_write_ahead(database: Database, *, patient: bool) -> str | None:
    """The journal's mode afterwards; None if another process is in the way and we are patient."""
    async with database.write() as connection:
        mode: str | None = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        if mode == "wal":
            return mode
        # The mode changes outside of transactions only. SQLite does not wait for others here: they could wait for us.
        await connection.exec_driver_sql("COMMIT")
        try:
            mode = (await connection.exec_driver_sql("PRAGMA journal_mode=WAL")).scalar_one()
        except OperationalError:
            if not patient:
                raise
            mode = None
    if mode is None:
        await asyncio.sleep(0.05)
    return mode


async def _stored_revision(connection: AsyncConnection) -> str | None:
    if connection.dialect.name == SQLITE:
        table = text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")
    else:
        table = text("SELECT to_regclass('alembic_version')")
    if (await connection.execute(table)).scalar_one_or_none() is None:
        return None
    revision: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    return revision
