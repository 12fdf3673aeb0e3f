"""Repositories appear and disappear by one rename each, and the directories that say so are made durable."""

import shutil
import tempfile
from pathlib import Path

from codehost.pack.repository import sync_directory


def publish(staged: Path, final: Path) -> None:
    """Move a finished repository to its place. One that is there already goes first, into the staging area.

    Both are on one file system. After the return the new state survives a power loss.
    """
    _make_durable_directory(final.parent)
    if final.exists():
        final.rename(staged.with_name(f"{staged.name}.replaced"))
    staged.rename(final)
    sync_directory(final.parent)


def withdraw(final: Path, staging: Path, stop_at: Path) -> None:
    """Take a repository away, and the directories that it leaves empty up to ``stop_at``."""
    if final.exists():
        # A name of its own: releases of other projects with the same version may go at the same time.
        doomed = Path(tempfile.mkdtemp(prefix="withdrawn-", dir=staging))
        final.rename(doomed / final.name)
        sync_directory(final.parent)
        shutil.rmtree(doomed)
    parent = final.parent
    while parent != stop_at and parent.is_relative_to(stop_at) and parent.exists() and not any(parent.iterdir()):
        parent.rmdir()
        parent = parent.parent


def _make_durable_directory(path: Path) -> None:
    if path.is_dir():
        return
    _make_durable_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)
