from pathlib import Path

import pytest

from codehost.app.storage import Storage
from codehost.app.verifying import verify
from codehost.housekeeping import locked
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.record.database import open_database
from tests.record.helpers import pinned


async def test_verify_does_not_take_an_empty_place_for_a_loss(storage: Storage, tmp_path: Path) -> None:
    elsewhere = Storage(data=DataDirectory(tmp_path / "typo"), database_url=f"sqlite:///{tmp_path}/shared.db")
    async with open_database(elsewhere.database_url, tmp_path):
        pass
    with pytest.raises(UserError, match=r"There are no repositories in .*typo: check --data-dir"):
        await verify(elsewhere, lambda _: None, repair=True)
    assert not elsewhere.data.root.exists()


async def test_verify_waits_for_nobody(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    with locked(storage.data), pytest.raises(UserError, match="Another codehost works"):
        await verify(storage, lambda _: None, repair=True)
