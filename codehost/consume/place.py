"""The folder that is kept: where things lie in it, and that one process at a time keeps it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from codehost.durable import make_directory, sync_directory
from codehost.model.errors import UserError
from codehost.model.repository_names import SUFFIX

# No part of a repository's name begins with a dot, and no staged clone ends in .git: engines that look for
# repositories in the folder find neither.
_OWN = ".codehost-follow"


class FollowedAlreadyError(UserError):
    """Another process keeps the folder.

    Attributes:
        folder: which one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"Another codehost follow keeps {self.folder}: wait until it ends, stop it, or give another directory."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The layout of a folder. ``staging`` is this process's own, on the same file system as what is in the folder."""

    folder: Path
    staging: Path

    @property
    def state(self) -> Path:
        """The database of what is to be done and was."""
        return self.folder / _OWN / "state.db"

    def clone(self, name: str) -> Path:
        """Where the clone of a repository is; ``name`` must have been checked."""
        return self.folder / f"{name}{SUFFIX}"


@contextmanager
def held(folder: Path) -> Iterator[Place]:
    """Make the folder if it is missing, hold it alone, and clear what dead processes have left in it.

    Raises:
        FollowedAlreadyError: another process holds it.
        OSError: it cannot be made or written.
    """
    own = folder / _OWN
    make_directory(own)
    lock = FileLock(own / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FollowedAlreadyError(folder) from None
    try:
        staging = own / "staging"
        # A git that has outlived its killed parent may still be writing there: what is left goes at the end.
        shutil.rmtree(staging, ignore_errors=True)
        make_directory(staging)
        sync_directory(own)
        try:
            yield Place(folder=folder, staging=Path(tempfile.mkdtemp(dir=staging)))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    finally:
        lock.release()
