import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from codehost.model.access import Access, Role
from codehost.model.errors import DatabaseUnavailableError
from codehost.record.database import Database, open_database
from codehost.record.tokens import RecordedToken, Tokens
from codehost.serve.access.credentials import fingerprint, new_token
from codehost.serve.access.gate import REMEMBERED_SECONDS, Gate, Reading
from codehost.serve.access.limiter import Failures
from codehost.serve.problems import Kind, ProblemError

HERE = "192.0.2.1"


@pytest.fixture
async def store(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(sqlite_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def tokens(store: Database) -> Tokens:
    return Tokens(store)


async def added(tokens: Tokens, role: Role = Role.READER, seconds: float | None = None) -> str:
    token = new_token()
    await tokens.add(role.value, role, fingerprint(token), seconds=seconds)
    return token


async def kind_of(gate: Gate, token: str, address: str = HERE) -> Kind | None:
    try:
        await gate.identify([f"Bearer {token}"], address)
    except ProblemError as error:
        return error.kind
    return None


async def test_who_comes(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.TOKEN)
    reader, admin = await added(tokens), await added(tokens, Role.ADMIN)
    assert await gate.identify([], HERE) == Access()
    assert await gate.identify([f"Bearer {reader}"], HERE) == Access(role=Role.READER, token="reader")
    assert await gate.identify([f"Bearer {admin}"], HERE) == Access(role=Role.ADMIN, token="admin")
    await gate.close()
    _, found = await tokens.all()
    assert all(token.last_used_at is not None for token in found)


async def test_every_bad_token_is_answered_in_the_same_way(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.OPEN)
    expired = await added(tokens, seconds=-1)
    said = set()
    revoked = await added(tokens, Role.ADMIN)
    await tokens.revoke("admin")
    for token in (expired, revoked, new_token()):
        with pytest.raises(ProblemError) as caught:
            await gate.identify([f"Bearer {token}"], HERE)
        said.add((caught.value.kind, caught.value.detail))
    assert len(said) == 1
    assert {kind for kind, _ in said} == {Kind.UNAUTHENTICATED}


@pytest.mark.parametrize(
    "value", ["Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer", "Negotiate x", "Bearer codehost_x"]
)
async def test_what_is_no_token_is_nothing(tokens: Tokens, value: str) -> None:
    gate = Gate(tokens, Reading.OPEN, Failures(most=1, seconds=1_000.0))
    for _ in range(3):
        assert await gate.identify([value], HERE) == Access()


async def test_guesses_are_limited_and_good_tokens_of_others_are_not(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.OPEN, Failures(most=3, seconds=1_000.0))
    good = await added(tokens)
    kinds = [await kind_of(gate, new_token()) for _ in range(5)]
    assert kinds == [Kind.UNAUTHENTICATED] * 3 + [Kind.TOO_MANY] * 2
    assert await kind_of(gate, good) is Kind.TOO_MANY
    assert await kind_of(gate, good, "192.0.2.2") is None
    # Known now, so it is no guess from wherever it comes.
    assert await kind_of(gate, good) is None
    with pytest.raises(ProblemError) as caught:
        await gate.identify([f"Bearer {new_token()}"], HERE)
    assert 900 <= int(caught.value.headers["Retry-After"]) <= 1_000
    await gate.close()


async def test_one_bad_token_again_and_again_is_one_guess(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.OPEN, Failures(most=3, seconds=1_000.0))
    bad, good = new_token(), await added(tokens)
    assert {await kind_of(gate, bad) for _ in range(20)} == {Kind.UNAUTHENTICATED}
    assert await kind_of(gate, good) is None
    await gate.close()


async def test_a_revoked_token_is_none_within_seconds(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.OPEN)
    token = await added(tokens)
    assert await kind_of(gate, token) is None
    await tokens.revoke("reader")
    await asyncio.sleep(REMEMBERED_SECONDS + 0.1)
    assert await kind_of(gate, token) is Kind.UNAUTHENTICATED
    await gate.close()


async def test_many_at_once_ask_the_database_once(store: Database, tokens: Tokens) -> None:
    asked = []

    class Counting(Tokens):
        async def find(self, sha256: str) -> None:
            asked.append(sha256)
            await asyncio.sleep(0.01)

    gate = Gate(Counting(store), Reading.OPEN)
    token = new_token()
    kinds = await asyncio.gather(*(kind_of(gate, token) for _ in range(50)))
    assert set(kinds) == {Kind.UNAUTHENTICATED}
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("reading", "role", "wanted", "kind"),
    [
        (Reading.OPEN, None, None, None),
        (Reading.OPEN, None, Role.READER, None),
        (Reading.OPEN, None, Role.ADMIN, Kind.UNAUTHENTICATED),
        (Reading.OPEN, Role.READER, Role.ADMIN, Kind.FORBIDDEN),
        (Reading.OPEN, Role.ADMIN, Role.ADMIN, None),
        (Reading.TOKEN, None, None, None),
        (Reading.TOKEN, None, Role.READER, Kind.UNAUTHENTICATED),
        (Reading.TOKEN, Role.READER, Role.READER, None),
        (Reading.TOKEN, Role.ADMIN, Role.READER, None),
        (Reading.TOKEN, Role.READER, Role.ADMIN, Kind.FORBIDDEN),
    ],
)
async def test_who_may(
    tokens: Tokens, reading: Reading, role: Role | None, wanted: Role | None, kind: Kind | None
) -> None:
    gate = Gate(tokens, reading)
    found = None
    try:
        gate.admit(Access(role=role), wanted)
    except ProblemError as error:
        found = error.kind
    assert found is kind


async def test_its_secret_is_nowhere_in_the_database(store: Database, tokens: Tokens) -> None:
    token = await added(tokens)
    async with store.read() as connection:
        assert token not in str((await connection.execute(text("SELECT * FROM tokens"))).all())


async def test_guesses_at_the_same_time_are_counted_each(tokens: Tokens) -> None:
    gate = Gate(tokens, Reading.OPEN, Failures(most=3, seconds=1_000.0))
    kinds = await asyncio.gather(*(kind_of(gate, new_token()) for _ in range(20)))
    assert kinds.count(Kind.UNAUTHENTICATED) == 3
    assert kinds.count(Kind.TOO_MANY) == 17


async def test_a_database_that_is_away_counts_against_nobody(store: Database) -> None:
    class Away(Tokens):
        async def find(self, sha256: str) -> None:
            raise DatabaseUnavailableError(f"It is away: {sha256}.")

    gate = Gate(Away(store), Reading.OPEN, Failures(most=2, seconds=1_000.0))
    for _ in range(5):
        with pytest.raises(DatabaseUnavailableError):
            await gate.identify([f"Bearer {new_token()}"], HERE)


async def test_a_slow_database_does_not_lengthen_what_is_remembered(store: Database, tokens: Tokens) -> None:
    class Slow(Tokens):
        async def find(self, sha256: str) -> RecordedToken | None:
            found = await super().find(sha256)
            gate._clock = lambda: later  # noqa: SLF001 - a clock that is ahead, in place of waiting
            return found

    token = await added(tokens)
    gate = Gate(Slow(store), Reading.TOKEN)
    later = asyncio.get_running_loop().time() + REMEMBERED_SECONDS
    assert await kind_of(gate, token) is None
    await tokens.revoke("reader")
    later += 0.001
    assert await kind_of(gate, token) is Kind.UNAUTHENTICATED
    await gate.close()
