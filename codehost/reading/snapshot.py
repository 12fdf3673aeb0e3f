"""Repositories as pages and searches read them: one commit, its directories and files.

dulwich reads the pack: it inflates outside of Python's lock, looks at no configuration, and a damaged pack raises.
What is no repository of this program's making is not read at all.
"""

import os
import struct
import traceback
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import cast

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, ObjectFormatException
from dulwich.object_format import SHA1
from dulwich.objects import Commit, RawObjectID, Tree
from dulwich.pack import Pack, PackFileDisappeared

from codehost.model.datadir import DataDirectory
from codehost.reading.packed import LONGEST_HEAD, PackedObjects, entry_head
from codehost.reading.store import find_repository, read_whole_pack
from codehost.reading.whole import WholePack

# The names on the way to a file, as the trees have them.
Path = tuple[bytes, ...]

_COMMIT, _TREE, _BLOB = 1, 2, 3
_EXECUTABLE = 0o111
# What dulwich raises, and what reading a file that is too short does. An index is believed, whatever it says.
_DAMAGE = (
    ApplyDeltaError,
    AssertionError,
    ChecksumMismatch,
    EOFError,
    LookupError,
    NotImplementedError,
    ObjectFormatException,
    OSError,
    OverflowError,
    PackFileDisappeared,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class EntryKind(StrEnum):
    """What a name in a directory stands for."""

    DIRECTORY = "directory"
    FILE = "file"
    EXECUTABLE = "executable"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A name in a directory, and its object's name in hexadecimal."""

    name: bytes
    kind: EntryKind
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Directories first, each kind in the order of the tree."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file, or a symbolic link whose content is its target."""

    sha: str
    kind: EntryKind
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A file or a symbolic link with its whole path, and its object's name, of 20 bytes.

    ``content``: None when it has more bytes than were asked for.
    """

    path: bytes
    blob: bytes
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who did something, and when: seconds since the epoch."""

    identity: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFacts:
    """What a commit says."""

    sha: str
    tree: str
    author: Signed
    committer: Signed
    message: bytes


class DamagedError(Exception):
    """A repository is there, but not as it was written."""

    def __init__(self, repository: str) -> None:
        super().__init__(repository)
        self.repository = repository

    def __str__(self) -> str:
        return f"the repository {self.repository} is damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A repository's one commit. Reading it blocks."""

    repository: str
    whole: WholePack

    @property
    def commit(self) -> str:
        """The commit's name in hexadecimal."""
        return self.whole.commit.decode()

    def has(self, rev: str) -> bool:
        """Whether ``rev`` names the commit: ``HEAD``, the branch, a tag or the commit's full name."""
        if rev in {"HEAD", self.commit}:
            return True
        name = rev.encode()
        return not {b"refs/heads/" + name, b"refs/tags/" + name}.isdisjoint(self.whole.references)

    def facts(self) -> CommitFacts:
        """What the commit says.

        Raises:
            DamagedError: it cannot be read.
        """
        with self._objects() as pack:
            commit = _commit(pack, self.commit)
            return CommitFacts(
                sha=self.commit,
                tree=commit.tree.decode(),
                author=Signed(identity=commit.author, at=commit.author_time),
                committer=Signed(identity=commit.committer, at=commit.commit_time),
                message=commit.message,
            )

    def look(self, path: Path) -> Directory | File | None:
        """What is at ``path``; None when nothing is.

        Raises:
            DamagedError: it cannot be read.
        """
        with self._objects() as pack:
            entry = Entry(name=b"", kind=EntryKind.DIRECTORY, sha=_commit(pack, self.commit).tree.decode())
            for name in path:
                found = None
                if entry.kind is EntryKind.DIRECTORY:
                    found = next((one for one in _entries(pack, entry.sha) if one.name == name), None)
                if found is None:
                    return None
                entry = found
            return _read(pack, entry)

    def sizes(self, entries: Iterable[Entry]) -> dict[str, int]:
        """How many bytes the files among ``entries`` have, by their object's name. Inflates nothing.

        Raises:
            DamagedError: it cannot be read.
        """
        files = {entry.sha for entry in entries if entry.kind in {EntryKind.FILE, EntryKind.EXECUTABLE}}
        with self._objects() as pack, self.whole.pack.open("rb") as file:
            return {
                sha: entry_head(os.pread(file.fileno(), LONGEST_HEAD, pack.index.object_offset(_raw_name(sha)))).size
                for sha in files
            }

    def documents(self, wanted: Callable[[bytes], bool], largest: int) -> Generator[Stored, None, None]:
        """The files and links of the commit whose path is ``wanted``, in the order of their paths.

        Reads the pack by itself, four times as fast as ``look``. The content of what has more than ``largest`` bytes is
        not read. Whoever stops early closes this, and with it the pack.

        Raises:
            DamagedError: it cannot be read.
        """
        try:
            with PackedObjects.opened(self.whole.pack) as objects:
                commit = _commit_of(objects.read(bytes.fromhex(self.commit), _COMMIT))
                yield from _stored(objects, commit.tree.decode(), b"", wanted, largest)
        except _DAMAGE as error:
            raise DamagedError(self.repository) from error

    @contextmanager
    def _objects(self) -> Iterator[Pack]:
        pack = Pack(str(self.whole.pack.with_suffix("")), object_format=SHA1)
        try:
            yield pack
        except _DAMAGE as error:
            # The error's frames hold views of the mapped file, which could not be closed.
            traceback.clear_frames(error.__traceback__)
            raise DamagedError(self.repository) from error
        finally:
            pack.close()


def open_snapshot(data: DataDirectory, repository: str) -> Snapshot | None:
    """The repository of that name; None when there is none. Blocks.

    Raises:
        DamagedError: it is not as this program writes it.
    """
    path = find_repository(data, repository)
    if path is None:
        return None
    whole = read_whole_pack(path)
    if whole is None:
        raise DamagedError(repository)
    return Snapshot(repository=repository, whole=whole)


def _read(pack: Pack, entry: Entry) -> Directory | File | None:
    match entry.kind:
        case EntryKind.DIRECTORY:
            entries = _entries(pack, entry.sha)
            return Directory(entries=tuple(sorted(entries, key=lambda one: one.kind is not EntryKind.DIRECTORY)))
        case EntryKind.OTHER:
            return None
        case _:
            return File(sha=entry.sha, kind=entry.kind, content=_raw(pack, entry.sha, _BLOB))


def _stored(
    objects: PackedObjects, tree: str, folder: bytes, wanted: Callable[[bytes], bool], largest: int
) -> Iterator[Stored]:
    # git orders a directory as if its name ended in a slash: so the walk is in the order of whole paths.
    for entry in _entries_of(objects.read(bytes.fromhex(tree), _TREE)):
        path = folder + entry.name
        if entry.kind is EntryKind.DIRECTORY:
            yield from _stored(objects, entry.sha, path + b"/", wanted, largest)
        elif entry.kind is not EntryKind.OTHER and wanted(path):
            name = bytes.fromhex(entry.sha)
            small = objects.size(name) <= largest
            yield Stored(path=path, blob=name, content=objects.read(name, _BLOB) if small else None)


def _commit(pack: Pack, sha: str) -> Commit:
    return _commit_of(_raw(pack, sha, _COMMIT))


def _commit_of(raw: bytes) -> Commit:
    return cast("Commit", Commit.from_raw_string(_COMMIT, raw))


def _entries(pack: Pack, sha: str) -> list[Entry]:
    return _entries_of(_raw(pack, sha, _TREE))


def _entries_of(raw: bytes) -> list[Entry]:
    tree = cast("Tree", Tree.from_raw_string(_TREE, raw))
    return [Entry(name=name, kind=_kind(mode), sha=hexadecimal.decode()) for name, mode, hexadecimal in tree.items()]


def _kind(mode: int) -> EntryKind:
    if S_ISDIR(mode):
        return EntryKind.DIRECTORY
    if S_ISLNK(mode):
        return EntryKind.LINK
    if not S_ISREG(mode):
        return EntryKind.OTHER
    return EntryKind.EXECUTABLE if mode & _EXECUTABLE else EntryKind.FILE


def _raw(pack: Pack, sha: str, kind: int) -> bytes:
    found, content = pack.get_raw(_raw_name(sha))
    if found != kind:
        raise ValueError(sha)
    return content


def _raw_name(sha: str) -> RawObjectID:
    return RawObjectID(bytes.fromhex(sha))
