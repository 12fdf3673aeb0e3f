"""Names that survive a power loss.

fsync of a file makes what is in it durable, and not its name. That is what its directory holds, whose own name the
directory above it holds: a file is there after a power loss when each of them was synced after the name came into it.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable.

    Raises:
        OSError: it is not there, may not be read, or the disk fails.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_up(path: Path, top: Path) -> None:
    """Make the names in a directory durable, and those in all above it up to ``top``, where ``path`` is below or is it.

    It does not matter who made them: another process may have, and may not have come to syncing them yet.

    Raises:
        OSError: as for ``sync_directory``.
    """
    for folder in (path, *path.parents):
        sync_directory(folder)
        if folder == top:
            return


def make_directory(path: Path) -> None:
    """Make a directory, and those above it that are missing, durably. Others may make the same ones at the same time.

    Raises:
        OSError: it cannot be made.
    """
    if path.is_dir():
        return
    make_directory(path.parent)
    try:
        path.mkdir()
    except FileExistsError:
        _refuse_other_than_directory(path)
    # Where one may write and not read, nothing can be opened to be synced.
    with suppress(PermissionError):
        sync_directory(path.parent)


def _refuse_other_than_directory(path: Path) -> None:
    # One look: somebody else may make it this moment, or take it away again.
    with suppress(FileNotFoundError):
        if not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
