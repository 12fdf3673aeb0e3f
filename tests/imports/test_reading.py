from pathlib import Path

import pytest

from codehost.imports.problems import MAX_FILE_BYTES
from codehost.imports.reading import read_from_disk


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"six==1.0\r\n")
    assert read_from_disk(str(tmp_path / "a")) == b"six==1.0\r\n"


def test_of_a_large_file_only_so_much_as_shows_it(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 4)
    assert len(read_from_disk(str(tmp_path / "a"))) == MAX_FILE_BYTES + 1


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_from_disk(str(tmp_path / "a"))
