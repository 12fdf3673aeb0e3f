"""Database URLs: what a person writes, and what the drivers understand. No error here repeats the text."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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
# PostgreSQL's manual, 34.1.2: libpq's names, which people know. SQLAlchemy reads the first two, asyncpg those behind,
# from a DSN only.
_PLACES = ("host", "port")
_OF_DSN = (
    *("passfile", "sslcert", "sslcrl", "sslkey", "sslmode", "sslpassword", "sslrootcert"),
    *("ssl_max_protocol_version", "ssl_min_protocol_version", "target_session_attrs"),
)
_FILES = frozenset({"sslcert", "sslcrl", "sslkey", "sslrootcert"})
_TIMEOUT = "connect_timeout"
_NAME = "application_name"
_SYNONYMS = {"ssl": "sslmode"}
_PARAMETERS = frozenset({*_PLACES, *_OF_DSN, _TIMEOUT, _NAME})
_VALUES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "primary", "prefer-standby", "standby", "read-only"),
    **dict.fromkeys(("ssl_min_protocol_version", "ssl_max_protocol_version"), ("TLSv1.2", "TLSv1.3")),
}


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


def connecting(url: URL, server_settings: Mapping[str, str]) -> tuple[URL, dict[str, Any]]:
    """How to connect to the PostgreSQL that ``driver_url`` has read: a URL for SQLAlchemy, and arguments for asyncpg.

    ``server_settings`` are for the session; the URL's application name goes before theirs.

    Raises:
        UserError: a file that the URL names is not there. The driver would say that of the server.
    """
    given = {name: _single(value) for name, value in url.query.items()}
    for name in _FILES & given.keys():
        if not os.access(given[name], os.R_OK):
            raise UserError(
                f"The database URL's parameter {name} names {given[name]}, which does not exist or may not be read:"
                " write the path of a file on this machine."
            )
    of_dsn = {name: given[name] for name in _OF_DSN if name in given}
    names = {_NAME: given[_NAME]} if _NAME in given else {}
    arguments: dict[str, Any] = {"server_settings": {**server_settings, **names}}
    if of_dsn:
        arguments["dsn"] = f"postgresql://?{urlencode(of_dsn)}"
    if _TIMEOUT in given:
        arguments["timeout"] = float(given[_TIMEOUT])
    return url.set(query={name: url.query[name] for name in _PLACES if name in url.query}), arguments


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
    query = {_SYNONYMS.get(name, name): value for name, value in parsed.query.items()}
    for name, value in query.items():
        _check(name, _single(value))
    return parsed.set(drivername=_DRIVERS[POSTGRESQL], query=query)


def _check(name: str, value: str) -> None:
    if name not in _PARAMETERS:
        raise UserError(
            f"The database URL has the parameter {name!r}, which is not supported:"
            f" use only {', '.join(sorted(_PARAMETERS))}."
        )
    allowed = _VALUES.get(name)
    if allowed is not None and value not in allowed:
        raise UserError(f"The database URL's parameter {name} cannot be that: write one of {', '.join(allowed)}.")
    if name == _TIMEOUT and not (value.isascii() and value.isdecimal() and int(value)):
        raise UserError(f"The database URL's parameter {name} is no number of seconds: write for example 10.")


def _single(value: str | tuple[str, ...]) -> str:
    # As libpq has it, the last one counts.
    return value if isinstance(value, str) else value[-1]
