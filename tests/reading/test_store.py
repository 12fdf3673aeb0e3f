import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory
from codehost.reading.store import find_repository, read_whole_pack
from tests.serve.git.serving import git, make_repository

NAME = "python/six/1.0"


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    data = DataDirectory(tmp_path / "data")
    make_repository(data, NAME)
    return data


def test_a_repository_is_found_and_read(data: DataDirectory) -> None:
    path = find_repository(data, NAME)
    assert path == data.repository(NAME).resolve()
    whole = read_whole_pack(path)
    assert whole is not None
    assert (whole.head, whole.references) == (b"refs/heads/latest", (b"refs/heads/latest", b"refs/tags/v1"))
    assert whole.pack.read_bytes()[:4] == b"PACK"


def test_the_root_may_be_a_link(data: DataDirectory, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(data.root)
    assert find_repository(DataDirectory(link), NAME) == data.repository(NAME).resolve()


def test_what_is_not_there(data: DataDirectory) -> None:
    assert find_repository(data, "python/six/2.0") is None
    assert find_repository(data, "python/six") is None
    data.repository("empty").mkdir()
    assert find_repository(data, "empty") is None
    assert find_repository(DataDirectory(data.root / "nowhere"), NAME) is None


@pytest.mark.parametrize("name", ["x" * 250, "/".join(["x" * 250] * 16), "x/" * 2_020 + "x"])
def test_names_that_no_file_system_takes(data: DataDirectory, name: str) -> None:
    assert find_repository(data, name) is None


@pytest.mark.parametrize("inside", [False, True])
def test_links_are_not_followed(data: DataDirectory, tmp_path: Path, inside: bool) -> None:  # noqa: FBT001 - a case
    outside = DataDirectory(tmp_path / "other")
    make_repository(outside, "secret")
    target = data.repository(NAME) if inside else outside.repository("secret")
    data.repository("link").symlink_to(target)
    (data.repositories / "folder").symlink_to(target.parent)
    assert find_repository(data, "link") is None
    assert find_repository(data, f"folder/{target.stem}") is None


def loose_reference(path: Path) -> None:
    (path / "refs" / "heads").mkdir()
    (path / "refs" / "heads" / "x").write_text("0" * 40)


def second_pack(path: Path) -> None:
    (path / "objects" / "pack" / f"pack-{'0' * 40}.pack").touch()


def other_commit(path: Path) -> None:
    packed = path / "packed-refs"
    packed.write_text(packed.read_text() + f"{'1' * 40} refs/tags/w\n")


def alternate(path: Path) -> None:
    (path / "objects" / "info").mkdir()
    (path / "objects" / "info" / "alternates").write_text("/elsewhere\n")


def configure(path: Path, text: str) -> None:
    config = path / "config"
    config.write_text(config.read_text() + text)


CHANGES: list[Callable[[Path], object]] = [
    loose_reference,
    second_pack,
    other_commit,
    alternate,
    lambda path: (path / "shallow").touch(),
    lambda path: (path / "objects" / "00").mkdir(),
    lambda path: (path / "HEAD").write_text("ref: refs/heads/none\n"),
    lambda path: (path / "HEAD").write_text("0" * 40),
    lambda path: (path / "HEAD").write_bytes(b"x" * 100_000),
    lambda path: (path / "packed-refs").unlink(),
    lambda path: (path / "packed-refs").write_text(f"{'1' * 40} refs/heads/latest\n"),
    lambda path: configure(path, "[uploadpack]\n\thideRefs = refs/tags\n"),
    lambda path: configure(path, "[zoekt][include]\n\tpath = /x\n"),
    lambda path: configure(path, "[extensions\n"),
    lambda path: shutil.rmtree(path / "objects" / "pack"),
    lambda path: git(path, "-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "annotated", "-m", "x", "HEAD"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_not_as_we_write_it_is_left_to_git(data: DataDirectory, change: Callable[[Path], object]) -> None:
    path = data.repository(NAME)
    change(path)
    assert read_whole_pack(path) is None


def test_settings_of_a_search_engine_change_nothing(data: DataDirectory) -> None:
    path = data.repository(NAME)
    git(path, "config", "zoekt.name", "x")
    assert read_whole_pack(path) is not None
