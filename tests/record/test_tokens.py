import pytest
from sqlalchemy import text

from codehost.model.access import Role
from codehost.record.database import Database
from codehost.record.tokens import Tokens, TokenTakenError, UnknownTokenError

ONE, TWO = "1" * 64, "2" * 64


async def test_added_found_listed_and_revoked(database: Database) -> None:
    tokens = Tokens(database)
    assert not await tokens.has_admin()
    reader = await tokens.add("ci", Role.READER, ONE)
    assert not await tokens.has_admin()
    admin = await tokens.add("me", Role.ADMIN, TWO, seconds=3_600)
    assert await tokens.has_admin()
    assert admin.expires_at == admin.created_at + 3_600_000_000
    assert await tokens.find(ONE) == reader
    assert await tokens.find("3" * 64) is None
    now, found = await tokens.all()
    assert now >= admin.created_at
    assert found == [reader, admin]
    await tokens.revoke("ci")
    assert await tokens.find(ONE) is None
    with pytest.raises(UnknownTokenError, match="There is no token called 'ci'"):
        await tokens.revoke("ci")


async def test_names_are_taken_once(database: Database) -> None:
    tokens = Tokens(database)
    await tokens.add("ci", Role.READER, ONE)
    with pytest.raises(TokenTakenError, match="There is a token called 'ci' already"):
        await tokens.add("ci", Role.ADMIN, TWO)
    assert await tokens.find(TWO) is None


async def test_an_expired_token_is_none(database: Database) -> None:
    tokens = Tokens(database)
    await tokens.add("old", Role.ADMIN, ONE, seconds=-1)
    assert await tokens.find(ONE) is None
    assert not await tokens.has_admin()
    assert [token.name for token in (await tokens.all())[1]] == ["old"]


async def test_its_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    tokens = Tokens(database)
    token = await tokens.add("ci", Role.READER, ONE)
    assert token.last_used_at is None

    async def used() -> int:
        await tokens.used(token.token_id)
        found = await tokens.find(ONE)
        assert found is not None
        assert found.last_used_at is not None
        return found.last_used_at

    first = await used()
    assert await used() == first
    async with database.write() as connection:
        await connection.execute(text("UPDATE tokens SET last_used_at = last_used_at - 61000000"))
    assert await used() >= first
