"""What others make of a distribution file and of its repository: Python's own readers, and git."""

import hashlib
import lzma
import os
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.archives import Sort
from benchmarks.gitrun import environment
from codehost.model.members import IngestReport, SkipReason

ZIPS = (".zip", ".whl", ".egg")
TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")
# Whatever Python's readers raise for an archive that they cannot read.
UNREADABLE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    OSError,
    EOFError,
    ValueError,
)
_TOLD = 5


class Blob(NamedTuple):
    """A file or link as git names it: ``name`` is the hexadecimal SHA-1 of its content with git's header."""

    sort: str
    name: str


Listing = dict[bytes, Blob]


def blob(sort: Sort, data: bytes) -> Blob:
    """The blob that ``data`` becomes in any git repository."""
    digest = hashlib.sha1(b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return Blob(sort.value, digest.hexdigest())


def read_by_python(path: Path) -> Listing:
    """Every file and link of a distribution file, by its name in the archive; of two with one name the later one.

    Raises:
        One of ``UNREADABLE``.
    """
    return dict(_zip_members(path) if path.name.lower().endswith(ZIPS) else _tar_members(path))


def _zip_members(path: Path) -> Iterator[tuple[bytes, Blob]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename.encode(), blob(_zip_sort(info), archive.read(info))


def _zip_sort(info: zipfile.ZipInfo) -> Sort:
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    if mode & 0o170000 == 0o120000:
        return Sort.LINK
    return _sort(mode)


def _sort(mode: int) -> Sort:
    return Sort.PROGRAM if mode & 0o100 else Sort.FILE


def _tar_members(path: Path) -> Iterator[tuple[bytes, Blob]]:
    seen: Listing = {}
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as tar:
        for info in tar:
            name = os.fsencode(info.name)
            found = _tar_blob(tar, info, seen)
            if found is not None:
                seen[_place(name)] = found
                yield name, found


def _tar_blob(tar: tarfile.TarFile, info: tarfile.TarInfo, seen: Listing) -> Blob | None:
    target = os.fsencode(info.linkname)
    if info.issym():
        return blob(Sort.LINK, target)
    if info.islnk():
        # Extracting would link to what is there by then; tarfile itself would also look further on.
        return seen.get(_place(target))
    stream = tar.extractfile(info) if info.isreg() else None
    return blob(_sort(info.mode), stream.read()) if stream else None


def faults(path: Path, repository: Path, report: IngestReport) -> tuple[str, ...]:
    """What is wrong with the repository of a distribution file, as sentences; empty if nothing is."""
    complaints = complaints_of_git(repository)
    if complaints:
        return (f"git fsck: {complaints}",)
    try:
        found = read_by_python(path)
    except UNREADABLE as error:
        return (f"Python cannot read it ({error})",)
    ours = read_by_git(repository)
    return differences(ours, expected(found, report, ours))


def expected(found: Listing, report: IngestReport, ours: Listing) -> Listing:
    """What the tree must hold: all that Python finds but what the report lists as left out, without a single top.

    A ``name-conflict`` may stand for a member that has no place in the tree (``ours``), or for the earlier one of two;
    then the later one is there.
    """
    conflicts = {skip.path for skip in report.skips if skip.reason is SkipReason.NAME_CONFLICT}
    left_out = {skip.path for skip in report.skips} - conflicts
    kept = {_place(name): what for name, what in found.items() if _shown(name) not in left_out}
    suspects = {_place(name) for name in found if _shown(name) in conflicts}
    for place in suspects:
        if place not in ours and place.partition(b"/")[2] not in ours:
            del kept[place]
    tops = {place.partition(b"/")[0] for place in kept}
    single = len(tops) == 1 and all(b"/" in place for place in kept)
    return {place.partition(b"/")[2]: what for place, what in kept.items()} if single else kept


def _shown(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _place(name: bytes) -> bytes:
    return b"/".join(part for part in name.split(b"/") if part not in {b"", b"."})


def read_by_git(repository: Path) -> Listing:
    """The tree of HEAD as git lists it."""
    listed = run_git(repository, "ls-tree", "-r", "-z", "--full-tree", "HEAD")
    listed.check_returncode()
    return dict(_entry(line) for line in listed.stdout.split(b"\0")[:-1])


def _entry(line: bytes) -> tuple[bytes, Blob]:
    about, _, name = line.partition(b"\t")
    mode, _, oid = about.decode().split()
    return name, Blob(mode, oid)


def complaints_of_git(repository: Path) -> str:
    """All that ``git fsck --strict`` has to say, empty for a repository in perfect order."""
    done = run_git(repository, "fsck", "--strict", "--full", "--no-progress")
    said = _text(done.stdout + done.stderr)
    return said or (f"status {done.returncode}" if done.returncode else "")


def run_git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a repository, without the machine's settings and with its parent as the home directory."""
    variables = {"PATH": os.environ["PATH"], "LC_ALL": "C", **environment(repository.parent)}
    return subprocess.run(["git", *arguments], cwd=repository, env=variables, capture_output=True, check=False)


def _text(said: bytes) -> str:
    return said.decode(errors="backslashreplace").strip()


def differences(ours: Listing, theirs: Listing) -> tuple[str, ...]:
    """How a tree (``ours``) differs from what it should hold, as a handful of sentences; empty if it does not."""
    told = [
        *(f"{_shown(name)} is missing" for name in sorted(theirs.keys() - ours.keys())),
        *(f"{_shown(name)} is in the tree only" for name in sorted(ours.keys() - theirs.keys())),
        *(f"{_shown(name)} differs" for name in sorted(ours.keys() & theirs.keys()) if ours[name] != theirs[name]),
    ]
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return (*told[:_TOLD], *more)
