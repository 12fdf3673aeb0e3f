"""Archives whose members lie in each other's way: what readers see is what installers make of them, and inside."""

import io
import os
import random
import tarfile
from pathlib import Path

import pytest

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import IngestReport, IngestRequest, Limits
from tests.git.reading import fsck, git, read_by_git
from tests.pack.test_links import escapes

LINK = 0o120000
MEMBER_LIMIT = 100
SEEDS = range(8)
ARCHIVES_OF_A_SEED = 50
NAMES = ("a", "b", "c", "A", "d/a", "d/b", "d/e/a", "d/e/b", "l/a", "d", "l", "d/l", "d/../a", "./b", "/c", "d/e/../b")
TARGETS = ("a", "b", "d", "d/e", "..", "../a", "../..", "/etc", "e/../..", "l", "nowhere/../a", "d/l", ".git/config")


def archive(source: random.Random, path: Path) -> Path:
    """A tar of a few members that often have the same names, some of them links."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(source.randint(2, 8)):
            info = tarfile.TarInfo()
            name = source.choice(NAMES)
            info.name = "/p" + name if name.startswith("/") else f"p/{name}"
            kind, body = source.random(), b""
            if kind < 0.2:
                info.type, info.linkname = tarfile.SYMTYPE, source.choice(TARGETS)
            elif kind < 0.4:
                info.type, info.linkname = tarfile.LNKTYPE, f"p/{source.choice(NAMES)}"
            else:
                body = b"%d" % number * source.choice((1, 1, 1, MEMBER_LIMIT + 1))
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return path


def publish(path: Path, repository: Path) -> IngestReport | None:
    """The report, None for a refusal."""
    try:
        return ingest(
            IngestRequest(
                archive=str(path),
                filename=path.name,
                sha256="0" * 64,
                repository=str(repository),
                tag="v1",
                limits=Limits(member_bytes=MEMBER_LIMIT),
            )
        )
    except Failure as failure:
        if failure.reason is not Reason.UNSAFE_ARCHIVE:
            raise
        return None


def installed(path: Path, folder: Path) -> bool:
    """Unpack as pip does; False where that fails and nobody gets anything."""
    try:
        with tarfile.open(path) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError, KeyError):
        return False
    return True


def content(path: Path) -> bytes | None:
    if path.is_symlink():
        return b"->" + os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else None


@pytest.mark.parametrize("seed", SEEDS)
def test_readers_see_what_installers_use(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    compared = 0
    for number in range(ARCHIVES_OF_A_SEED):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = archive(source, folder / "p-1.tar")
        report = publish(path, folder / "r.git")
        if report is None or not installed(path, folder / "unpacked"):
            continue
        top = folder / "unpacked" / "p"
        for name, (mode, body) in read_by_git(folder / "r.git").items():
            shown = b"->" + body if mode == LINK else body
            used = content(top / os.fsdecode(name))
            # tarfile says nothing of a link that it could not make, below the name of a file that is too large for us.
            assert shown == used or (mode == LINK and used is None), (folder, name)
            compared += used is not None
    assert compared > 8


@pytest.mark.parametrize("seed", SEEDS)
def test_no_checkout_leads_out_and_no_object_is_left_over(tmp_path: Path, seed: int) -> None:
    source = random.Random(1000 + seed)
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        if publish(archive(source, folder / "p-1.tar"), folder / "r.git") is None:
            continue
        assert fsck(folder / "r.git") == ""
        loose = git(
            folder / "r.git", "fsck", "--strict", "--unreachable", "--dangling", "--no-reflogs", "--no-progress"
        )
        assert loose.stdout + loose.stderr == b""
        assert git(folder, "clone", "--quiet", str(folder / "r.git"), str(folder / "checkout")).returncode == 0
        assert escapes(folder / "checkout") == []
