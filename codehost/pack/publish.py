"""Repositories appear and disappear by one rename each, and the directories that say so are made durable.

Other workers publish and withdraw beside us, and may take away a directory that we need when it is empty.
"""

import errno
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from codehost.durable import make_directory, sync_directory, sync_up

_TRIES = 50
# rename(2): the place is taken. An empty directory is no repository, and is replaced.
_TAKEN = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR})


def prepare(final: Path) -> None:
    """Make the directories above a repository's place, durably: what takes time and needs no fence.

    They may be gone again at once; ``publish`` looks.
    """
    with suppress(FileNotFoundError):
        make_directory(final.parent)


def publish(staged: Path, final: Path, top: Path) -> None:
    """Move a finished repository to its place. One that is there already goes first, beside the staged one.

    Only whoever holds the job's lease, and keeps others from taking it meanwhile, may call this. When the staged
    repository, or the folder it is in, is gone, nothing at ``final`` changes. Both are on one file system. After the
    return the new state survives a power loss, as far as ``top``, which is above ``final``, does.

    Raises:
        OSError: a disk fails, or the staged repository is gone.
    """
    aside = staged.with_name(f"{staged.name}.replaced")
    for _ in range(_TRIES):
        try:
            staged.rename(final)
            break
        except OSError as error:
            if error.errno in _TAKEN:
                with suppress(FileNotFoundError):
                    final.rename(aside)
            elif error.errno != errno.ENOENT:
                raise
            if not staged.exists():
                raise
        prepare(final)
    else:
        staged.rename(final)
    # All directories up to the top: a neighbour that has made one of them may not have made its name durable yet.
    sync_up(final.parent, top)


def withdraw(final: Path, staging: Path, stop_at: Path) -> None:
    """Take a repository away, and the directories that it leaves empty up to ``stop_at``."""
    if final.exists():
        staging.mkdir(parents=True, exist_ok=True)
        # A name of its own: releases of other projects with the same version may go at the same time.
        doomed = Path(tempfile.mkdtemp(prefix="withdrawn-", dir=staging))
        with suppress(FileNotFoundError):
            final.rename(doomed / final.name)
            sync_directory(final.parent)
        shutil.rmtree(doomed)
    parent = final.parent
    while parent != stop_at and parent.is_relative_to(stop_at) and _remove_if_empty(parent):
        parent = parent.parent


def _remove_if_empty(folder: Path) -> bool:
    """Whether the folder is gone afterwards."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True
