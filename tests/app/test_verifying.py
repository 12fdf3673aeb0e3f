from pathlib import Path

import pytest

from codehost.app.storage import Storage, pair
from codehost.app.verifying import verify
from codehost.housekeeping import locked
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.record.database import open_database
from codehost.record.jobs import Jobs
from codehost.record.workers import Workers
from tests.record.helpers import download, pinned, report, resolution


async def test_verify_does_not_take_an_empty_place_for_a_loss(storage: Storage, tmp_path: Path) -> None:
    elsewhere = Storage(data=DataDirectory(tmp_path / "typo"), database_url=f"sqlite:///{tmp_path}/shared.db")
    async with open_database(elsewhere.database_url, tmp_path):
        pass
    with pytest.raises(UserError, match=r"There are no repositories in .*typo: check --data-dir"):
        await verify(elsewhere, lambda _: None, repair=True)
    assert not elsewhere.data.root.exists()


async def test_verify_finds_that_a_directory_has_lost_everything(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        host = await pinned(database, "six==1.0")
        with locked(storage.data):
            await pair(database, storage.data)
        (job,) = await Jobs(database).claim(host, "owner", 1, 60.0)
        await Jobs(database).complete(job, resolution(job), download(job), report())
    storage.data.repositories.rmdir()
    verification = await verify(storage, lambda _: None, repair=True)
    assert [finding.repository for finding in verification.findings] == ["python/six/1.0"]


async def test_verify_waits_for_nobody(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    with locked(storage.data), pytest.raises(UserError, match="Another codehost works"):
        await verify(storage, lambda _: None, repair=True)


async def test_verify_does_not_work_beside_a_worker_on_another_machine(storage: Storage) -> None:
    """Its lock may not be seen from here, and what it has just published would look like a stray."""
    storage.data.repositories.mkdir(parents=True)
    async with open_database(None, storage.data.root) as database:
        await Workers(database).register("elsewhere:1", "elsewhere", 1, "1.0")
        with pytest.raises(UserError) as caught:
            await verify(storage, lambda _: None, repair=True)
        assert str(caught.value).endswith(
            ": stop it before you verify. If that machine is gone, verify again in 60 seconds."
        )
        await Workers(database).remove("elsewhere:1")
    assert (await verify(storage, lambda _: None, repair=True)).checked == 0
