import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmarks.archives import CannotDoError, is_git_path, listing, read, top_stripper


def write_tar(path: Path, names: list[str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 2
            tar.addfile(info, io.BytesIO(b"x\n"))
    return path


def write_zip(path: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x\n")
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/.git", True), (".GIT/config", True), ("a/.gitignore", False), ("a/x.git/b", False)],
)
def test_is_git_path(name: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_git_path(name) is expected


@pytest.mark.parametrize(
    ("filename", "names", "stripped"),
    [
        ("a-1.tar.gz", ["a-1/x", "a-1/b/y"], ["x", "b/y"]),
        ("a-1.tar.gz", ["./a-1/x"], ["x"]),
        ("a-1.zip", ["a-1/x", "a-1/b/y"], ["x", "b/y"]),
        ("a-1.zip", ["a-1/x", "b/y"], ["a-1/x", "b/y"]),
        ("a-1-py3-none-any.whl", ["a/x", "a-1.dist-info/RECORD"], ["a/x", "a-1.dist-info/RECORD"]),
    ],
)
def test_top_stripper(tmp_path: Path, filename: str, names: list[str], stripped: list[str]) -> None:
    write = write_tar if filename.endswith(".tar.gz") else write_zip
    path = write(tmp_path / filename, names)
    strip = top_stripper(path)
    assert [strip(member.name) for member in read(path)] == stripped


def test_tar_with_two_tops_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a-1.tar.gz", ["a-1/x", "b/y"])
    strip = top_stripper(path)
    with pytest.raises(CannotDoError, match="no single top directory"):
        [strip(member.name) for member in read(path)]


def test_listing_tells_what_it_cannot_measure(tmp_path: Path) -> None:
    for name in ("b.whl", "a.tar.gz", "c.tar.bz2", "index.html"):
        (tmp_path / name).touch()
    known, unknown = listing(tmp_path)
    assert [path.name for path in known] == ["a.tar.gz", "b.whl"]
    assert [path.name for path in unknown] == ["c.tar.bz2", "index.html"]
