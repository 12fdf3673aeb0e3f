"""The database's clock in SQL, as integer microseconds since the epoch.

Workers may run on machines whose clocks disagree; they share one database, so its clock decides.
"""

from typing import Any

from sqlalchemy import BigInteger, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

MICROSECONDS = 1_000_000


class clock(FunctionElement[int]):  # noqa: N801 - a SQL function reads as one
    """The start of the current statement. PostgreSQL gives microseconds, SQLite milliseconds times 1,000."""

    type = BigInteger()
    inherit_cache = True


@compiles(clock, "postgresql")
def _postgresql(_element: clock, _compiler: Any, **_options: Any) -> str:
    # Stable within a statement, unlike clock_timestamp(), so that indexes can be used with it; unlike now(), it goes
    # on within a transaction that had to wait for a lock.
    return "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000000 AS BIGINT)"


@compiles(clock, "sqlite")
def _sqlite(_element: clock, _compiler: Any, **_options: Any) -> str:
    # SQLite before 3.42 has no unixepoch('subsec'), and julianday() is a double that has lost the milliseconds.
    return (
        "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000)"
    )


async def read_clock(connection: AsyncConnection) -> int:
    """The database's time now."""
    return int((await connection.execute(select(clock()))).scalar_one())


def microseconds(seconds: float) -> int:
    """A duration in seconds as whole microseconds."""
    return round(seconds * MICROSECONDS)
