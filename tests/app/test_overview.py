"""The status from a real database and real documents."""

import asyncio

import pytest
from sqlalchemy import update

from codehost.app.looking import status, watch
from codehost.app.overview import Lookout
from codehost.app.storage import Storage
from codehost.model.errors import UserError
from codehost.model.status import Status
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.tables import code_hosts, metadata
from tests.record.helpers import pinned

DOCUMENTS = [
    # document: may its budget be known, cap
    ("{}", True, 57_600),
    ('{"rateLimit": {"requestsPerHour": 7.5}, // a comment\n}', True, 7),
    ('{"rateLimit": {"enabled": false}}', True, None),
    ("{", False, None),
    ("[]", False, None),
    ('{"rateLimit": {"requestsPerHour": "many"}}', False, None),
]


@pytest.mark.parametrize(("document", "readable", "cap"), DOCUMENTS)
async def test_the_budget_is_the_documents(
    database: Database, document: str, cap: int | None, *, readable: bool
) -> None:
    await CodeHosts(database).save("host", document)
    [host] = (await Lookout(database).status()).hosts
    assert (host.budget is not None) is readable
    if host.budget is not None:
        assert host.budget.requests_per_hour == cap


async def test_a_document_is_read_again_when_it_is_another_one(database: Database) -> None:
    async def cap(lookout: Lookout) -> int | None:
        budget = (await lookout.status()).hosts[0].budget
        return None if budget is None else budget.requests_per_hour

    hosts, lookout = CodeHosts(database), Lookout(database)
    await hosts.save("host", '{"rateLimit": {"requestsPerHour": 5}}')
    assert await cap(lookout) == 5
    async with database.write() as connection:
        # Whoever looks every second must not read what may be long.
        await connection.execute(update(code_hosts).values(document="not read"))
    assert await cap(lookout) == 5
    await hosts.save("host", '{"rateLimit": {"requestsPerHour": 6}}')
    assert await cap(lookout) == 6


async def test_in_the_order_of_priority(database: Database) -> None:
    for name in ("b", "a", "first"):
        await CodeHosts(database).save(name, "{}")
    await CodeHosts(database).set_priority("first", 1)
    found = await Lookout(database).status()
    assert [host.record.host.name for host in found.hosts] == ["first", "a", "b"]


async def test_status_of_what_was_stored(storage: Storage) -> None:
    async with open_database(None, storage.data.root) as database:
        await pinned(database, "six==1.0")
    [host] = (await status(storage)).hosts
    assert (host.record.ready, host.seconds_left) == (1, None)


async def test_watching_goes_on_when_the_database_is_broken_meanwhile(storage: Storage) -> None:
    shown: asyncio.Queue[Status | UserError] = asyncio.Queue()
    async with open_database(None, storage.data.root) as database, asyncio.timeout(10):
        await pinned(database, "six==1.0")
        watching = asyncio.create_task(watch(storage, shown.put_nowait, every=0.01))
        try:
            assert isinstance(await shown.get(), Status)
            for change, then in ((metadata.drop_all, UserError), (metadata.create_all, Status)):
                async with database.write() as connection:
                    await connection.run_sync(change)
                while not isinstance(await shown.get(), then):
                    pass
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
