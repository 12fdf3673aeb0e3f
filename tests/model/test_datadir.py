from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory, owner_folder


def test_everything_lies_below_the_root(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    places = [data.repositories, data.spool, data.staging, data.lock]
    assert [path.relative_to(data.root).as_posix() for path in places] == ["repos", "spool", "staging", "lock"]
    assert data.repository("python/six/1.0") == data.repositories / "python" / "six" / "1.0.git"
    assert not data.root.exists()


def test_an_owner_has_folders_of_its_own() -> None:
    data = DataDirectory(Path("/data"))
    own = data.owned_by("host:17:ab")
    assert own.spool == data.spool / "host%3A17%3Aab"
    assert own.staging == data.staging / "host%3A17%3Aab"
    assert (own.repositories, own.lock, own.identity) == (data.repositories, data.lock, data.identity)
    assert own.everyone == data


@pytest.mark.parametrize("owner", ["", ".", "..", "a/b", "../x", "a\0b", "x" * 500, "é" * 100])
def test_an_owners_folder_is_a_plain_name(owner: str) -> None:
    name = owner_folder(owner)
    assert name == Path(name).name
    assert name.strip(".")
    assert 0 < len(name.encode()) <= 255


def test_no_two_owners_share_a_folder() -> None:
    owners = ["a/b", "a%2Fb", "a_b", ".", "..", "", "x" * 500, "x" * 501]
    assert len({owner_folder(owner) for owner in owners}) == len(owners)
