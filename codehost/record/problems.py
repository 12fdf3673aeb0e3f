"""What a database's errors mean to a person. The drivers' own texts stay out: some of them repeat settings."""

import ssl

from sqlalchemy.exc import TimeoutError as NoConnectionError

from codehost.model.errors import DatabaseUnavailableError

_UNREACHABLE = "cannot be reached: check the host, the port and that the server runs"
_FULL = "has no room left: free space on its disk"
_DAMAGED = (
    "is damaged or is no database: restore a backup, or move the file away and sync again (a new one is then made)"
)
_LOCKED = "is locked by another process: wait for it to end, or stop it"
_READ_ONLY = "can only be read: grant write access to it and its folder"

_SQLITE = {
    "unable to open": "cannot be opened: check that the folder exists and that this user may write to it",
    "readonly": _READ_ONLY,
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "file is encrypted": _DAMAGED,
    "locked": _LOCKED,
    "disk is full": _FULL,
    "disk I/O error": "cannot be read or written: check the disk that holds it",
    "no such table": _DAMAGED,
}

# PostgreSQL's manual, appendix A: error codes; the longest prefix that fits decides.
_POSTGRESQL = {
    "08": _UNREACHABLE,
    # The server ended the session because this process stood still, or was not heard of.
    "25P": _UNREACHABLE,
    "25006": "can only be read: use the primary server's address",
    "28": "refuses the log-in: check the user and the password in the database URL",
    "3D000": "does not exist: create it, or check the name in the database URL",
    "40": "was in the middle of something else: try again",
    "42501": "does not grant this user what is needed: the user must own the database or its schema",
    "42P01": "lacks a table: it was changed by other hands; restore a backup",
    "53": "is short of memory or of other means: see its server's log",
    "53100": _FULL,
    "53300": "has no connection left: raise max_connections or run fewer workers",
    "55P03": _LOCKED,
    "57014": "ended a statement that took too long, or that somebody cancelled: try again",
    "57P": "is shutting down or starting: try again in a moment",
    "58": "cannot be read or written: check the disk that holds it",
}


def explain(error: BaseException, shown: str) -> DatabaseUnavailableError | None:
    """The sentence for an error of a driver, or None if it is not about the database's availability.

    Args:
        error: what was raised, by SQLAlchemy or by the driver itself.
        shown: the database's name, safe to show.
    """
    clause = _clause(_innermost(error))
    return None if clause is None else DatabaseUnavailableError(f"The database {shown} {clause}.")


def _innermost(error: BaseException) -> BaseException:
    # A time-out comes from a cancellation, which says less than the time-out does.
    while isinstance(inner := getattr(error, "orig", None) or error.__cause__, Exception):
        error = inner
    return error


def _clause(error: BaseException) -> str | None:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        fitting = [prefix for prefix in _POSTGRESQL if state.startswith(prefix)]
        return _POSTGRESQL[max(fitting, key=len)] if fitting else None
    if isinstance(error, NoConnectionError):
        return "does not answer: all connections of this process wait for it, perhaps for locks of another worker"
    if isinstance(error, ssl.SSLError):
        return "cannot be reached with TLS: check sslmode and the certificates in the database URL"
    if isinstance(error, OSError):  # refused, no such host, timed out, broken
        return _UNREACHABLE
    name = type(error).__module__.partition(".")[0]
    if name == "asyncpg":  # InterfaceError: closed under our hands, or a bad setting
        return _UNREACHABLE
    text = str(error)
    return next((clause for part, clause in _SQLITE.items() if part in text), None) if name == "sqlite3" else None
