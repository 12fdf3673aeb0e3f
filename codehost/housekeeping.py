"""The data directory: made, locked, and put in order after whatever ended the last run.

Recovery deletes and repeats, it never guesses: what a job had in hand when its process died is thrown away,
and the job is queued again.

One sync or verification has the directory alone, or any number of workers have it together. The lock that says so is
the kernel's: it ends with its process. Between machines that share a file system it may be worth nothing; there the
leases in the database, and what each owner may touch, keep workers apart.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from codehost.durable import make_directory, sync_directory
from codehost.model.datadir import DataDirectory, owner_folder
from codehost.model.errors import UserError
from codehost.pack.publish import withdraw

# File systems that know no locks, such as some that machines share.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})

# Less than any release of some size takes, so that a disk without it is full.
_ROOM = 1 << 20
_PIECE = 1 << 16


class DirectoryTakenError(UserError):
    """The data directory is in other hands.

    Attributes:
        root: the data directory.
        by_workers: whether workers have it, which do not end by themselves; else one sync or verification has.
    """

    def __init__(self, root: Path, *, by_workers: bool) -> None:
        super().__init__(root, by_workers)
        self.root = root
        self.by_workers = by_workers

    def __str__(self) -> str:
        if self.by_workers:
            return (
                f"A codehost worker works on the data directory {self.root}: stop it (codehost worker, or codehost"
                " serve) first. Or let it do the work: it follows what codehost hosts add stores, and the files of its"
                " --config."
            )
        return (
            f"Another codehost works on the data directory {self.root}: wait until it ends, or choose another directory"
            " with --data-dir."
        )


@contextmanager
def locked(data: DataDirectory) -> Iterator[None]:
    """Make the data directory if it is missing, and hold it alone.

    Raises:
        DirectoryTakenError: another process holds it.
        OSError: it cannot be made or written.
    """
    try_writing(data)
    lock = FileLock(data.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DirectoryTakenError(data.root, by_workers=_may_be_shared(data)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def shared(data: DataDirectory) -> Iterator[None]:
    """Make an owner's part of the data directory, and hold the directory together with other workers.

    At the end the owner's folders are removed with what is in them.

    Raises:
        DirectoryTakenError: a sync or a verification has the directory alone.
        OSError: it cannot be made or written.
    """
    if data.owner is None:
        raise ValueError("workers share a data directory each as its own owner")
    with held_together(data):
        try_writing(data)
        try:
            yield
        finally:
            for folder in (data.spool, data.staging):
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def held_together(data: DataDirectory) -> Iterator[None]:
    """Keep whoever wants the directory alone away from it; nothing in it is touched.

    Raises:
        DirectoryTakenError: a sync or a verification has it alone.
        OSError: it cannot be made.
    """
    make_directory(data.root)
    with data.lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryTakenError(data.root, by_workers=False) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield


def _may_be_shared(data: DataDirectory) -> bool:
    try:
        with held_together(data):
            return True
    except DirectoryTakenError:
        return False


def try_writing(data: DataDirectory) -> None:
    """Make what is missing of an owner's part of the data directory, and write to it.

    The names of the directory and of those in it survive a power loss afterwards, whoever made them.

    Raises:
        OSError: it cannot be made or written.
    """
    make_directory(data.root)
    for folder in (data.repositories, data.spool, data.staging):
        folder.mkdir(parents=True, exist_ok=True)
        _try_writing(folder)
    sync_directory(data.root)
    # Above it there may be what nobody may open; what we have made there is durable already.
    with suppress(OSError):
        sync_directory(data.root.absolute().parent)


def try_room(data: DataDirectory) -> None:
    """As ``try_writing``, and make sure that there is some room: an empty file can be made on a full disk.

    Raises:
        OSError: it cannot be made or written, or is full.
    """
    try_writing(data)
    with tempfile.TemporaryFile(dir=data.spool, buffering=0) as file:
        for _ in range(_ROOM // _PIECE):
            # A short write is followed by one that says why.
            left = _PIECE
            while left:
                left -= file.write(bytes(left))
        os.fsync(file.fileno())


def _try_writing(folder: Path) -> None:
    # A file that is gone when it is closed: a kill leaves none behind, and no other process can be in the way.
    with tempfile.TemporaryFile(dir=folder):
        pass


def clear_remains(data: DataDirectory) -> None:
    """Empty the spool and the staging area; nobody else may be at work."""
    for folder in (data.spool, data.staging):
        for entry in folder.iterdir():
            _delete(entry)


def remains_of_all(data: DataDirectory) -> frozenset[str]:
    """The names of what lies in spool and staging, of living and dead owners."""
    whole = data.everyone
    return frozenset(entry.name for folder in (whole.spool, whole.staging) for entry in folder.iterdir())


def clear_dead(data: DataDirectory, found: Collection[str], living: Iterable[str]) -> frozenset[str]:
    """Remove what ``remains_of_all`` found, except what belongs to the owners that are alive; return what went.

    Ask for the remains first and for the living then: an owner makes itself known before it makes its folders. An
    owner that was taken for dead, and is not, can publish nothing that it has staged.
    """
    whole = data.everyone
    gone = frozenset(found) - {owner_folder(owner) for owner in living}
    for folder in (whole.spool, whole.staging):
        for name in gone:
            # Another worker may be at it too.
            with suppress(FileNotFoundError):
                _delete(folder / name)
    return gone


def clear_own(data: DataDirectory, found: Collection[str], in_hand: Iterable[str]) -> frozenset[str]:
    """Remove of what ``remains_of_own`` found all that belongs to no job in hand; return what went.

    A disk that fails for a moment leaves files behind that their job could not remove.
    """
    gone = frozenset(name for name in found if name.removesuffix(".part") not in set(in_hand))
    for folder in (data.spool, data.staging):
        for name in gone:
            with suppress(FileNotFoundError):
                _delete(folder / name)
    return gone


def remains_of_own(data: DataDirectory) -> frozenset[str]:
    """The names of what lies in an owner's part of spool and staging. Ask for them first, and for the jobs then."""
    found: set[str] = set()
    for folder in (data.spool, data.staging):
        with suppress(FileNotFoundError):
            found.update(entry.name for entry in folder.iterdir())
    return frozenset(found)


def revoke(data: DataDirectory, job_id: int, epoch: int, into: Path) -> None:
    """Take away what earlier leases of a job have staged, so that none of their workers can publish it any more.

    Called under the lease of ``epoch`` before anything is published. What is there is moved into the folder ``into``.
    """
    whole = data.everyone
    for owner in whole.staging.iterdir() if epoch > 1 else ():
        for place in _staged_for(job_id, owner):
            earlier = place.name.removeprefix(f"{job_id}-")
            if earlier.isdigit() and int(earlier) < epoch:
                with suppress(FileNotFoundError):
                    place.rename(into / f"revoked-{earlier}")


def _staged_for(job_id: int, owner: Path) -> list[Path]:
    try:
        return [place for place in owner.iterdir() if place.name.startswith(f"{job_id}-")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _delete(entry: Path) -> None:
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
