import asyncio
import sqlite3
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.exc import TimeoutError as NoConnectionError

from codehost.model.errors import UserError
from codehost.record.problems import explain


def test_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "x.db").execute("CREATE TABLE t (a)").connection.close()
    connection = sqlite3.connect(f"file:{tmp_path}/x.db?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("INSERT INTO t VALUES (1)")
    connection.close()
    assert str(explain(caught.value, "x.db")) == (
        "The database x.db can only be read: grant write access to it and its folder."
    )


ERRORS = [
    (sqlite3.OperationalError("database or disk is full"), "has no room left"),
    (sqlite3.DatabaseError("database disk image is malformed"), "is damaged"),
    (sqlite3.OperationalError("database is locked"), "is locked"),
    (asyncpg.InvalidPasswordError("x"), "refuses the log-in"),
    (asyncpg.TooManyConnectionsError("x"), "has no connection left"),
    (asyncpg.CannotConnectNowError("x"), "is shutting down or starting"),
    (asyncpg.InsufficientPrivilegeError("x"), "does not grant"),
    (asyncpg.ReadOnlySQLTransactionError("x"), "can only be read"),
    (asyncpg.ConnectionDoesNotExistError("x"), "cannot be reached"),
    (asyncpg.InterfaceError("connection is closed"), "cannot be reached"),
    (asyncpg.IdleInTransactionSessionTimeoutError("x"), "cannot be reached"),
    (asyncpg.DeadlockDetectedError("x"), "was in the middle of something else"),
    (asyncpg.OutOfMemoryError("x"), "is short of memory"),
    (asyncpg.DiskFullError("x"), "has no room left"),
    (asyncpg.QueryCanceledError("x"), "ended a statement"),
    (asyncpg.PostgresIOError("x"), "check the disk"),
    (TimeoutError(), "cannot be reached"),
    (NoConnectionError("QueuePool limit"), "does not answer"),
]


@pytest.mark.parametrize(("error", "clause"), ERRORS)
def test_explained(error: Exception, clause: str) -> None:
    sentence = explain(error, "x.db")
    assert isinstance(sentence, UserError)
    assert clause in str(sentence)


UNEXPLAINED = [
    sqlite3.IntegrityError("UNIQUE constraint failed: releases.repository"),
    asyncpg.UniqueViolationError("x"),
    ValueError("database is locked"),
]


@pytest.mark.parametrize("error", UNEXPLAINED)
def test_defects_are_not_explained_away(error: Exception) -> None:
    assert explain(error, "x.db") is None


async def test_a_timeout_is_no_cancellation() -> None:
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0):
            await asyncio.sleep(1)
    assert "cannot be reached" in str(explain(caught.value, "x"))


def test_the_innermost_error_decides() -> None:
    outer = RuntimeError()
    outer.__cause__ = TimeoutError()
    assert "cannot be reached" in str(explain(outer, "x"))
