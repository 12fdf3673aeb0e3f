"""What is known of the mirrors of a code host: where each one's simple API is."""

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from codehost.model.ports import FoundRoot
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.tables import mirrors
from codehost.record.texts import storable, without_user_information
from codehost.record.urls import SQLITE


class MirrorRoots:
    """The ``RootMemory`` port in the database, for one code host."""

    def __init__(self, database: Database, code_host_id: int) -> None:
        self._database = database
        self._code_host_id = code_host_id

    async def recall(self, mirror_url: str) -> FoundRoot | None:
        """What is known of the mirror, or None."""
        query = select(mirrors.c.root, mirrors.c.witness).where(
            mirrors.c.code_host_id == self._code_host_id, mirrors.c.url == _kept(mirror_url)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else FoundRoot(root=row.root, witness=row.witness)

    async def remember(self, mirror_url: str, found: FoundRoot) -> None:
        """Keep what was found, in place of what was known."""
        async with self._database.write() as connection:
            await connection.execute(
                _upsert(
                    self._database.dialect,
                    {"code_host_id": self._code_host_id, "url": _kept(mirror_url)},
                    {"root": _kept(found.root), "witness": _kept(found.witness)},
                )
            )


def _upsert(dialect: str, key: dict[str, object], values: dict[str, object]) -> Insert:
    known = {**values, "found_at": clock()}
    insert = sqlite.insert if dialect == SQLITE else postgresql.insert
    return insert(mirrors).values(**key, **known).on_conflict_do_update(index_elements=list(key), set_=known)


def _kept(url: str) -> str:
    return storable(without_user_information(url))
