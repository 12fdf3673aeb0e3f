import hashlib

from sqlalchemy import insert

from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.hosts import CodeHosts
from codehost.record.tables import ledger
from tests.record.helpers import pinned


async def test_a_code_host_is_created_and_then_renewed(database: Database) -> None:
    hosts = CodeHosts(database)
    first = await hosts.save("work", "{} // one")
    created = await hosts.find("work")
    assert await hosts.save("work", "{} // two") == first
    renewed = await hosts.find("work")
    assert created is not None
    assert renewed is not None
    assert (renewed.code_host_id, renewed.created_at) == (first, created.created_at)
    assert renewed.document == "{} // two"
    assert renewed.document_sha256 == hashlib.sha256(b"{} // two").hexdigest()


async def test_the_same_document_changes_nothing(database: Database) -> None:
    hosts = CodeHosts(database)
    await hosts.save("work", "{}")
    before = await hosts.all()
    await hosts.save("work", "{}")
    assert await hosts.all() == before


async def test_code_hosts_have_names_of_their_own(database: Database) -> None:
    hosts = CodeHosts(database)
    assert await hosts.save("b", "{}") != await hosts.save("a", "{}")
    assert [host.name for host in await hosts.all()] == ["a", "b"]
    assert await hosts.find("c") is None


async def test_a_code_host_that_was_never_used_is_forgotten(database: Database) -> None:
    hosts = CodeHosts(database)
    unused, asked = await hosts.save("unused", "{}"), await hosts.save("asked", "{}")
    planned = await pinned(database, "six==1", name="planned")
    async with database.write() as connection:
        await connection.execute(insert(ledger).values(code_host_id=asked, granted_at=clock(), tokens=1))
    for code_host_id in (unused, asked, planned, planned + 1):
        await hosts.forget_if_unused(code_host_id)
    assert [host.name for host in await hosts.all()] == ["asked", "planned"]


async def test_no_secret_is_stored(database: Database) -> None:
    hosts = CodeHosts(database)
    await hosts.save("work", '{"urls": ["https://ann:secret@h/simple"]} // ours')
    host = await hosts.find("work")
    assert host is not None
    assert host.document == '{"urls": ["https://h/simple"]} // ours'
