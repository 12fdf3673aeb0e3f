import pytest

from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.secrets import SealedSecret, Secrets, read_with_secrets
from codehost.record.tables import code_hosts


def sealed(place: str, token: str = "t") -> SealedSecret:
    return SealedSecret(place=place, url="https://a", token=token)


async def stored(database: Database, code_host_id: int) -> dict[str, str]:
    async with database.read() as connection:
        found = await read_with_secrets(connection, code_hosts.c.id == code_host_id)
    assert found is not None
    row, secrets = found
    assert row["id"] == code_host_id
    return {secret.place: secret.token for secret in secrets}


async def test_secrets_go_and_come_with_their_document(database: Database) -> None:
    hosts = CodeHosts(database)
    assert not await Secrets(database).exist()
    one = await hosts.create("one", "{}", source="hosts", priority=1, secrets=[sealed("/b"), sealed("/a")])
    other = await hosts.create("other", "{}", source="hosts", priority=1, secrets=[sealed("/a", "o")])
    assert await Secrets(database).exist()
    assert (await hosts.read("one"))[1] == (sealed("/a"), sealed("/b"))
    await hosts.replace(one, "{} ", source="hosts", secrets=[sealed("/a", "new")])
    assert await stored(database, one.code_host_id) == {"/a": "new"}
    await hosts.remove("one")
    assert await stored(database, one.code_host_id) == {}
    assert await stored(database, other.code_host_id) == {"/a": "o"}


async def test_all_are_renewed_or_none(database: Database) -> None:
    hosts, secrets = CodeHosts(database), Secrets(database)
    one = await hosts.create("one", "{}", source="hosts", priority=1, secrets=[sealed("/a", "1"), sealed("/b", "2")])
    other = await hosts.create("other", "{}", source="hosts", priority=1, secrets=[sealed("/a", "3")])

    def fails(_: str, secret: SealedSecret) -> str:
        if secret.token == "3":
            raise ValueError
        return "lost"

    with pytest.raises(ValueError, match=r"^$"):
        await secrets.renew(fails)
    assert await stored(database, one.code_host_id) == {"/a": "1", "/b": "2"}
    assert await secrets.renew(lambda name, secret: f"{name}{secret.place}{secret.token}") == 3
    assert await stored(database, one.code_host_id) == {"/a": "one/a1", "/b": "one/b2"}
    assert await stored(database, other.code_host_id) == {"/a": "other/a3"}


def test_a_sealed_secret_hides_its_token() -> None:
    assert "tok" not in repr(sealed("/a", "tok"))
