import asyncio
import json
from pathlib import Path

import pytest

from codehost.app.daemon.files import Files
from codehost.app.hosting import Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.model.records import RecordedCodeHost
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts

GOOD = json.dumps({"urls": ["https://mirror.example.com/simple"], "dependencies": ["six==1.0"]})
BETTER = GOOD.replace("1.0", "2.0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "configs"
    made.mkdir()
    return made


def files(database: Database, *places: Path) -> Files:
    keyring = Keyring(KeyPlace(file=places[0].parent / "key", may_make=True))
    return Files(database=database, hosting=Hosting(database, keyring), places=places, bell=asyncio.Event())


async def hosts(database: Database) -> dict[str, RecordedCodeHost]:
    return {host.name: host for host in await CodeHosts(database).all() if host.removed_at is None}


async def test_every_document_of_a_folder_is_a_code_host(database: Database, folder: Path) -> None:
    for name in ("a.json", "b.jsonc", ".hidden.json", "notes.txt"):
        (folder / name).write_text(GOOD)
    await files(database, folder).look()
    assert sorted(await hosts(database)) == ["a", "b"]


async def test_a_change_is_taken_and_a_mistake_is_not(database: Database, folder: Path) -> None:
    followed, file = files(database, folder), folder / "a.json"
    file.write_text(GOOD)
    await followed.look()
    file.write_text(BETTER)
    await followed.look()
    file.write_text("{")
    await followed.look()
    host = (await hosts(database))["a"]
    assert host.document == BETTER
    assert "is not followed as it is now" in (host.problem or "")


async def test_a_code_host_goes_with_its_file_after_some_looks_and_comes_back_with_it(
    database: Database, folder: Path
) -> None:
    followed, file = files(database, folder), folder / "a.json"
    file.write_text(GOOD)
    await followed.look()
    file.unlink()
    await followed.look()
    await followed.look()
    assert sorted(await hosts(database)) == ["a"]
    await followed.look()
    assert await hosts(database) == {}
    file.write_text(GOOD)
    await followed.look()
    assert sorted(await hosts(database)) == ["a"]


async def test_a_file_that_went_while_no_worker_ran_is_noticed(database: Database, folder: Path) -> None:
    (folder / "a.json").write_text(GOOD)
    await files(database, folder).look()
    (folder / "a.json").unlink()
    later = files(database, folder)
    for _ in range(3):
        await later.look()
    assert await hosts(database) == {}


async def test_a_folder_that_is_not_there_removes_nothing(database: Database, folder: Path) -> None:
    followed = files(database, folder)
    (folder / "a.json").write_text(GOOD)
    await followed.look()
    folder.rename(folder.with_name("unmounted"))  # noqa: ASYNC240 - a test
    for _ in range(20):
        await followed.look()
    assert sorted(await hosts(database)) == ["a"]
