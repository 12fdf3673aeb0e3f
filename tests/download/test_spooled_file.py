from pathlib import Path

import pytest

from codehost.download.spooled_file import SpooledFile
from codehost.model.errors import Failure, Reason


def test_the_name_appears_only_when_kept(tmp_path: Path) -> None:
    spooled = SpooledFile(tmp_path / "spool", "a", {})
    spooled.open()
    spooled.write(b"12")
    spooled.write(b"34")
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["a.part"]
    spooled.keep()
    spooled.discard()
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["a"]
    assert spooled.path.read_bytes() == b"1234"


def test_discard_leaves_nothing_not_even_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    spooled = SpooledFile(tmp_path, "a", {})
    spooled.open()
    spooled.write(b"12")
    spooled.discard()
    spooled.discard()
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "/a"])
def test_names_stay_in_the_spool(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no plain file name"):
        SpooledFile(tmp_path, name, {})


def test_a_spool_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"")
    with pytest.raises(Failure, match="cannot be written") as caught:
        SpooledFile(tmp_path / "spool", "a", {}).open()
    assert caught.value.reason is Reason.STORAGE
