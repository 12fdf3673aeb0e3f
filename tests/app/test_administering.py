import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.app.administering import Consulting, TooManyToAskError, admin_endpoints
from codehost.app.hosting import BadNameError, Hosting
from codehost.app.keys import KeyPlace, Keyring
from codehost.model.datadir import DataDirectory
from codehost.record.database import Database, open_database
from codehost.record.hosts import UnknownHostError
from tests.simulator.mirror import Mirror
from tests.wiring import add_sdist

URL = "https://mirror.example.com/simple"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(None, tmp_path) as opened:
        yield opened


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(KeyPlace(file=tmp_path / "key", may_make=True))


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as made:
        for pin in ("six==1.0", "six==2.0", "attrs==1.0"):
            add_sdist(made, pin)
        yield made


def consulting(database: Database, tmp_path: Path, keyring: Keyring, most: int = 1, **environ: str) -> Consulting:
    return Consulting(database, DataDirectory(tmp_path), keyring, environ=environ, most_asked=most)


def document(url: object, *pins: str) -> str:
    return json.dumps({"urls": [url], "dependencies": pins})


async def test_asking_is_bounded(database: Database, tmp_path: Path, keyring: Keyring, mirror: Mirror) -> None:
    asking = consulting(database, tmp_path, keyring)
    text = document(mirror.url, "six==1.0", "attrs==1.0")
    with pytest.raises(TooManyToAskError, match="for 2 projects, and here it asks for at most 1: leave out ask"):
        await asking.preview("new", text, stored=False, ask=True, most=9)
    assert mirror.requests == []
    told = await asking.preview("new", document(mirror.url, "six==1.0", "six==2.0"), stored=False, ask=True, most=9)
    assert told.content["asked"]


async def test_references_lead_into_the_environment_that_was_given(
    database: Database, tmp_path: Path, keyring: Keyring, mirror: Mirror
) -> None:
    mirror.username, mirror.password = "ann", "hunter2"
    entry = {"url": mirror.url, "username": "ann", "password": {"env": "PASSWORD"}}
    text = document(entry, "six==1.0")
    told = await consulting(database, tmp_path, keyring, PASSWORD="hunter2").check("new", text, stored=False)
    assert (told.content["well"], told.violations) == (True, ())
    told = await consulting(database, tmp_path, keyring).check("new", text, stored=False)
    assert [violation.pointer for violation in told.violations] == ["/urls/0/password"]


async def test_what_is_consulted_on_must_be_there(database: Database, tmp_path: Path, keyring: Keyring) -> None:
    asking = consulting(database, tmp_path, keyring)
    with pytest.raises(UnknownHostError):
        await asking.preview("work", None, stored=True, ask=False, most=9)
    with pytest.raises(BadNameError):
        await asking.check("a\0", document(URL), stored=False)


async def test_an_edited_document_is_compared_with_its_code_host(
    database: Database, tmp_path: Path, keyring: Keyring
) -> None:
    secret = {"url": URL, "bearerToken": "hunter2"}
    await Hosting(database, keyring).add("work", document(secret, "six==1.0"))
    asking = consulting(database, tmp_path, keyring)
    edited = document({"url": URL, "bearerToken": "REDACTED"}, "six==1.0", "six==2.0")
    told = await asking.preview("work", edited, stored=True, ask=False, most=9)
    assert told.content["known"]
    assert "hunter2" not in repr(told)
    moved = document({"url": "https://elsewhere.example.com", "bearerToken": "REDACTED"})
    told = await asking.preview("work", moved, stored=True, ask=False, most=9)
    assert [violation.pointer for violation in told.violations] == ["/urls/0/bearerToken"]


def test_every_operation_has_a_name_of_its_own(tmp_path: Path, database: Database, keyring: Keyring) -> None:
    endpoints = admin_endpoints(database, DataDirectory(tmp_path), keyring)
    assert len({endpoint.name for endpoint in endpoints}) == len(endpoints) == 23
