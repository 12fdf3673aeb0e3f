import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from codehost.app.hosting import Hosting
from codehost.app.keys import (
    KeyMismatchError,
    KeyPlace,
    Keyring,
    Keys,
    key_place,
    new_key,
    read_keys,
    rotate,
    write_new_key,
)
from codehost.app.storage import Storage
from codehost.config.restoring import KnownSecret
from codehost.model.errors import UserError
from codehost.record.database import Database, open_database
from codehost.record.secrets import SealedSecret

SECRET = KnownSecret(place="/urls/0/password", url="https://a", value='hunter2 "é"')
DOCUMENT = '{"urls": [{"url": "https://a", "username": "ann", "password": "%s"}]}'


def place(file: Path, *, given: str | None = None, may_make: bool = True) -> KeyPlace:
    return KeyPlace(given=given, file=file, may_make=may_make)


def keys_of(*texts: str) -> Keys:
    return read_keys(place(Path("/none"), given=",".join(texts)))


def test_what_is_sealed_can_be_opened() -> None:
    keys = keys_of(new_key())
    sealed = keys.seal(SECRET)
    assert (sealed.place, sealed.url) == (SECRET.place, SECRET.url)
    assert "hunter2" not in sealed.token
    assert keys.open("work", sealed) == SECRET


def test_the_url_is_the_sealed_one_whatever_the_row_says() -> None:
    keys = keys_of(new_key())
    forged = SealedSecret(place=SECRET.place, url="https://evil", token=keys.seal(SECRET).token)
    assert keys.open("work", forged).url == "https://a"


@pytest.mark.parametrize("token", ["", "x", "gAAAAA", "é"])
def test_a_damaged_token(token: str) -> None:
    with pytest.raises(KeyMismatchError, match=r"at /urls/0/password of the code host 'work' cannot be read"):
        keys_of(new_key()).open("work", SealedSecret(place=SECRET.place, url="https://a", token=token))


def test_keys_are_replaced_one_after_the_other() -> None:
    old, new = new_key(), new_key()
    sealed = keys_of(old).seal(SECRET)
    with pytest.raises(KeyMismatchError, match="the environment variable CODEHOST_KEY"):
        keys_of(new).renew("work", sealed)
    renewed = SealedSecret(place=sealed.place, url=sealed.url, token=keys_of(new, old).renew("work", sealed))
    assert keys_of(new).open("work", renewed) == SECRET


@pytest.mark.parametrize("text", ["short", "QZ" * 22, f"{'A' * 43}=,QZ", "# only a comment", ",", "\udcff", "é"])
def test_what_is_no_key_is_not_shown(text: str) -> None:
    with pytest.raises(UserError, match="CODEHOST_KEY holds is no key") as refused:
        keys_of(text)
    assert "QZ" not in str(refused.value)
    assert text not in repr(place(Path("/none"), given=text)) or text == ","


def test_a_key_file_is_for_its_user_only(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "key"
    assert write_new_key(file) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text(encoding="ascii")
    sealed = read_keys(place(file)).seal(SECRET)
    assert write_new_key(file) == 2
    assert file.read_text(encoding="ascii").endswith(first)
    assert read_keys(place(file)).open("work", sealed) == SECRET
    assert list(file.parent.iterdir()) == [file]
    for mode in (0o640, 0o604, 0o622):
        file.chmod(mode)
        for use in (lambda: read_keys(place(file)), lambda: write_new_key(file)):
            with pytest.raises(UserError, match=rf"open to other users \(mode {mode:04o}\): run chmod 600"):
                use()
    file.chmod(0o400)
    assert read_keys(place(file)).open("work", sealed) == SECRET


def test_a_key_file_as_people_write_it(tmp_path: Path) -> None:
    file, keys = tmp_path / "key", [new_key(), new_key()]
    file.write_text(f"# of November\n\n{keys[0]}\n  {keys[1]} # of May\r\n", encoding="ascii")
    file.chmod(0o600)
    assert read_keys(place(file)).open("work", keys_of(keys[1]).seal(SECRET)) == SECRET
    assert Fernet(keys[0]).decrypt(read_keys(place(file)).seal(SECRET).token)


def test_a_key_file_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no regular file"):
        read_keys(place(tmp_path))
    (tmp_path / "file").write_text("x", encoding="ascii")
    with pytest.raises(UserError, match="cannot be read"):
        read_keys(place(tmp_path / "file" / "key"))
    with pytest.raises(UserError, match="cannot be written"):
        write_new_key(tmp_path / "file" / "key")


@pytest.mark.parametrize(("url", "may_make"), [(None, True), ("sqlite:////x.db", True), ("postgresql://u@h/d", False)])
def test_where_keys_are(storage: Storage, url: str | None, *, may_make: bool) -> None:
    at = Storage(data=storage.data, database_url=url)
    assert key_place(at, None, None) == place(storage.data.root / "key", may_make=may_make)
    assert key_place(at, "k", Path("/f")) == place(Path("/f"), given="k", may_make=may_make)


async def test_a_first_key_is_made_only_where_no_other_machine_needs_it(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "made" / "key"
    with pytest.raises(UserError, match="All machines that share a database need the same key: make one with"):
        await Keyring(place(file, may_make=False)).keys_to_write(database)
    assert not file.exists()
    made = await Keyring(place(file)).keys_to_write(database)
    assert read_keys(place(file)).open("work", made.seal(SECRET)) == SECRET


async def test_a_key_that_is_lost_is_not_replaced_silently(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "key"
    await Hosting(database, Keyring(place(file))).add("work", DOCUMENT % "hunter2")
    file.unlink()
    lost = Hosting(database, Keyring(place(file)))
    for use in (
        lost.add("other", DOCUMENT % "x"),
        lost.usable("work"),
        lost.edit("work", DOCUMENT % "y"),
    ):
        with pytest.raises(UserError, match=r"key is missing, and the database holds secrets .*: put it back"):
            await use
    assert not file.exists()


async def test_rotation(storage: Storage) -> None:
    file = storage.data.root / "key"
    async with open_database(None, storage.data.root) as database:
        running = Hosting(database, Keyring(place(file)))
        await running.add("work", DOCUMENT % "hunter2")
        await running.add("other", '{"urls": ["https://u:p@b"]}')
        old = file.read_text(encoding="ascii")
        write_new_key(file)
        assert await rotate(storage, Keyring(place(file))) == 3
        newest = file.read_text(encoding="ascii").splitlines()[0]
        file.write_text(newest, encoding="ascii")
        # A program that began with the old key reads the file again.
        assert "hunter2" in (await running.usable("work")).text
        with pytest.raises(KeyMismatchError, match="add the key that it was encrypted with"):
            await rotate(storage, Keyring(place(file, given=old)))
