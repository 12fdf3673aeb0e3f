"""Tokens of the HTTP server: who may read, and who may administer. Kept by their fingerprints, never themselves."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from codehost.model.access import Role
from codehost.model.errors import UserError
from codehost.record.clock import clock, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import tokens

# The time of the last use is for people, who need it to the minute.
_USED_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedToken:
    """A token as it is kept. Times are microseconds since the epoch; ``expires_at`` None: never."""

    token_id: int
    name: str
    role: Role
    created_at: int
    expires_at: int | None
    last_used_at: int | None


class TokenTakenError(UserError):
    """There is a token of that name.

    Attributes:
        name: the token's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"There is a token called {self.name!r} already: revoke it, or give another name."


class UnknownTokenError(UserError):
    """There is no token of that name.

    Attributes:
        name: what was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"There is no token called {self.name!r}: codehost tokens list shows all."


class Tokens:
    """All tokens, on the database's clock. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, name: str, role: Role, sha256: str, *, seconds: float | None = None) -> RecordedToken:
        """Make a token known; it expires after ``seconds``.

        Raises:
            TokenTakenError: there is one of that name.
        """
        try:
            async with self._database.write() as connection:
                now = await read_clock(connection)
                row = {
                    "name": name,
                    "role": role.value,
                    "sha256": sha256,
                    "created_at": now,
                    "expires_at": None if seconds is None else now + microseconds(seconds),
                }
                made = (await connection.execute(insert(tokens).values(row).returning(tokens))).one()
        except IntegrityError:
            raise TokenTakenError(name) from None
        return _token(made)

    async def all(self) -> tuple[int, list[RecordedToken]]:
        """The time now, and all tokens by name; those that have expired, too."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(tokens).order_by(tokens.c.name))).all()
            return await read_clock(connection), [_token(row) for row in rows]

    async def revoke(self, name: str) -> None:
        """Forget a token: from now on it is none.

        Raises:
            UnknownTokenError: there is none of that name.
        """
        async with self._database.write() as connection:
            if not (await connection.execute(delete(tokens).where(tokens.c.name == name))).rowcount:
                raise UnknownTokenError(name)

    async def find(self, sha256: str) -> RecordedToken | None:
        """The token with this fingerprint, unless it has expired."""
        query = select(tokens).where(tokens.c.sha256 == sha256, _is_good())
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _token(row)

    async def used(self, token_id: int) -> None:
        """The token was used just now. Written at most once a minute."""
        before = clock() - microseconds(_USED_EVERY)
        stale = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < before)
        async with self._database.write() as connection:
            statement = update(tokens).where(tokens.c.id == token_id, stale)
            await connection.execute(statement.values(last_used_at=clock()))

    async def has_admin(self) -> bool:
        """Whether anybody can administer."""
        query = select(exists().where(tokens.c.role == Role.ADMIN.value, _is_good()))
        async with self._database.read() as connection:
            return bool((await connection.execute(query)).scalar_one())


def _is_good() -> Any:
    return or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > clock())


def _token(row: Row[Any]) -> RecordedToken:
    return RecordedToken(
        token_id=row.id,
        name=row.name,
        role=Role(row.role),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )
