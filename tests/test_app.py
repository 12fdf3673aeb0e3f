import asyncio
from pathlib import Path

import pytest

from codehost import app
from codehost.config.loading import load
from codehost.housekeeping import locked
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.model.events import Synced
from codehost.model.jobs import JobState
from codehost.record.database import open_database
from tests.record.helpers import pinned
from tests.simulator.mirror import Mirror
from tests.wiring import Watcher, add_sdist, remains


@pytest.fixture
def storage(tmp_path: Path) -> app.Storage:
    return app.Storage(data=DataDirectory(tmp_path / "data"))


def request(text: str, *, with_pins: bool = False) -> app.SyncRequest:
    loaded = load(text.encode())
    assert loaded.config is not None
    return app.SyncRequest(name="host", text=loaded.text, config=loaded.config, with_pins=with_pins)


async def test_one_sync_from_end_to_end(storage: app.Storage) -> None:
    async with Mirror(username="user", password="canary") as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.authenticated_url}"], "dependencies": ["six==1.0"]}}', with_pins=True)
        watcher = Watcher()
        result = await app.sync(storage, asked, watcher, concurrency=1)
        assert (result.summary.complete, result.summary.requests_sent) == (True, 2)
        assert result.as_json is not None
        assert len(watcher.of(Synced)) == 1
        plain = await app.sync(storage, request(asked.text), Watcher())
        assert plain.as_json is None
    (host,) = await app.status(storage)
    assert (host.name, host.counts[JobState.COMPLETED], host.retired, host.failures) == ("host", 1, 0, ())
    assert (await app.details(storage, "python/six/1.0")).state is JobState.COMPLETED
    assert (await app.verify(storage, lambda _: None, repair=False)).checked == 1
    assert remains(storage.data) == []
    assert all(b"canary" not in path.read_bytes() for path in storage.data.root.rglob("*") if path.is_file())


def test_nothing_secret_in_representations(tmp_path: Path) -> None:
    storage = app.Storage(data=DataDirectory(tmp_path), database_url="postgresql://user:canary@host/name")
    assert "canary" not in repr(storage)
    assert "canary" not in repr(request('{"urls": ["https://user:canary@mirror.example.com/simple"]}'))


async def test_no_two_at_once(storage: app.Storage) -> None:
    async with Mirror() as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.url}"], "dependencies": ["six==1.0"]}}')
        both = (app.sync(storage, asked, Watcher()) for _ in range(2))
        outcomes = await asyncio.gather(*both, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, UserError)]
    assert [str(error).split(":")[0] for error in refused] == [
        f"Another codehost works on the data directory {storage.data.root}"
    ]


async def test_verify_does_not_take_an_empty_place_for_a_loss(storage: app.Storage, tmp_path: Path) -> None:
    elsewhere = app.Storage(data=DataDirectory(tmp_path / "typo"), database_url=f"sqlite:///{tmp_path}/shared.db")
    async with open_database(elsewhere.database_url, tmp_path):
        pass
    with pytest.raises(UserError, match=r"There are no repositories in .*typo: check --data-dir"):
        await app.verify(elsewhere, lambda _: None, repair=True)
    assert not elsewhere.data.root.exists()


async def test_verify_waits_for_nobody(storage: app.Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    with locked(storage.data), pytest.raises(UserError, match="Another codehost works"):
        await app.verify(storage, lambda _: None, repair=True)


async def test_looking_makes_nothing(storage: app.Storage) -> None:
    for look in (
        app.status(storage),
        app.details(storage, "python/six/1.0"),
        app.verify(storage, lambda _: None, repair=True),
    ):
        with pytest.raises(UserError, match="Nothing has been synced into"):
            await look
    assert not storage.data.root.exists()


async def test_migrate_makes_a_database(storage: app.Storage) -> None:
    await app.migrate(storage)
    assert await app.status(storage) == []
    with pytest.raises(UserError, match="There is no repository"):
        await app.details(storage, "python/six/1.0")


@pytest.mark.parametrize(
    "text",
    [
        "python/six/1.0",
        "python/six/1.0.git",
        "Python/Six/1.0",
        "six==1.0",
        "SIX == 1.0.0",
        "{repos}/python/six/1.0",
        "{repos}/python/six/1.0.git/",
    ],
)
async def test_what_a_release_may_be_called(storage: app.Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0", "six==2.0")
    found = await app.details(storage, text.format(repos=storage.data.repositories))
    assert found.repository == "python/six/1.0"


async def test_a_release_by_its_path_from_here(storage: app.Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    monkeypatch.chdir(storage.data.root.parent)
    assert (await app.details(storage, "data/repos/python/six/1.0.git")).repository == "python/six/1.0"


@pytest.mark.parametrize("text", ["", "/", "six", "six==3", "six>=1", "\udcff", "python/six/1.0/x", "/python/six"])
async def test_what_no_release_is_called(storage: app.Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    with pytest.raises(UserError, match=r"There is no repository .*: give a pin such as six==1\.16\.0, or a"):
        await app.details(storage, text)


def test_read_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        app.read_config(tmp_path)
    file = tmp_path / "host.jsonc"
    file.write_text('{"urls": []}')
    assert app.read_config(file).config is not None


async def test_a_database_belongs_to_one_data_directory(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    here, there = (app.Storage(data=DataDirectory(tmp_path / name), database_url=url) for name in ("here", "there"))
    async with Mirror() as mirror:
        add_sdist(mirror, "six==1.0")
        asked = request(f'{{"urls": ["{mirror.url}"], "dependencies": ["six==1.0"]}}')
        assert (await app.sync(here, asked, Watcher())).summary.synced == 1
        with pytest.raises(UserError, match="belongs to another data directory") as refused:
            await app.sync(there, asked, Watcher())
        with pytest.raises(UserError, match="belongs to another data directory"):
            await app.verify(there, lambda _: None, repair=True)
        # The sentence says how to go on when the first is lost.
        number = str(refused.value).partition("write ")[2].split()[0]
        there.data.identity.write_text(number)
        assert len((await app.verify(there, lambda _: None, repair=True)).findings) == 1
        assert (await app.sync(there, asked, Watcher())).summary.synced == 1
