import hashlib
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from codehost.model.members import IngestReport
from codehost.model.releases import DistributionFile, FileKind
from codehost.pack.objects import ObjectType, encode_tree
from codehost.pack.packfile import PackWriter
from codehost.pack.repository import RepositoryWriter
from tests.fuzz.deflates import odd_stream
from tests.fuzz.mutant import Mutant
from tests.fuzz.names import fault_of, leaves
from tests.fuzz.oracle import faults_against_library, faults_of_listing, judge
from tests.fuzz.pages import faults_of_file
from tests.fuzz.published import BrokenError, Listing, fsck, fsck_together, read_repository
from tests.fuzz.reading import DisagreementError, check_by_gnu_tar
from tests.unpack.tars import END, member
from tests.unpack.zips import Part, build

REPORT = IngestReport(commit="", tree="", files=0, unpacked_bytes=0, packed_bytes=0, skipped=0, skips=())
COMMIT = b"tree %b\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nx\n"


def zipped(**files: bytes) -> Mutant:
    parts = [Part(name=name.encode(), content=content) for name, content in files.items()]
    return Mutant(number=0, filename="p-1.zip", data=build(*parts))


def write(folder: Path, entries: list[tuple[bytes, bytes]], deflated: bytes | None = None) -> str:
    """A repository written past all checks; returns its commit."""
    writer = RepositoryWriter(folder)
    with writer.pack() as file:
        pack = PackWriter(file)
        blob = pack.add(ObjectType.BLOB, b"a", deflated)
        tree = pack.add(ObjectType.TREE, encode_tree([(mode, name, blob) for mode, name in entries]))
        commit = pack.add(ObjectType.COMMIT, COMMIT % tree.hex().encode()).hex()
        checksum, _ = pack.finish()
    writer.finish(checksum=checksum, index=pack.index(checksum), commit=commit, tag="v1")
    return commit


def test_a_sound_archive_is_judged_sound(tmp_path: Path) -> None:
    verdict = judge(zipped(a=b"1", b=b"2" * 5000), tmp_path)
    assert (verdict.outcome, verdict.violations) == ("published", ())
    assert fsck(tmp_path / "git") == ""


@pytest.mark.parametrize(
    "entries",
    [
        [(b"100644", b".git")],
        [(b"100644", b"..")],
        [(b"100644", b"a"), (b"100644", b"a")],
        [(b"100664", b"a")],
    ],
)
def test_a_planted_tree_is_found_by_git_and_here(tmp_path: Path, entries: list[tuple[bytes, bytes]]) -> None:
    commit = write(tmp_path / "git", entries)
    sound = write(tmp_path / "sound", [(b"100644", b"a")])
    assert fsck(tmp_path / "git") != ""
    assert fsck_together([(tmp_path / "sound", sound)], tmp_path / "one") == ""
    assert fsck_together([(tmp_path / "sound", sound), (tmp_path / "git", commit)], tmp_path / "two") != ""
    try:
        faults = faults_of_listing(read_repository(tmp_path / "git", commit))
    except BrokenError as broken:
        faults = [str(broken)]
    assert faults


def test_a_stream_that_zlib_cannot_read_is_found(tmp_path: Path) -> None:
    streams = (odd_stream(Random(seed), "incomplete literals")[0] for seed in range(100))
    broken = next(stream for stream in streams if refused(stream))
    commit = write(tmp_path / "git", [(b"100644", b"a")], broken)
    with pytest.raises(BrokenError):
        read_repository(tmp_path / "git", commit)
    assert fsck_together([(tmp_path / "git", commit)], tmp_path / "together") != ""


def refused(stream: bytes) -> bool:
    try:
        zlib.decompress(stream, -15)
    except zlib.error:
        return True
    return False


def damage_pack(folder: Path) -> None:
    (path,) = (folder / "objects" / "pack").glob("*.pack")
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.unlink()
    path.write_bytes(data[:-20] + hashlib.sha1(data[:-20]).digest())


def add_hook(folder: Path) -> None:
    (folder / "hooks").mkdir()


def add_loose_object(folder: Path) -> None:
    (folder / "objects" / "ab").mkdir()


def add_alternates(folder: Path) -> None:
    (folder / "objects" / "info").mkdir()


@pytest.mark.parametrize("damage", [damage_pack, add_hook, add_loose_object, add_alternates])
def test_a_repository_with_less_or_more_than_it_should_have_is_found(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    commit = write(tmp_path / "git", [(b"100644", b"a")])
    assert read_repository(tmp_path / "git", commit) == {b"a": (0o100644, b"a")}
    damage(tmp_path / "git")
    with pytest.raises(BrokenError):
        read_repository(tmp_path / "git", commit)


@pytest.mark.parametrize(
    ("listing", "fault"),
    [
        ({b"a": (0o100644, b"1"), b"b": (0o100644, b"2")}, None),
        ({b"a": (0o100644, b"other"), b"b": (0o100644, b"2")}, "other bytes"),
        ({b"a": (0o100755, b"1"), b"b": (0o100644, b"2")}, "mode"),
        ({b"a": (0o100644, b"1"), b"c": (0o100644, b"2")}, "no such file"),
        ({b"a": (0o100644, b"1")}, "files are missing"),
    ],
)
def test_a_listing_that_differs_from_the_archive_is_found(listing: Listing, fault: str | None) -> None:
    faults = faults_against_library(listing, REPORT, zipped(a=b"1", b=b"2"))
    assert faults == [] if fault is None else fault in faults[0]


def test_what_is_left_out_must_be_accounted_for() -> None:
    listing: Listing = {b"a": (0o100644, b"1")}
    assert faults_against_library(listing, replace(REPORT, skipped=1), zipped(a=b"1", b=b"2")) == []


def test_an_archive_that_the_library_cannot_read_is_found() -> None:
    broken = Mutant(number=0, filename="p-1.tar.gz", data=b"no gzip")
    assert "cannot read it" in faults_against_library({}, REPORT, broken)[0]


def test_gnu_tar_is_heard(tmp_path: Path) -> None:
    if shutil.which("tar") is None:
        pytest.skip("there is no tar here")
    sound = member(b"a", b"1") + END
    check_by_gnu_tar(Mutant(number=0, filename="p-1.tar", data=sound), tmp_path)
    # A block that is no header: tarfile ends there, GNU tar looks further.
    odd = member(b"a", b"1") + b"x" * 512 + member(b"b", b"2") + END
    with pytest.raises(DisagreementError):
        check_by_gnu_tar(Mutant(number=0, filename="p-1.tar", data=odd), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        *(
            b".git",
            b"d/.GIT/x",
            b".git.",
            b".git /x",
            b".git::$DATA",
            b"git~1",
            ".g\u200cit".encode(),
            b"a/../b",
            b"/a",
        ),
        *(b"a//b", b"C:x", b"a\\b", b"a\nb", b"", b"a/", b"n" * 256),
    ],
)
def test_unsafe_names(path: bytes) -> None:
    assert fault_of(path) is not None


@pytest.mark.parametrize(
    "path", [b"a", b".gitignore", b"git~10", b".github/x", "\u00e9".encode(), b"\xff", b"ab:c", b"..."]
)
def test_safe_names(path: bytes) -> None:
    assert fault_of(path) is None


@pytest.mark.parametrize(
    ("link", "target", "out"),
    [
        (b"d/l", b"../x", False),
        (b"d/l", b"../../x", True),
        (b"l", b"/x", True),
        (b"l", b"to/../../x", True),
        (b"l", b"l", False),
        (b"l", b"absolute", True),
        (b"l", b"", True),
    ],
)
def test_links_that_lead_out(link: bytes, target: bytes, out: bool) -> None:  # noqa: FBT001 - a table
    paths = {b"d/x": None, b"to": b"d", b"absolute": b"/etc", link: target}
    assert leaves(paths, link, target) is out


SOUND_FILE = DistributionFile(
    filename="p-1.0.tar.gz", url="https://h.example/p-1.0.tar.gz", kind=FileKind.SDIST, version="1", hashes={}
)


@pytest.mark.parametrize(
    "file",
    [
        replace(SOUND_FILE, filename="../p-1.0.tar.gz"),
        replace(SOUND_FILE, filename="p-1.0.exe"),
        replace(SOUND_FILE, filename="p\x1b-1.0.zip"),
        replace(SOUND_FILE, url="ftp://h.example/p-1.0.tar.gz"),
        replace(SOUND_FILE, url="https://u:s@h.example/p-1.0.tar.gz"),
        replace(SOUND_FILE, size=-1),
        replace(SOUND_FILE, yanked="\ud800"),
    ],
)
def test_a_file_that_no_page_may_offer_is_found(file: DistributionFile) -> None:
    assert list(faults_of_file(SOUND_FILE)) == []
    assert list(faults_of_file(file))
