"""Code hosts in the database."""

import hashlib
from typing import Any

from sqlalchemy import Insert, delete, exists, not_, select
from sqlalchemy.dialects import postgresql, sqlite

from codehost.model.records import RecordedCodeHost
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.tables import changes, code_hosts, ledger, releases
from codehost.record.texts import storable, without_user_information
from codehost.record.urls import SQLITE


class CodeHosts:
    """The code hosts that the database knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, name: str, document: str) -> int:
        """Create the code host or renew its document; return its id.

        ``document`` is kept with its comments, but without user information in URLs; its digest is that of the kept
        text.
        """
        kept = storable(without_user_information(document))
        digest = hashlib.sha256(kept.encode()).hexdigest()
        known = await self.find(name)
        if known is not None and known.document_sha256 == digest:
            return known.code_host_id
        async with self._database.write() as connection:
            saved = await connection.execute(_upsert(self._database.dialect, name, kept, digest))
            return int(saved.scalar_one())

    async def forget_if_unused(self, code_host_id: int) -> None:
        """Remove a code host that has no release and sent no request: it was never really there."""
        used = (exists().where(table.c.code_host_id == code_host_id) for table in (releases, ledger, changes))
        statement = delete(code_hosts).where(code_hosts.c.id == code_host_id, *(not_(condition) for condition in used))
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def find(self, name: str) -> RecordedCodeHost | None:
        """The code host of that name."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(code_hosts).where(code_hosts.c.name == name))).mappings().first()
        return None if row is None else _recorded(dict(row))

    async def all(self) -> list[RecordedCodeHost]:
        """All code hosts in the order of their names."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(code_hosts).order_by(code_hosts.c.name))).mappings().all()
        return [_recorded(dict(row)) for row in rows]


def _upsert(dialect: str, name: str, document: str, digest: str) -> Insert:
    values = {"document": document, "document_sha256": digest, "updated_at": clock()}
    insert = sqlite.insert if dialect == SQLITE else postgresql.insert
    return (
        insert(code_hosts)
        .values(name=name, created_at=clock(), **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
        .returning(code_hosts.c.id)
    )


def _recorded(row: dict[str, Any]) -> RecordedCodeHost:
    return RecordedCodeHost(code_host_id=row.pop("id"), **row)
