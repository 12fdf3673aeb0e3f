"""Where a command finds its state: the data directory, the database, and that the two belong together."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from codehost.durable import sync_directory
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.record.database import Database, open_database
from codehost.record.identity import Identity, new_number
from codehost.record.presence import is_there


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where a command finds its state. ``database_url`` None: SQLite in the data directory; it may hold a password.

    ``keys``: those for stored secrets that the environment gave, as text; None where it gave none.
    """

    data: DataDirectory
    database_url: str | None = field(default=None, repr=False)
    keys: str | None = field(default=None, repr=False)


@contextmanager
def understood(storage: Storage) -> Iterator[None]:
    """Say what is wrong with the data directory where the system says only that something is.

    Raises:
        UserError: in place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The data directory {storage.data.root} cannot be used ({error.strerror or error}): it must be on a disk"
            " with room that this user may write to."
        ) from error


@asynccontextmanager
async def existing_database(storage: Storage) -> AsyncIterator[Database]:
    """The database of earlier syncs: a command that only looks must not make one.

    Raises:
        UserError: there is none, or it cannot be used.
    """
    if storage.database_url is None and not (storage.data.root / "codehost.db").exists():
        raise UserError(
            f"Nothing has been synced into {storage.data.root} yet: check --data-dir, or run codehost sync or worker."
        )
    async with open_database(storage.database_url, storage.data.root) as database:
        yield database


@asynccontextmanager
async def database_if_any(storage: Storage) -> AsyncIterator[Database | None]:
    """The database of earlier syncs, or None: for commands that have something to say without one.

    Raises:
        UserError: there is one, and it cannot be used.
    """
    if not await is_there(storage.database_url, storage.data.root):
        yield None
        return
    async with open_database(storage.database_url, storage.data.root) as database:
        yield database


async def pair(database: Database, data: DataDirectory) -> None:
    """Make sure that the database and the data directory belong together; the first use makes them so.

    Raises:
        UserError: the database vouches for the repositories of another directory.
    """
    identity = Identity(database)
    known = await identity.read()
    here = _number_of(data)
    if known is None:
        # Several workers may begin at the same time: all take the number of the first file, and of the first row.
        number = _number(data, new_number()) if here is None else here
        # Once the database knows it, the file must be there after a power loss, whoever has written it.
        sync_directory(data.root)
        here, known = number, await identity.settle(number)
    if here != known:
        raise UserError(
            f"The database {database.shown} belongs to another data directory than {data.root}: give that one with"
            f" --data-dir. If it is lost, write {known} into {data.identity} and run codehost verify --repair."
        )


def _number_of(data: DataDirectory) -> int | None:
    text = data.identity.read_text().strip() if data.identity.exists() else ""
    return int(text) if text.isdecimal() and text.isascii() else None


def _number(data: DataDirectory, number: int) -> int:
    """Give the directory this number, unless somebody is quicker; returns the one that it has."""
    if data.identity.exists() and _number_of(data) is None:
        data.identity.unlink()  # it holds none
    # Here it is cleared away after a power loss.
    data.staging.mkdir(exist_ok=True)
    draft = data.staging / f"id.{number}"
    with draft.open("w") as file:
        file.write(f"{number}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, data.identity)
    except FileExistsError:
        return _number_of(data) or number
    finally:
        draft.unlink()
    return number


async def migrate(storage: Storage) -> None:
    """Bring the database's tables up to date.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with open_database(storage.database_url, storage.data.root, migrate=True):
            pass
