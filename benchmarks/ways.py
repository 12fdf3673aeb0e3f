"""The ways from distribution files to repositories that are measured against each other.

A way takes distribution files and an empty directory, and makes one repository for each. What is inside ``run`` is
timed; what a way needs beforehand (pools of processes, the floor's bytes) is made outside of it.
"""

import hashlib
import importlib
import subprocess
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO, Protocol

from git import Actor, GitDB, Repo

from benchmarks.archives import CannotDoError, Distribution, Member, extract, is_git_path, is_tar, read, top_stripper
from benchmarks.gitrun import BRANCH, DATE, EMAIL, NAME, TAG, git
from benchmarks.ours import Answer, ingest_one

_CHUNK = 1 << 20
_GZIP = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a way made, and the CPU seconds of processes that live on and so escape the parent's accounts."""

    repositories: tuple[Path, ...] = ()
    elsewhere: float = 0.0


class Way(Protocol):
    """One way of doing the work."""

    name: str

    def run(self, distributions: Sequence[Distribution], scratch: Path) -> Outcome:
        """Make the repositories below ``scratch``. Raises when it cannot do one of them."""
        ...


class OneByOne:
    """A way that is a function of one distribution file, run in this process and its children."""

    def __init__(self, name: str, convert: Callable[[Distribution, Path], Path]) -> None:
        self.name = name
        self._convert = convert

    def run(self, distributions: Sequence[Distribution], scratch: Path) -> Outcome:
        """Timed: everything."""
        return Outcome(repositories=tuple(self._convert(one, _room(one, scratch)) for one in distributions))


def git_sequence(distribution: Distribution, room: Path) -> Path:
    """Extract, init, add, commit, tag, then push to a bare repository made for it."""
    work = extract(distribution.path, _made(room / "work"))
    git(work, "init", "--quiet")
    git(work, "add", "-A", "-f")
    git(work, "commit", "--quiet", "--message", distribution.path.name)
    git(work, "tag", TAG)
    bare = room / "bare.git"
    git(room, "init", "--quiet", "--bare", str(bare))
    git(work, "push", "--quiet", str(bare), f"HEAD:refs/heads/{BRANCH}", TAG)
    return bare


def gitpython(distribution: Distribution, room: Path) -> Path:
    """Extract, add to the index and commit through GitPython. No tag, no second repository.

    With ``GitDB``, its own writer of objects: the default starts a git process for each file and takes about twice
    as long, though it is what GitPython now advises.
    """
    work = extract(distribution.path, _made(room / "work"))
    files = [str(path.relative_to(work)) for path in sorted(work.rglob("*")) if path.is_symlink() or path.is_file()]
    author = Actor(NAME, EMAIL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        repository = Repo.init(work, odbt=GitDB)
    with repository:
        repository.index.add(files)
        repository.index.commit(
            distribution.path.name, author=author, committer=author, author_date=DATE, commit_date=DATE
        )
    return work


def fast_import(distribution: Distribution, room: Path) -> Path:
    """Stream the members into ``git fast-import`` in a bare repository; nothing is extracted."""
    bare = room / "bare.git"
    git(room, "init", "--quiet", "--bare", str(bare))
    command = ["git", "-C", str(bare), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        # When git gives up early its own message says why.
        with suppress(BrokenPipeError):
            _stream(distribution.path, process.stdin)
        _, said = process.communicate()
    if process.returncode:
        raise CannotDoError(f"git fast-import ended with status {process.returncode}: {said.decode().strip()}")
    return bare


def _stream(path: Path, stdin: IO[bytes] | None) -> None:
    if stdin is None:
        raise AssertionError("the process was started with a pipe")
    strip = top_stripper(path)
    message = path.name.encode()
    stdin.write(f"commit refs/heads/{BRANCH}\nmark :1\ncommitter {NAME} <{EMAIL}> {DATE}\n".encode())
    stdin.write(b"data %d\n%s\n" % (len(message), message))
    for member in read(path):
        if not is_git_path(member.name):
            stdin.write(_change(strip(member.name), member))
            stdin.write(member.data)
            stdin.write(b"\n")
    stdin.write(f"\nreset refs/tags/{TAG}\nfrom :1\n".encode())


def _change(name: str, member: Member) -> bytes:
    path = name.encode(errors="surrogateescape")
    # git-fast-import(1): a path with a line feed or a quote in front is written as a C string.
    if b"\n" in path or path.startswith(b'"'):
        path = b'"%s"' % path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b"M %s inline %s\ndata %d\n" % (member.sort.encode(), path, len(member.data))


class Ours:
    """The product's converter in processes that live on. Timed: handing out the work and waiting for all of it."""

    def __init__(self, name: str, pool: ProcessPoolExecutor) -> None:
        self.name = name
        self._pool = pool

    def run(self, distributions: Sequence[Distribution], scratch: Path) -> Outcome:
        """The largest first, so that no process waits long for the other at the end."""
        by_size = sorted(distributions, key=lambda one: one.size, reverse=True)
        futures = {one: self._pool.submit(ingest_one, one, str(scratch / f"{one.path.name}.git")) for one in by_size}
        answers: list[Answer] = [futures[one].result() for one in distributions]
        return Outcome(
            repositories=tuple(Path(answer.repository) for answer in answers),
            elsewhere=sum(answer.cpu for answer in answers),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A distribution file's bytes as the floor wants them: deflated streams with their window bits, and the blobs."""

    streams: tuple[bytes, ...]
    window_bits: int
    blobs: tuple[bytes, ...]


class Floor:
    """Inflate, name and deflate the same bytes, and nothing else: no headers, no names, no files.

    Timed: inflating the archive in pieces that are thrown away, SHA-1 of every blob with git's header, deflate of
    every blob at level 1. Not timed: reading the archive and finding its members (``load``). For zips and wheels
    this is no lower bound: who copies a member's stream as it stands need not deflate.
    """

    name = "floor"

    def __init__(self) -> None:
        self._raws: dict[Path, Raw] = {}
        self._codec = fast_codec()

    def load(self, distributions: Iterable[Distribution]) -> None:
        """Hold the bytes of these distribution files in memory, and of no others."""
        self._raws = {one.path: _raw(one.path) for one in distributions}

    def run(self, distributions: Sequence[Distribution], scratch: Path) -> Outcome:
        """Timed: everything here."""
        del scratch
        for one in distributions:
            raw = self._raws[one.path]
            for stream in raw.streams:
                self._inflate(stream, raw.window_bits)
            for blob in raw.blobs:
                name = hashlib.sha1(b"blob %d\0" % len(blob), usedforsecurity=False)
                name.update(blob)
                name.digest()
                self._codec.compress(blob, 1)
        return Outcome()

    def _inflate(self, stream: bytes, window_bits: int) -> None:
        inflater = self._codec.decompressobj(window_bits)
        inflater.decompress(stream, _CHUNK)
        while not inflater.eof:
            inflater.decompress(inflater.unconsumed_tail, _CHUNK)


def _raw(path: Path) -> Raw:
    blobs = tuple(member.data for member in read(path))
    if is_tar(path):
        return Raw(streams=(path.read_bytes(),), window_bits=_GZIP, blobs=blobs)
    # The members' own streams are found only by parsing; the same bytes deflated anew cost as much to inflate.
    codec = fast_codec()
    return Raw(streams=tuple(codec.compress(blob) for blob in blobs), window_bits=15, blobs=blobs)


def fast_codec() -> ModuleType:
    """The zlib module of isal, or zlib where isal is not built."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return importlib.import_module("zlib")


def _room(distribution: Distribution, scratch: Path) -> Path:
    return _made(scratch / distribution.path.name)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
