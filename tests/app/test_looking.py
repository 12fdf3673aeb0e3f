import pytest

from codehost.app.looking import details, status
from codehost.app.storage import Storage
from codehost.app.verifying import verify
from codehost.model.errors import UserError
from codehost.record.database import open_database
from tests.record.helpers import pinned


async def test_looking_makes_nothing(storage: Storage) -> None:
    for look in (
        status(storage),
        details(storage, "python/six/1.0"),
        verify(storage, lambda _: None, repair=True),
    ):
        with pytest.raises(UserError, match="Nothing has been synced into"):
            await look
    assert not storage.data.root.exists()


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
async def test_what_a_release_may_be_called(storage: Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0", "six==2.0")
    found = await details(storage, text.format(repos=storage.data.repositories))
    assert found.repository == "python/six/1.0"


async def test_a_release_by_its_path_from_here(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    monkeypatch.chdir(storage.data.root.parent)
    assert (await details(storage, "data/repos/python/six/1.0.git")).repository == "python/six/1.0"


@pytest.mark.parametrize("text", ["", "/", "six", "six==3", "six>=1", "\udcff", "python/six/1.0/x", "/python/six"])
async def test_what_no_release_is_called(storage: Storage, text: str) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    with pytest.raises(UserError, match=r"There is no repository .*: give a pin such as six==1\.16\.0, or a"):
        await details(storage, text)
