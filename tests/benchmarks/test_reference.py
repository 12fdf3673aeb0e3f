import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks.archives import Sort
from benchmarks.reference import Blob, blob, differences, expected, faults, read_by_python
from codehost.ingest import ingest
from codehost.model.members import IngestReport, IngestRequest, Limits, Skip, SkipReason

# Path -> content; a link's is "-> target", a hard link's "= target".
Content = list[tuple[str, str]]
A, B = blob(Sort.FILE, b"a"), blob(Sort.FILE, b"b")


def write_tar(path: Path, content: Content) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in content:
            info = tarfile.TarInfo(name)
            kind, _, target = text.partition(" ")
            if kind in {"->", "="}:
                info.type, info.linkname = (tarfile.SYMTYPE if kind == "->" else tarfile.LNKTYPE), target
                tar.addfile(info)
            else:
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
    return path


def write_zip(path: Path, content: Content) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content:
            archive.writestr(name, text)
    return path


def make(path: Path, folder: Path) -> IngestReport:
    return ingest(
        IngestRequest(
            archive=str(path),
            filename=path.name,
            sha256="0" * 64,
            repository=str(folder),
            tag="v1",
            limits=Limits(),
        )
    )


def report_with(*skips: tuple[str, SkipReason]) -> IngestReport:
    listed = tuple(Skip(path=path, reason=reason, size=1) for path, reason in skips)
    return IngestReport(
        commit="", tree="", files=1, unpacked_bytes=1, packed_bytes=1, skipped=len(listed), skips=listed
    )


def test_a_blob_is_named_as_git_names_it() -> None:
    assert blob(Sort.FILE, b"") == Blob("100644", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([("p/x", "a")], {b"p/x": A}),
        ([("p/x", "a"), ("p/x", "b")], {b"p/x": B}),
        ([("p/x", "a"), ("p/y", "= p/x"), ("p/x", "b")], {b"p/x": B, b"p/y": A}),
        ([("./p/x", "a"), ("p/y", "= p//x")], {b"./p/x": A, b"p/y": A}),
        ([("p/y", "= p/x"), ("p/x", "b")], {b"p/x": B}),
        ([("p/y", "-> x")], {b"p/y": blob(Sort.LINK, b"x")}),
    ],
)
def test_a_tar_is_read_as_extracting_would(tmp_path: Path, content: Content, found: dict[bytes, Blob]) -> None:
    assert read_by_python(write_tar(tmp_path / "a.tar.gz", content)) == found


def test_a_zip_is_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.whl", [("p/x", "a"), ("p/empty/", ""), ("é", "b")])
    assert read_by_python(path) == {b"p/x": A, "é".encode(): B}


@pytest.mark.parametrize(
    ("found", "skips", "left"),
    [
        ({b"p/x": A, b"p/y": B}, [], {b"x": A, b"y": B}),
        ({b"./p//x": A, b"p/y": B}, [], {b"x": A, b"y": B}),
        ({b"p/x": A, b"q/y": B}, [], {b"p/x": A, b"q/y": B}),
        ({b"p/x": A, b"y": B}, [], {b"p/x": A, b"y": B}),
        ({b"p/x": A, b"/y": B}, [("/y", SkipReason.UNSAFE_NAME)], {b"x": A}),
        ({b"p/x": A, b"p/y": B}, [("p/y", SkipReason.TOO_LARGE)], {b"x": A}),
        ({b"p/x": A, b"p/y": B}, [("p/y", SkipReason.NAME_CONFLICT)], {b"x": A, b"y": B}),
        ({b"p/x": A, b"p/x/y": B}, [("p/x/y", SkipReason.NAME_CONFLICT)], {b"x": A}),
        ({b"p/x": A, b"p/x/y": B}, [("p/x", SkipReason.NAME_CONFLICT)], {b"x/y": B}),
        ({b"P": A, b"p/x": B}, [("P", SkipReason.NAME_CONFLICT)], {b"x": B}),
    ],
)
def test_expected(found: dict[bytes, Blob], skips: list[tuple[str, SkipReason]], left: dict[bytes, Blob]) -> None:
    assert expected(found, report_with(*skips), left) == left


def test_what_is_not_on_record_is_expected() -> None:
    assert expected({b"p/x": A, b"p/y": B}, report_with(("p/z", SkipReason.NAME_CONFLICT)), {b"x": A}) == {
        b"x": A,
        b"y": B,
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "told"),
    [
        ({b"x": A}, {b"x": A}, ()),
        ({b"x": A}, {b"x": B}, ("x differs",)),
        ({b"x": A}, {b"x": A._replace(sort=Sort.PROGRAM)}, ("x differs",)),
        ({b"x": A}, {}, ("x is in the tree only",)),
        ({}, {b"\xff": A}, ("\\xff is missing",)),
        ({}, {b"%d" % n: A for n in range(7)}, (*(f"{n} is missing" for n in range(5)), "and 2 more")),
    ],
)
def test_differences(ours: dict[bytes, Blob], theirs: dict[bytes, Blob], told: tuple[str, ...]) -> None:
    assert differences(ours, theirs) == told


def test_a_repository_is_held_against_its_own_file_and_another(tmp_path: Path) -> None:
    mine = write_tar(tmp_path / "a.tar.gz", [("p/x", "a"), ("p/l", "-> x"), ("p/.git", "gitdir: elsewhere")])
    other = write_tar(tmp_path / "b.tar.gz", [("p/x", "b"), ("p/l", "-> x")])
    report = make(mine, tmp_path / "git")
    assert faults(mine, tmp_path / "git", report) == ()
    assert faults(other, tmp_path / "git", report) == ("x differs",)
    other.write_bytes(b"no archive")
    assert faults(other, tmp_path / "git", report)[0].startswith("Python cannot read it")


def test_a_damaged_repository_is_told_by_git(tmp_path: Path) -> None:
    mine = write_tar(tmp_path / "a.tar.gz", [("p/x", "a")])
    report = make(mine, tmp_path / "git")
    next((tmp_path / "git").rglob("*.pack")).unlink()
    assert faults(mine, tmp_path / "git", report)[0].startswith("git fsck: ")
