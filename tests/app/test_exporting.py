"""Configurations of many repositories, in pieces."""

import json

from sqlalchemy import update

from codehost.app.exporting import export
from codehost.app.storage import Storage
from codehost.record.database import open_database
from codehost.record.tables import releases
from codehost.serve.exports import Engine
from tests.record.helpers import pinned

COUNT = 10_001


async def test_every_repository_once_and_never_all_in_one_piece(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, *(f"p{number}==1" for number in range(COUNT)))
        async with database.write() as connection:
            await connection.execute(update(releases).values(commit="c" * 40))
    pieces: list[str] = []
    await export(storage, Engine.HOUND, None, pieces.append)
    assert set(json.loads("".join(pieces))["repos"]) == {f"python/p{number}/1" for number in range(COUNT)}
    assert max(len(piece) for piece in pieces) < 1_000_000
    assert len(pieces) == 4


async def test_none_at_all(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "a==1")
    pieces: list[str] = []
    await export(storage, Engine.SOURCEBOT, None, pieces.append)
    assert json.loads("".join(pieces)) == {"connections": {}}
