"""Database URLs: what a person writes, and what the drivers understand. No error here repeats the text."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from codehost.model.errors import UserError

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
FILE_NAME = "codehost.db"

_SCHEMES = {
    "sqlite": SQLITE,
    "sqlite+aiosqlite": SQLITE,
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    "postgresql+asyncpg": POSTGRESQL,
}
_DRIVERS = {SQLITE: "sqlite+aiosqlite", POSTGRESQL: "postgresql+asyncpg"}
_FORMS = "write postgresql://user:password@host/database or sqlite:////absolute/path.db"
# libpq's names, which people know, and what asyncpg calls the same settings.
_PARAMETERS = {"sslmode": "ssl", "ssl": "ssl", "connect_timeout": "timeout", "host": "host", "port": "port"}


def driver_url(url: str | None, data_dir: Path) -> URL:
    """The URL for SQLAlchemy's asynchronous drivers; without one, SQLite's file in the data directory.

    Raises:
        UserError: the text is no URL of a supported database.
    """
    if url is None:
        return URL.create(_DRIVERS[SQLITE], database=str(data_dir / FILE_NAME))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise UserError(f"The database URL cannot be read: {_FORMS}.") from None
    dialect = _SCHEMES.get(parsed.drivername)
    if dialect is None:
        raise UserError(f"The database URL's scheme {parsed.drivername!r} is not supported: {_FORMS}.")
    return _sqlite(parsed) if dialect == SQLITE else _postgresql(parsed)


def shown_url(url: URL) -> str:
    """What may be shown of a driver URL: a path, or the server and database without password and parameters."""
    if url.get_backend_name() == SQLITE:
        return url.database or ""
    port = f":{url.port}" if url.port else ""
    user = f"{url.username}@" if url.username else ""
    return f"postgresql://{user}{url.host or ''}{port}/{url.database or ''}"


def _sqlite(parsed: URL) -> URL:
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise UserError("The database URL names no file: write sqlite:////absolute/path.db.")
    return URL.create(_DRIVERS[SQLITE], database=parsed.database)


def _postgresql(parsed: URL) -> URL:
    unknown = sorted(set(parsed.query) - set(_PARAMETERS))
    if unknown:
        raise UserError(
            f"The database URL has the parameter {unknown[0]!r}, which is not supported:"
            f" use only {', '.join(sorted(_PARAMETERS))}."
        )
    query = {_PARAMETERS[name]: value for name, value in parsed.query.items()}
    return parsed.set(drivername=_DRIVERS[POSTGRESQL], query=query)
