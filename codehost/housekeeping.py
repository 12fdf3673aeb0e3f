"""The data directory: made, locked, and put in order after whatever ended the last run.

Recovery deletes and repeats, it never guesses: what a job had in hand when its process died is thrown away,
and the job is queued again.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.pack.publish import withdraw


@contextmanager
def locked(data: DataDirectory) -> Iterator[None]:
    """Make the data directory if it is missing, and hold it alone.

    Raises:
        UserError: another process holds it.
        OSError: it cannot be made or written.
    """
    for folder in (data.repositories, data.spool, data.staging):
        folder.mkdir(parents=True, exist_ok=True)
        _try_writing(folder)
    lock = FileLock(data.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"Another codehost works on the data directory {data.root}: wait until it ends, or choose another directory"
            " with --data-dir."
        ) from None
    try:
        yield
    finally:
        lock.release()


def _try_writing(folder: Path) -> None:
    # A file that is gone when it is closed: a kill leaves none behind, and no other process can be in the way.
    with tempfile.TemporaryFile(dir=folder):
        pass


def clear_remains(data: DataDirectory) -> None:
    """Empty the spool and the staging area; nobody else may be at work."""
    for folder in (data.spool, data.staging):
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def withdraw_all(data: DataDirectory, repositories: Iterable[str]) -> None:
    """Take these repositories away where they exist."""
    for name in repositories:
        place = data.repository(name)
        if place.is_symlink() or place.is_file():
            place.unlink()  # put there by other hands: every repository of ours is a directory
        withdraw(place, data.staging, data.repositories)


def published(data: DataDirectory) -> Iterator[str]:
    """The names of all repositories that lie in the data directory."""
    for root, folders, _ in os.walk(data.repositories):
        found = [folder for folder in folders if folder.endswith(".git")]
        folders[:] = [folder for folder in folders if not folder.endswith(".git")]
        for folder in sorted(found):
            yield str((Path(root) / folder).relative_to(data.repositories))[: -len(".git")]
