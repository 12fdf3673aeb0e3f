"""What lies in a data directory, read without the program's help."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.walking import below, repositories_below


def recorded(data: Path) -> dict[str, str]:
    """The commits of the completed releases, by repository; nothing if there is no database yet."""
    joined = "releases JOIN jobs ON release_id = releases.id"
    return dict(_rows(data, f"SELECT repository, \"commit\" FROM {joined} WHERE state = 'completed'"))


def states(data: Path) -> dict[str, int]:
    """How many jobs are in each state."""
    return dict(_rows(data, "SELECT state, count(*) FROM jobs GROUP BY state"))


def spent(data: Path) -> int:
    """How many requests the ledger holds."""
    return sum(tokens for (tokens,) in _rows(data, "SELECT tokens FROM ledger"))


def published(data: Path) -> dict[str, str]:
    """The commits that the repositories' branches name, by repository; empty for one that cannot be read."""
    root = data / "repos"
    return {name.removesuffix(".git"): _branch(root / name) for name in repositories_below(root)}


def leftovers(data: Path) -> list[str]:
    """What lies in the spool and the staging area, and what is no repository among the repositories."""
    found = [path for area in ("spool", "staging") for path in below(data / area)]
    strays = [path for path in below(data / "repos") if path.is_file()]
    return sorted(str(path.relative_to(data)) for path in found + strays)


def _branch(repository: Path) -> str:
    try:
        lines = (repository / "packed-refs").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in lines if line.endswith(" refs/heads/latest")), "")


def _rows(data: Path, query: str) -> list[Any]:
    file = data / "codehost.db"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
