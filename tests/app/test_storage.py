from pathlib import Path

import pytest

from codehost.app.looking import details, status
from codehost.app.storage import Storage, migrate, pair
from codehost.app.syncing import sync
from codehost.app.verifying import verify
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.record.database import Database
from tests.app.helpers import request
from tests.simulator.mirror import Mirror
from tests.wiring import Watcher, add_sdist


async def test_migrate_makes_a_database(storage: Storage) -> None:
    await migrate(storage)
    assert (await status(storage)).hosts == ()
    with pytest.raises(UserError, match="There is no repository"):
        await details(storage, "python/six/1.0")


async def test_a_database_belongs_to_one_data_directory(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    here, there = (Storage(data=DataDirectory(tmp_path / name), database_url=url) for name in ("here", "there"))
    async with Mirror() as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.url}"], "dependencies": ["six==1.0"]}}')
        assert (await sync(here, asked, Watcher())).summary.synced == 1
        with pytest.raises(UserError, match="belongs to another data directory") as refused:
            await sync(there, asked, Watcher())
        with pytest.raises(UserError, match="belongs to another data directory"):
            await verify(there, lambda _: None, repair=True)
        # The sentence says how to go on when the first is lost.
        number = str(refused.value).partition("write ")[2].split()[0]
        there.data.identity.write_text(number)
        assert len((await verify(there, lambda _: None, repair=True)).findings) == 1
        assert (await sync(there, asked, Watcher())).summary.synced == 1


async def test_the_first_use_needs_no_folder_but_the_data_directory(database: Database, tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "new")
    data.root.mkdir()
    await pair(database, data)
    number = data.identity.read_text()
    await pair(database, data)
    assert data.identity.read_text() == number
