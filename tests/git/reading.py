"""Reading archives and repositories by other means than the program's own."""

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pygit2
from dulwich.repo import Repo

from codehost.model.members import IngestReport, SkipReason

# Path -> (mode in git, content or target).
Listing = dict[bytes, tuple[int, bytes]]
_ZIP_LINK = 0o120000


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in ``folder`` as a stranger would whose configuration is empty."""
    home = folder.parent / "empty-home"
    home.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "LC_ALL": "C",
    }
    return subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, check=False)


def fsck(repository: Path) -> str:
    """All that git has to complain about, empty for a repository in perfect order."""
    done = git(repository, "fsck", "--strict", "--full", "--no-progress")
    complaints = (done.stdout + done.stderr).decode(errors="replace")
    return complaints if done.returncode == 0 else f"status {done.returncode}\n{complaints}"


def read_tar(path: Path) -> Listing:
    """A tar archive's files and links, links to other members resolved as extracting would."""
    found: Listing = {}
    with tarfile.open(path, encoding="utf-8", errors="surrogateescape") as tar:
        for info in tar:
            name = os.fsencode(info.name)
            if info.issym():
                found[name] = (0o120000, os.fsencode(info.linkname))
            elif info.islnk():
                found[name] = found.get(os.fsencode(info.linkname), (0, b"target missing"))
            elif info.isreg():
                body = tar.extractfile(info)
                assert body is not None
                found[name] = (0o100755 if info.mode & 0o100 else 0o100644, body.read())
            elif not info.isdir():
                found[name] = (0, b"device")
    return found


def read_zip(path: Path) -> Listing:
    """A zip archive's files and links."""
    found: Listing = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            mode = info.external_attr >> 16 if info.create_system == 3 else 0
            if info.is_dir():
                continue
            kind = _ZIP_LINK if mode & 0o170000 == _ZIP_LINK else 0o100755 if mode & 0o100 else 0o100644
            found[info.filename.encode()] = (kind, archive.read(info))
    return found


def expected(path: Path, report: IngestReport) -> Listing:
    """What the repository should hold: the archive less the recorded skips, without a single outer directory."""
    found = read_zip(path) if zipfile.is_zipfile(path) else read_tar(path)
    left_out = {skip.path for skip in report.skips if skip.reason is not SkipReason.NAME_CONFLICT}
    kept = {name.removeprefix(b"./"): what for name, what in found.items() if shown(name) not in left_out}
    assert len(kept) == len(found) - len(left_out)
    tops = {name.split(b"/")[0] for name in kept}
    if len(tops) == 1 and all(b"/" in name for name in kept):
        return {name.partition(b"/")[2]: what for name, what in kept.items()}
    return kept


def shown(name: bytes) -> str:
    """A name as skips show it."""
    return name.decode("utf-8", "backslashreplace")


def read_by_git(repository: Path) -> Listing:
    """The tree of HEAD as git lists it, its contents as libgit2 reads them."""
    objects = pygit2.Repository(str(repository))
    found: Listing = {}
    for line in git(repository, "ls-tree", "-r", "-z", "--full-tree", "HEAD").stdout.split(b"\0")[:-1]:
        about, _, name = line.partition(b"\t")
        mode, kind, oid = about.decode().split()
        assert kind == "blob"
        blob = objects[oid]
        assert isinstance(blob, pygit2.Blob)
        found[name] = (int(mode, 8), blob.data)
    return found


def objects_by_dulwich(repository: Path) -> set[bytes]:
    """The names of all objects, each read whole and checked."""
    names: set[bytes] = set()
    with Repo(str(repository)) as repo:
        for name in repo.object_store:
            found = repo.object_store[name]
            found.check()
            assert found.id == name
            names.add(name)
    return names


def objects_by_libgit2(repository: Path) -> set[bytes]:
    """The names of all objects, each read whole."""
    repo = pygit2.Repository(str(repository))
    for oid in repo:
        assert repo.read(oid)
    return {str(oid).encode() for oid in repo}
