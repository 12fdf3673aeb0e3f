"""``codehost tokens``, wired."""

from codehost.app.storage import Storage, existing_database, understood
from codehost.model.access import Role
from codehost.model.errors import UserError
from codehost.record.database import open_database
from codehost.record.tokens import RecordedToken, Tokens
from codehost.serve.access.credentials import fingerprint, new_token

MAX_NAME = 100
DAY_SECONDS = 86_400.0


async def add_token(storage: Storage, name: str, role: Role, *, days: float | None = None) -> str:
    """Make a token; it is known to nobody but the caller, and cannot be had again.

    Raises:
        UserError: the name is taken or cannot be one, or the database cannot be used.
    """
    if not name or not name.isprintable() or len(name) > MAX_NAME:
        raise UserError(f"{name!r} cannot be a token's name: give printable characters, at most {MAX_NAME}.")
    token = new_token()
    seconds = None if days is None else days * DAY_SECONDS
    with understood(storage):
        # A server's first token may be the first thing that there is.
        async with open_database(storage.database_url, storage.data.root) as database:
            await Tokens(database).add(name, role, fingerprint(token), seconds=seconds)
    return token


async def all_tokens(storage: Storage) -> tuple[int, list[RecordedToken]]:
    """The time now in microseconds, and all tokens by name.

    Raises:
        UserError: there is no database, or it cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            return await Tokens(database).all()


async def revoke_token(storage: Storage, name: str) -> None:
    """Let a token be none from now on; servers that have just seen it notice within seconds.

    Raises:
        UserError: there is none of that name, or the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            await Tokens(database).revoke(name)
