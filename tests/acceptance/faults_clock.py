"""A database's clock that tests set while workers run, in both databases.

PostgreSQL: another ``statement_timestamp()`` goes before the server's own. SQLite: its clock is the machine's, which is
not ours to set; so a program that starts with ``shim`` on its PYTHONPATH is given another ``strftime`` and another wall
clock.
"""

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from codehost.record.database import Database

ROOT = Path(__file__).parents[2]

_SERVER = (
    "CREATE SCHEMA moved",
    "CREATE TABLE moved.clock (seconds integer)",
    "INSERT INTO moved.clock VALUES (0)",
    """CREATE FUNCTION moved.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql AS
    'SELECT pg_catalog.statement_timestamp() + make_interval(secs => seconds) FROM moved.clock'""",
)


@dataclass(slots=True, kw_only=True)
class MovedClock:
    """The clock of one database. ``folder`` holds its controls."""

    folder: Path
    by: int = field(default=0, init=False)

    def shim(self) -> Mapping[str, str]:
        """The environment under which a program on SQLite has this clock."""
        self.folder.mkdir()
        (self.folder / "sitecustomize.py").write_text(
            f"from tests.acceptance.faults_clock import install\ninstall({str(self.folder)!r})\n"
        )
        (self.folder / "seconds").write_text("0")
        return {"PYTHONPATH": f"{self.folder}:{ROOT}"}

    async def prepare(self, database: Database) -> None:
        """Make the clock of a server's database one that can be set; before the workers connect."""
        if database.dialect == "sqlite":
            return
        async with database.write() as connection:
            for statement in _SERVER:
                await connection.execute(text(statement))
            name = (await connection.execute(text("SELECT current_database()"))).scalar_one()
            path = "moved, pg_catalog, public"
            await connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = {path}'))

    async def set(self, database: Database, seconds: int) -> None:
        """Set the clock so many seconds ahead of the true time, or behind it."""
        self.by = seconds
        draft = self.folder / "draft"
        draft.write_text(str(seconds))
        draft.rename(self.folder / "seconds")
        if database.dialect != "sqlite":
            async with database.write() as connection:
                await connection.execute(text("UPDATE moved.clock SET seconds = :by"), {"by": seconds})


def install(folder: str) -> None:
    """Give this process the clock."""
    connect, wall, wall_ns = sqlite3.connect, time.time, time.time_ns

    def by() -> int:
        return int(Path(folder, "seconds").read_text() or 0)

    def strftime(form: str, *_of: str) -> str:
        moment = datetime.fromtimestamp(wall() + by(), UTC)
        return moment.strftime(form.replace("%f", f"%S.{moment.microsecond // 1000:03d}"))

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.create_function("strftime", -1, strftime)
        return connection

    sqlite3.connect = connected  # type: ignore[assignment]
    time.time = lambda: wall() + by()
    time.time_ns = lambda: wall_ns() + by() * 1_000_000_000
