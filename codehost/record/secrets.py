"""Secrets of stored documents. What is kept is encrypted by whoever calls; nothing here can read it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.record.database import Database
from codehost.record.tables import code_hosts, secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSecret:
    """A secret as it is kept. ``place``: the JSON pointer to its marker; ``url``: whose it is, safe to show."""

    place: str
    url: str
    token: str = field(repr=False)


class Secrets:
    """All encrypted secrets in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exist(self) -> bool:
        """Whether there is any."""
        async with self._database.read() as connection:
            return bool((await connection.execute(select(exists().select_from(secrets)))).scalar_one())

    async def renew(self, renewed: Callable[[str, SealedSecret], str]) -> int:
        """Replace every token by what ``renewed`` makes of it and the code host's name; all in one transaction.

        Returns:
            How many there are. What ``renewed`` raises ends the transaction, and nothing is changed.
        """
        async with self._database.write_alone() as connection:
            columns = (code_hosts.c.name, secrets)
            query = select(*columns).join(code_hosts, code_hosts.c.id == secrets.c.code_host_id)
            rows = (await connection.execute(query)).all()
            for row in rows:
                token = renewed(row.name, SealedSecret(place=row.place, url=row.url, token=row.token))
                own = (secrets.c.code_host_id == row.code_host_id, secrets.c.place == row.place)
                await connection.execute(update(secrets).where(*own).values(token=token))
        return len(rows)


async def read_with_secrets(
    connection: AsyncConnection, *conditions: ColumnElement[bool]
) -> tuple[dict[str, Any], tuple[SealedSecret, ...]] | None:
    """The row of the one code host under the conditions, and its secrets in the order of their places, of one moment.

    Nothing is locked: while a plan is applied, perhaps by a worker that stands still, others go on by the document.
    """
    # A writer changes both in one transaction. Two statements could fall on either side of it; one sees one of them.
    query = (
        select(code_hosts, secrets.c.place, secrets.c.url, secrets.c.token)
        .outerjoin(secrets, secrets.c.code_host_id == code_hosts.c.id)
        .where(*conditions)
        .order_by(secrets.c.place)
    )
    rows = (await connection.execute(query)).mappings().all()
    if not rows:
        return None
    sealed = tuple(
        SealedSecret(place=row["place"], url=row["url"], token=row["token"]) for row in rows if row["place"] is not None
    )
    return {column.name: rows[0][column] for column in code_hosts.c}, sealed


async def replace_secrets(connection: AsyncConnection, code_host_id: int, sealed: Sequence[SealedSecret]) -> None:
    """Let a code host have these secrets and no others."""
    await connection.execute(delete(secrets).where(secrets.c.code_host_id == code_host_id))
    if sealed:
        rows = [
            {"code_host_id": code_host_id, "place": secret.place, "url": secret.url, "token": secret.token}
            for secret in sealed
        ]
        await connection.execute(insert(secrets), rows)
