from pathlib import Path

import pytest

from codehost.model.errors import UserError
from codehost.record.database import open_database
from codehost.record.presence import is_there


async def test_a_database_is_there_once_it_has_tables(database_url: str, tmp_path: Path) -> None:
    assert not await is_there(database_url, tmp_path)
    # Looking made nothing.
    assert not await is_there(database_url, tmp_path)
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240 - a look, and nothing else runs
    async with open_database(database_url, tmp_path):
        pass
    assert await is_there(database_url, tmp_path)


async def test_sqlite_in_the_data_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert not await is_there(None, data)
    assert not data.exists()
    async with open_database(None, data):
        pass
    assert await is_there(None, data)


async def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    (tmp_path / "codehost.db").touch()
    assert not await is_there(None, tmp_path)


async def test_what_cannot_be_reached_is_left_to_the_opening(tmp_path: Path) -> None:
    assert await is_there("postgresql://user:canary@127.0.0.1:1/nothing", tmp_path)
    (tmp_path / "codehost.db").mkdir()
    assert await is_there(None, tmp_path)
    with pytest.raises(UserError, match="not supported"):
        await is_there("mysql://host/name", tmp_path)
