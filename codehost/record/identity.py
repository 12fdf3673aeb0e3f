"""Which data directory a database belongs to: a database vouches for the repositories of one place only."""

import secrets

from sqlalchemy import delete, insert, select

from codehost.record.database import Database
from codehost.record.tables import counters

_NAME = "data-directory"
_BITS = 63


class Identity:
    """The number that the database and its data directory share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> int | None:
        """The number, None as long as no data directory was used."""
        query = select(counters.c.value).where(counters.c.name == _NAME)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def settle(self, number: int) -> int:
        """Agree on the number with everybody else: the first one counts, and is returned."""
        query = select(counters.c.value).where(counters.c.name == _NAME)
        async with self._database.write_alone() as connection:
            known = (await connection.execute(query)).scalar_one_or_none()
            if known is None:
                await connection.execute(insert(counters).values(name=_NAME, value=number))
        return number if known is None else int(known)

    async def write(self, number: int) -> None:
        """Remember the number."""
        async with self._database.write() as connection:
            await connection.execute(delete(counters).where(counters.c.name == _NAME))
            await connection.execute(insert(counters).values(name=_NAME, value=number))


def new_number() -> int:
    """A number that no other data directory has."""
    return secrets.randbits(_BITS)
