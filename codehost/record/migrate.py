"""The schema's revision: is the database current, behind, or from a newer codehost?

Alembic is imported only to migrate: a database that is current opens without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import codehost
from codehost.model.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Every revision under migrations/versions, oldest first; a test compares.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
HEAD = REVISIONS[-1]


def needs_migration(stored: str | None, shown: str, *, may_upgrade: bool) -> bool:
    """Whether migrations are to be applied to a database at the revision ``stored`` (None: empty).

    Raises:
        UserError: a newer codehost made the database, or it is behind and must not be upgraded by itself.
    """
    if stored is not None and stored not in REVISIONS:
        raise UserError(
            f"The database {shown} was made by a newer codehost (its schema is {stored}, this one knows {HEAD}):"
            " upgrade codehost, or restore the backup from before the upgrade."
        )
    if stored is not None and stored != HEAD and not may_upgrade:
        raise UserError(
            f"The database {shown} is at schema {stored} and this codehost needs {HEAD}:"
            " stop all workers, back it up and run `codehost migrate`."
        )
    return stored != HEAD


def migrations_folder() -> Path:
    """Where the migrations are: inside the installed distribution, or next to the package in a checkout."""
    package = Path(codehost.__file__).parent
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise UserError(f"The migrations are missing next to {package}: install codehost again.")


def upgrade(connection: "Connection") -> None:
    """Apply what is missing, within the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - costs start-up time that a current database need not pay
    from alembic.config import Config  # noqa: PLC0415 - likewise

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
