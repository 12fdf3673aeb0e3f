"""Every repository that is made must satisfy readers that others wrote: git, dulwich and libgit2."""

import gzip
import hashlib
import io
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

import pygit2
import pytest

from codehost.ingest import ingest
from codehost.model.members import IngestReport, IngestRequest, Limits
from tests.git.archives import (
    MEMBER_LIMIT,
    MTIME,
    PLAIN,
    SUFFIXES,
    TAR_MODES,
    ZIP_SUFFIXES,
    Item,
    everything,
    write_archive,
)
from tests.git.reading import expected, fsck, git, objects_by_dulwich, objects_by_libgit2, read_by_git
from tests.unpack.zips import Part, build

TAR_SKIPS = {"link-target-missing": 1, "device": 1}
SKIPS = {
    "git-directory": 3,
    "too-large": 1,
    "unsafe-git-metadata": 2,
    "unsafe-name": 1,
    "link-outside-the-tree": 3,
}


def convert(archive: Path, repository: Path) -> IngestReport:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return ingest(
        IngestRequest(
            archive=str(archive),
            filename=archive.name,
            sha256=digest,
            repository=str(repository),
            tag="v1.0",
            limits=Limits(member_bytes=MEMBER_LIMIT),
        )
    )


def check(archive: Path, repository: Path, report: IngestReport) -> None:
    """Compare the repository with an independent reading of the archive, and have it read by everybody."""
    assert fsck(repository) == ""
    found = read_by_git(repository)
    assert found == expected(archive, report)
    assert report.files == len(found)
    assert objects_by_dulwich(repository) == objects_by_libgit2(repository)
    clone = repository.with_name("clone")
    assert git(repository, "clone", "--quiet", str(repository), str(clone)).returncode == 0
    assert git(clone, "rev-parse", "HEAD", "v1.0", "origin/latest").stdout.split() == [report.commit.encode()] * 3
    packed = git(repository, "archive", "--format=tar", "v1.0")
    assert packed.returncode == 0
    with tarfile.open(fileobj=io.BytesIO(packed.stdout), errors="surrogateescape") as tar:
        names = {info.name.encode("utf-8", "surrogateescape") for info in tar if not info.isdir()}
    assert names == set(found)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_everything_in_every_format(tmp_path: Path, suffix: str) -> None:
    archive = write_archive(tmp_path / f"p-1{suffix}", everything(suffix))
    report = convert(archive, tmp_path / "r.git")
    reasons = [skip.reason.value for skip in report.skips]
    wanted = SKIPS | (TAR_SKIPS if suffix in TAR_MODES else {})
    assert {reason: reasons.count(reason) for reason in reasons} == wanted
    check(archive, tmp_path / "r.git", report)
    head = pygit2.Repository(str(tmp_path / "r.git")).revparse_single("HEAD").peel(pygit2.Commit)
    assert (head.author.name, head.author.email, head.commit_time) == ("José", "j@example.com", MTIME)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_tar_format_gives_one_tree(tmp_path: Path, form: int) -> None:
    short = tuple(item for item in PLAIN if len(item.path) < 100)
    archive = write_archive(tmp_path / "p-1.tar", short, form)
    report = convert(archive, tmp_path / "r.git")
    check(archive, tmp_path / "r.git", report)
    zipped = convert(write_archive(tmp_path / "p-1.zip", short), tmp_path / "z.git")
    assert report.tree == zipped.tree


@pytest.mark.parametrize(
    "items",
    [
        (Item(path="only"),),
        (Item(path="a", content=b"x"), Item(path="b/c/d", content=b"y")),
        tuple(Item(path=f"d/{name}") for name in ("a", "a.b", "a/b", "a0", "A", "é", "\u65e5")[::-1] if name != "a"),
        tuple(Item(path=name, content=b"same") for name in ("x/y", "x.y", "x-y", "x0", "xy", "x/y0")),
    ],
    ids=["one-file", "two-tops", "sorting", "sorting-directories"],
)
@pytest.mark.parametrize("suffix", [".tar.gz", ".zip"])
def test_shapes(tmp_path: Path, items: tuple[Item, ...], suffix: str) -> None:
    archive = write_archive(tmp_path / f"p-1{suffix}", items)
    check(archive, tmp_path / "r.git", convert(archive, tmp_path / "r.git"))


def test_names_in_code_page_437(tmp_path: Path) -> None:
    archive = tmp_path / "p-1.zip"
    archive.write_bytes(build(Part(name=b"caf\x82", content=b"x"), Part(name=b"\xe3", content=b"y")))
    report = convert(archive, tmp_path / "r.git")
    check(archive, tmp_path / "r.git", report)
    assert set(read_by_git(tmp_path / "r.git")) == {"café".encode(), "π".encode()}


def test_a_replaced_member_leaves_nothing_behind(tmp_path: Path) -> None:
    items = (Item(path="a", content=b"first"), Item(path="b"), Item(path="a", content=b"second"))
    archive = write_archive(tmp_path / "p-1.tar.gz", items)
    report = convert(archive, tmp_path / "r.git")
    assert fsck(tmp_path / "r.git") == ""
    assert read_by_git(tmp_path / "r.git") == expected(archive, report)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_file_gives_one_commit(tmp_path: Path, suffix: str) -> None:
    archive = write_archive(tmp_path / f"p-1{suffix}", everything(suffix))
    first = convert(archive, tmp_path / "one.git")
    (tmp_path / "elsewhere").mkdir()
    moved = archive.rename(tmp_path / "elsewhere" / archive.name)
    assert convert(moved, tmp_path / "elsewhere" / "two.git") == first
    for name in ("HEAD", "config", "packed-refs"):
        assert (tmp_path / "one.git" / name).read_bytes() == (tmp_path / "elsewhere" / "two.git" / name).read_bytes()


def test_how_it_was_compressed_does_not_matter(tmp_path: Path) -> None:
    plain = write_archive(tmp_path / "p-1.tar", everything(".tar")).read_bytes()
    packed = {
        "1.tar.gz": gzip.compress(plain, 1),
        "9.tar.gz": gzip.compress(plain, 9),
        "0.tar.gz": gzip.compress(plain, 0),
        "many.tar.gz": gzip.compress(plain[:1000]) + gzip.compress(plain[1000:]),
        "x.tar.xz": lzma.compress(plain),
        "p-1.tar": plain,
    }
    trees = set()
    for name, data in packed.items():
        (tmp_path / name).write_bytes(data)
        trees.add(convert(tmp_path / name, tmp_path / f"{name}.git").tree)
    assert len(trees) == 1


WITHOUT_ISAL = """
import sys
sys.modules["isal"] = None
import codehost.model.deflate as deflate
from codehost.ingest import ingest
from codehost.model.members import IngestRequest, Limits
archive, filename, sha256, repository, member_bytes = sys.argv[1:]
limits = Limits(member_bytes=int(member_bytes))
request = IngestRequest(
    archive=archive, filename=filename, sha256=sha256, repository=repository, tag="v1.0", limits=limits
)
print(deflate.crc32.__module__, ingest(request).commit)
"""


def test_the_library_that_deflates_does_not_matter(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "p-1.tar.gz", everything(".tar.gz"))
    fast = convert(archive, tmp_path / "fast.git")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    slow = tmp_path / "slow.git"
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT_ISAL, archive, archive.name, digest, slow, str(MEMBER_LIMIT)],
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode().split() == ["zlib", fast.commit]
    assert read_by_git(slow) == read_by_git(tmp_path / "fast.git")
    assert fsck(slow) == ""


@pytest.mark.parametrize("suffix", ZIP_SUFFIXES)
def test_copied_deflate_streams_are_those_of_the_archive(tmp_path: Path, suffix: str) -> None:
    content = b"x = 1\n" * 1000
    archive = tmp_path / f"p-1{suffix}"
    archive.write_bytes(build(Part(name=b"a.py", content=content)))
    convert(archive, tmp_path / "r.git")
    (pack,) = (tmp_path / "r.git" / "objects" / "pack").glob("*.pack")
    assert Part(content=content).stored() in pack.read_bytes()
