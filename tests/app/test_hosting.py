import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from codehost.app.host_json import host_to_json
from codehost.app.hosting import (
    BadNameError,
    DocumentChangedError,
    Hosting,
    KeptElsewhereError,
    NameTakenError,
    Saved,
    UnknownHostError,
    UnusableDocumentError,
    states,
)
from codehost.app.keys import KeyPlace, Keyring
from codehost.app.storage import Storage
from codehost.config.loading import load
from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from tests.record.helpers import pinned, replan

SECRET = "hunter2"
TEXT = f"""{{
  // ours
  "urls": ["https://ann:{SECRET}@a.example/simple", {{"url": "https://b.example", "bearerToken": "{SECRET}"}}],
  "dependencies": ["six==1.16.0"]
}}"""


@pytest.fixture
def hosting(database: Database, tmp_path: Path) -> Hosting:
    return Hosting(database, Keyring(KeyPlace(file=tmp_path / "key", may_make=True)))


async def found(hosting: Hosting, name: str = "work") -> RecordedCodeHost:
    return (await hosting.show(name)).host


async def test_a_document_is_stored_without_its_secrets_and_used_with_them(hosting: Hosting) -> None:
    saved = await hosting.add("work", TEXT, priority=7)
    assert (saved.changed, saved.violations) == (True, ())
    host = await found(hosting)
    assert host == saved.host
    assert (host.source, host.priority) == ("hosts", 7)
    assert host.document == TEXT.replace(f"ann:{SECRET}", "REDACTED").replace(SECRET, "REDACTED")
    usable = await hosting.usable("work")
    assert usable.text == TEXT
    assert usable.host == host
    assert SECRET not in repr((usable, saved, await hosting.all()))


async def test_a_document_that_is_not_valid_is_not_taken(hosting: Hosting) -> None:
    saved = await hosting.add(
        "work", '{"urls": ["https://REDACTED@a", {"url": "https://b", "password": "REDACTED"}], "x": 1}'
    )
    assert (saved.host, [violation.pointer for violation in saved.violations]) == (
        None,
        ["/urls/0", "/urls/1/password", "/urls/1/password", "/x"],
    )
    assert await hosting.all() == []


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201])
async def test_names_that_cannot_be(hosting: Hosting, name: str) -> None:
    with pytest.raises(BadNameError, match="cannot be a code host's name"):
        await hosting.add(name, TEXT)


async def test_a_name_is_taken_once(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    with pytest.raises(NameTakenError):
        await hosting.add("work", TEXT)


async def test_an_edit_keeps_what_it_does_not_see(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    before = await found(hosting)
    saved = await hosting.edit(
        "work", before.document.replace("1.16.0", "1.17.0"), expected_sha256=before.document_sha256
    )
    assert saved.changed
    assert (await hosting.usable("work")).text == TEXT.replace("1.16.0", "1.17.0")
    refused = await hosting.edit("work", before.document.replace("b.example", "c.example"))
    assert [violation.line for violation in refused.violations] == [3]
    assert refused.host == await found(hosting) == saved.host


async def test_an_edit_that_changes_nothing(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    before = await found(hosting)
    for text in (before.document, TEXT):
        saved = await hosting.edit("work", text)
        assert (saved.changed, saved.host) == (False, before)


async def test_a_new_password_alone_is_a_change(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    before = await found(hosting)
    saved = await hosting.edit("work", TEXT.replace(SECRET, "better"))
    assert saved.changed
    after = await found(hosting)
    assert after.document_sha256 == before.document_sha256
    assert after.sync_requested_at is not None
    assert after.updated_at > before.updated_at
    assert (await hosting.usable("work")).text == TEXT.replace(SECRET, "better")


async def test_of_two_who_edit_one_document_the_second_is_told(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    seen = (await found(hosting)).document_sha256
    await hosting.edit("work", TEXT.replace("six", "attrs"), expected_sha256=seen)
    with pytest.raises(DocumentChangedError):
        await hosting.edit("work", TEXT.replace("six", "idna"), expected_sha256=seen)
    assert "attrs" in (await found(hosting)).document


async def test_the_document_of_a_sync_can_be_taken_over(hosting: Hosting, database: Database) -> None:
    loaded = load(TEXT.encode())
    await CodeHosts(database).save("work", loaded.storable)
    with pytest.raises(UnusableDocumentError, match=r"the bearer token of https://b\.example .*is not known"):
        await hosting.usable("work")
    assert (await hosting.edit("work", (await found(hosting)).document)).violations
    assert (await hosting.edit("work", TEXT)).changed
    assert (await found(hosting)).source == "hosts"
    assert (await hosting.usable("work")).text == TEXT


async def test_nothing_is_there(hosting: Hosting) -> None:
    uses: list[Callable[[str], Awaitable[object]]] = [
        hosting.show,
        hosting.usable,
        hosting.remove,
        hosting.pause,
        hosting.resume,
        hosting.request_sync,
        hosting.confirm_removal,
    ]
    for use in uses:
        with pytest.raises(UnknownHostError, match="There is no code host 'work'"):
            await use("work")
    with pytest.raises(UnknownHostError):
        await hosting.edit("work", TEXT)


async def test_states_in_order_with_their_releases(hosting: Hosting, database: Database) -> None:
    for name, priority in (("b", 5), ("a", 5), ("c", 1)):
        await hosting.add(name, TEXT, priority=priority)
    made = (await found(hosting, "b")).code_host_id
    await replan(database, made, ["six==1", "six==2"])
    await replan(database, made, ["six==1"])
    listed = await hosting.all()
    assert [state.host.name for state in listed] == ["c", "a", "b"]
    assert (listed[2].counts[JobState.QUEUED], listed[2].retired) == (1, 1)
    await hosting.set_priority("b", 0)
    assert [state.host.name for state in await hosting.all()] == ["b", "c", "a"]
    shown = host_to_json(await hosting.show("b"), with_document=True)
    assert SECRET not in json.dumps(shown)
    assert shown["releases"] == {
        "queued": 1,
        "processing": 0,
        "completed": 0,
        "errored": 0,
        "failed": 0,
        "cancelled": 0,
        "retired": 1,
    }
    assert "document" not in host_to_json(await hosting.show("b"), with_document=False)


async def test_removed_and_added_again(hosting: Hosting, database: Database) -> None:
    await hosting.add("work", TEXT)
    made = (await found(hosting)).code_host_id
    await replan(database, made, ["six==1"])
    assert (await hosting.remove("work")).removed_at is not None
    assert (await hosting.show("work")).retired == 1
    with pytest.raises(UnknownHostError):
        await hosting.usable("work")
    saved = await hosting.add("work", TEXT.replace(SECRET, "better"))
    assert saved.host is not None
    assert (saved.host.code_host_id, saved.host.removed_at) == (made, None)
    assert (await hosting.usable("work")).text == TEXT.replace(SECRET, "better")


async def test_one_without_releases_goes_at_once(hosting: Hosting) -> None:
    await hosting.add("work", TEXT)
    await hosting.remove("work")
    assert await hosting.all() == []


async def test_a_watched_file_is_followed(hosting: Hosting, tmp_path: Path) -> None:
    file = tmp_path / "work.jsonc"
    assert (await hosting.keep_file(file, TEXT.encode())).changed
    host = await found(hosting)
    assert host.source == f"file:{file}"
    assert not (await hosting.keep_file(file, TEXT)).changed
    assert await found(hosting) == host
    assert (await hosting.keep_file(file, TEXT.replace("six", "attrs"))).changed
    assert "attrs" in (await hosting.usable("work")).text


async def test_a_watched_file_that_breaks_leaves_the_last_good_document(hosting: Hosting, tmp_path: Path) -> None:
    file = tmp_path / "work.jsonc"
    assert (await hosting.keep_file(file, "{")).violations
    assert await hosting.all() == []
    await hosting.keep_file(file, TEXT)
    good = await found(hosting)
    saved = await hosting.keep_file(file, TEXT.replace("==", ">="))
    assert saved.violations
    broken = await found(hosting)
    assert saved.host == broken
    assert (broken.document, broken.updated_at) == (good.document, good.updated_at)
    opening = f"The file {file} is not followed as it is now: it has a mistake on line 4, column 20: /dependencies/0:"
    assert (broken.problem or "").startswith(opening)
    assert SECRET not in (broken.problem or "")
    await hosting.keep_file(file, TEXT)
    assert (await found(hosting)).problem is None


async def test_looking_at_an_unchanged_file_writes_nothing(storage: Storage) -> None:
    file = storage.data.root / "work.jsonc"
    async with open_database(None, storage.data.root) as database:
        hosting = Hosting(database, Keyring(KeyPlace(file=storage.data.root / "key", may_make=True)))
        await hosting.keep_file(file, TEXT)
        with closing(sqlite3.connect(storage.data.root / "codehost.db")) as observer:
            for text in (TEXT, TEXT.replace("==", ">=")):
                await hosting.keep_file(file, text)
                (before,) = observer.execute("PRAGMA data_version").fetchone()
                await hosting.keep_file(file, text)
                assert observer.execute("PRAGMA data_version").fetchone() == (before,)


async def test_what_planning_found_is_not_hidden_by_the_file(
    hosting: Hosting, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "work.jsonc"
    await hosting.keep_file(file, TEXT)
    await CodeHosts(database).set_problem((await found(hosting)).code_host_id, "Two code hosts would make one.")
    await hosting.keep_file(file, TEXT)
    assert (await found(hosting)).problem == "Two code hosts would make one."
    await hosting.keep_file(file, TEXT.replace("six", "attrs"))
    assert (await found(hosting)).problem is None


async def test_a_file_and_the_commands_leave_each_others_documents_alone(hosting: Hosting, tmp_path: Path) -> None:
    file = tmp_path / "work.jsonc"
    file.touch()
    await hosting.keep_file(file, TEXT)
    await hosting.add("mine", TEXT)
    for use in (
        hosting.edit("work", TEXT),
        hosting.remove("work"),
        hosting.keep_file(tmp_path / "other" / "work.jsonc", TEXT),
        hosting.keep_file(tmp_path / "mine.jsonc", TEXT),
    ):
        with pytest.raises(KeptElsewhereError):
            await use
    file.unlink()
    await hosting.remove("work")
    await hosting.keep_file(file, TEXT)
    await hosting.remove("work", source=f"file:{file}")


async def test_states_where_there_is_no_database(storage: Storage) -> None:
    assert await states(storage, Keyring(KeyPlace(file=storage.data.root / "key"))) == []
    assert not storage.data.root.exists()


async def test_the_documents_of_syncs_are_listed_too(hosting: Hosting, database: Database) -> None:
    await pinned(database, "six==1", name="old")
    assert [state.host.source for state in await hosting.all()] == ["sync"]


async def test_of_many_at_once_one_wins(hosting: Hosting) -> None:
    texts = [TEXT.replace("1.16.0", f"1.{number}") for number in range(8)]
    added = await asyncio.gather(*(hosting.add("work", text) for text in texts), return_exceptions=True)
    assert sorted(type(one).__name__ for one in added) == ["NameTakenError"] * 7 + ["Saved"]
    seen = (await found(hosting)).document_sha256
    texts = [TEXT.replace("1.16.0", f"2.{number}").replace(SECRET, f"word{number}") for number in range(8)]
    edited = await asyncio.gather(
        *(hosting.edit("work", text, expected_sha256=seen) for text in texts), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in edited) == ["DocumentChangedError"] * 7 + ["Saved"]
    winner = next(number for number, one in enumerate(edited) if isinstance(one, Saved))
    assert (await hosting.usable("work")).text == texts[winner]


async def test_a_document_is_never_used_with_the_secrets_of_another(hosting: Hosting) -> None:
    def text(number: int) -> str:
        return f'{{"urls": [{{"url": "https://a/{number}", "bearerToken": "word{number}"}}]}}'

    await hosting.add("work", text(0))

    async def write() -> None:
        for number in range(1, 15):
            await hosting.edit("work", text(number))

    writing = asyncio.create_task(write())
    reads = 0
    while not writing.done():
        usable = (await hosting.usable("work")).text
        assert usable in {text(number) for number in range(15)}
        reads += 1
    await writing
    assert reads
