"""What a consumer must not forget: the cursor, what is still to be done, and every repository's number.

A page of entries and its cursor are stored in one transaction, as work to be done; what was done is noted afterwards.
So a crash at any moment costs doing something again, and never an entry. Calls block for the disk: make them in a
thread, one after the other.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from codehost.consume.news import Item, News
from codehost.model.errors import UserError

_VERSION = 1
# What Zoekt has room for.
_MOST_NUMBERS = (1 << 32) - 1
# Rows stay for ever, and AUTOINCREMENT gives no number twice: an index may still know a repository that is gone.
_TABLES = """
CREATE TABLE feed (
    cursor TEXT NOT NULL,
    round INTEGER NOT NULL,
    sweeping INTEGER NOT NULL,
    engine TEXT NOT NULL,
    code_host TEXT NOT NULL
);
CREATE TABLE repositories (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    wanted TEXT,
    web_url TEXT NOT NULL,
    round INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    done TEXT,
    untold INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE INDEX pending ON repositories (number) WHERE pending = 1;
CREATE INDEX untold ON repositories (number) WHERE untold = 1;
"""
_GONE = "UPDATE repositories SET wanted = NULL, pending = 1, tries = 0, error = NULL"
_DONE = "UPDATE repositories SET pending = 0, tries = 0, error = NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A repository with which something is to be done.

    Attributes:
        number: its own, from 1; no other repository has it or will have it.
        item: how it is to be.
        done: the commit that it was made with, or that the engine was told of; None: it was not, or was removed since.
    """

    number: int
    item: Item
    done: str | None


class State:
    """The database of one folder."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A commit survives a power loss.
        self._connection.execute("PRAGMA synchronous = FULL")
        with self._writing() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in {0, _VERSION}:
                raise UserError(f"{path} was made by a newer codehost: use that one, or give another directory.")
            if not version:
                # Not by executescript, which would commit in between.
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT INTO feed VALUES ('', 1, 0, '', '')")
                connection.execute(f"PRAGMA user_version = {_VERSION}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, engine: str, code_host: str | None) -> None:
        """Say what is done with the entries and of which code host they are; if either is new, begin from nothing."""
        with self._writing() as connection:
            before, of = connection.execute("SELECT engine, code_host FROM feed").fetchone()
            if before != engine:
                connection.execute("UPDATE repositories SET done = NULL, untold = 0")
            if (before, of) != (engine, code_host or ""):
                connection.execute("UPDATE feed SET engine = ?, code_host = ?", (engine, code_host or ""))
                self._forget(connection)

    def forget(self) -> None:
        """Begin from nothing: what does not turn up by the time that there is no more is to go."""
        with self._writing() as connection:
            self._forget(connection)

    def _forget(self, connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE feed SET cursor = '', round = round + 1, sweeping = 1")

    @property
    def cursor(self) -> str:
        """Behind what the next page comes; "" for nothing."""
        return str(self._connection.execute("SELECT cursor FROM feed").fetchone()[0])

    def take(self, news: News) -> None:
        """Store a page of entries as work, with its cursor."""
        with self._writing() as connection:
            turn, sweeping = connection.execute("SELECT round, sweeping FROM feed").fetchone()
            for item in news.items:
                _put(connection, item, turn)
            if sweeping and not news.more:
                connection.execute(f"{_GONE} WHERE round < ? AND wanted IS NOT NULL", (turn,))
                sweeping = 0
            connection.execute("UPDATE feed SET cursor = ?, sweeping = ?", (news.cursor, sweeping))

    def pending(self) -> Iterator[Task]:
        """What is to be done, in the order in which it became known; nothing may be written before it ends."""
        rows = self._connection.execute(
            "SELECT number, name, wanted, web_url, done FROM repositories WHERE pending = 1 ORDER BY number"
        )
        return (_task(*row) for row in rows)

    def settled(self) -> list[Task]:
        """What is as it is to be, and not gone."""
        rows = self._connection.execute(
            "SELECT number, name, wanted, web_url, done FROM repositories WHERE pending = 0 AND wanted IS NOT NULL"
        )
        return [_task(*row) for row in rows]

    def untold(self) -> list[Task]:
        """Clones of which the engine is still to be told."""
        rows = self._connection.execute(
            "SELECT number, name, wanted, web_url, done FROM repositories"
            " WHERE untold = 1 AND pending = 0 AND wanted IS NOT NULL ORDER BY number"
        )
        return [_task(*row) for row in rows]

    def finish(self, done: Iterable[Task], failed: Iterable[tuple[Task, str]]) -> None:
        """Note what was done, and what went wrong and why."""
        with self._writing() as connection:
            for task in done:
                if task.item.commit is None:
                    connection.execute(f"{_DONE}, done = NULL, untold = 0 WHERE number = ?", (task.number,))
                    continue
                # What a crash kept from being noted was made before: that it is new is known by ``done`` alone.
                untold = int(task.item.commit != task.done)
                connection.execute(
                    f"{_DONE}, done = wanted, untold = max(untold, ?) WHERE number = ?", (untold, task.number)
                )
            connection.executemany(
                "UPDATE repositories SET tries = tries + 1, error = ? WHERE number = ?",
                [(why, task.number) for task, why in failed],
            )

    def told(self, tasks: Iterable[Task]) -> None:
        """The engine knows of these."""
        with self._writing() as connection:
            connection.executemany("UPDATE repositories SET untold = 0 WHERE number = ?", [(t.number,) for t in tasks])

    def redo(self, tasks: Iterable[Task]) -> None:
        """Make these again: other hands have taken them away."""
        with self._writing() as connection:
            connection.executemany(
                "UPDATE repositories SET pending = 1, done = NULL WHERE number = ?", [(t.number,) for t in tasks]
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        finally:
            # A disk that fails may have ended it already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _put(connection: sqlite3.Connection, item: Item, turn: int) -> None:
    wanted = (item.commit, item.web_url, turn, item.name)
    found = connection.execute(
        "UPDATE repositories SET wanted = ?, web_url = ?, round = ?, pending = 1, tries = 0, error = NULL"
        " WHERE name = ?",
        wanted,
    )
    if not found.rowcount:
        made = connection.execute(
            "INSERT INTO repositories (wanted, web_url, round, name, pending) VALUES (?, ?, ?, ?, 1)", wanted
        )
        if (made.lastrowid or 0) > _MOST_NUMBERS:
            raise UserError("There are no numbers left for repositories: begin with a new directory and a new index.")


def _task(number: int, name: str, wanted: str | None, web_url: str, done: str | None) -> Task:
    return Task(number=number, item=Item(name=name, commit=wanted, web_url=web_url), done=done)
