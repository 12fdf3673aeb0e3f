import asyncio
import hashlib
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from codehost.model.budget import COUNTED
from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost
from codehost.record.clock import clock
from codehost.record.database import Database, open_database
from codehost.record.hosts import (
    CodeHosts,
    DocumentChangedError,
    KeptElsewhereError,
    NameTakenError,
    UnknownHostError,
    digest_of,
)
from codehost.record.releases import Releases
from codehost.record.tables import code_hosts, ledger
from codehost.record.wakeups import open_wakeups
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


async def created(
    hosts: CodeHosts, name: str = "work", document: str = "{}", source: str = "hosts"
) -> RecordedCodeHost:
    return await hosts.create(name, document, source=source, priority=5, secrets=())


async def test_a_code_host_is_made_once(database: Database) -> None:
    hosts = CodeHosts(database)
    made = await created(hosts)
    assert made == await hosts.find("work")
    assert (made.source, made.priority, made.paused, made.document_sha256) == ("hosts", 5, False, digest_of("{}"))
    with pytest.raises(NameTakenError, match="There is a code host 'work' already"):
        await created(hosts, document="{} // other")
    assert await hosts.find("work") == made


async def test_of_two_edits_of_one_document_the_first_counts(database: Database) -> None:
    hosts = CodeHosts(database)
    base = await created(hosts)
    first = await hosts.replace(base, "{} // first", source="hosts", secrets=())
    assert (first.document, first.updated_at > base.updated_at) == ("{} // first", True)
    with pytest.raises(DocumentChangedError, match="was changed by somebody else"):
        await hosts.replace(base, "{} // second", source="hosts", secrets=())
    assert await hosts.find("work") == first


async def test_edits_within_one_tick_or_with_the_clock_set_back_are_told_apart(database: Database) -> None:
    hosts = CodeHosts(database)
    await created(hosts)
    ahead = 9_000_000_000_000_000
    async with database.write() as connection:
        await connection.execute(update(code_hosts).values(updated_at=ahead))
    (base,) = await hosts.all()
    assert (await hosts.replace(base, "{} ", source="hosts", secrets=())).updated_at == ahead + 1


async def test_another_secret_alone_asks_for_a_sync(database: Database) -> None:
    hosts = CodeHosts(database)
    base = await created(hosts)
    again = await hosts.replace(base, base.document, source="hosts", secrets=())
    assert again.sync_requested_at is not None
    other = await hosts.replace(again, "{} ", source="hosts", secrets=())
    assert other.sync_requested_at == again.sync_requested_at


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("hosts", "is kept in the database: change it with codehost hosts edit work, or use another name"),
        ("file:/etc/work.jsonc", "follows the watched file /etc/work.jsonc: change or remove that file"),
    ],
)
async def test_a_sync_does_not_write_over_what_others_keep(database: Database, source: str, said: str) -> None:
    hosts = CodeHosts(database)
    made = await created(hosts, source=source)
    with pytest.raises(KeptElsewhereError) as refused:
        await hosts.save("work", "{} // another")
    assert said in str(refused.value)
    assert await hosts.save("work", "{}") == made.code_host_id
    await hosts.forget_if_unused(made.code_host_id)
    assert await hosts.find("work") == made


async def test_what_people_ask_for(database: Database) -> None:
    hosts = CodeHosts(database)
    made = await created(hosts)
    assert (await hosts.pause("work", paused=True)).paused
    assert not (await hosts.pause("work", paused=False)).paused
    assert (await hosts.set_priority("work", -1)).priority == -1
    asked = (await hosts.request_sync("work")).sync_requested_at
    assert asked is not None
    assert asked >= made.created_at
    assert (await hosts.confirm_removal("work")).removal_confirmed_sha256 == made.document_sha256
    await hosts.set_problem(made.code_host_id, "see https://u:p@h/s")
    found = await hosts.find("work")
    assert found is not None
    assert (found.problem, found.updated_at) == ("see https://h/s", made.updated_at)
    assert (await hosts.replace(found, "{} ", source="hosts", secrets=())).problem is None


async def test_nobody_asks_anything_of_a_code_host_that_is_not_there(database: Database) -> None:
    hosts = CodeHosts(database)
    await pinned(database, "six==1", name="gone")
    await hosts.remove("gone")
    for name in ("gone", "never"):
        for ask in (hosts.read, hosts.remove, hosts.request_sync, hosts.confirm_removal):
            with pytest.raises(UnknownHostError, match=f"There is no code host '{name}'"):
                await ask(name)
        with pytest.raises(UnknownHostError):
            await hosts.pause(name, paused=True)


async def test_a_removed_code_host_goes_when_its_releases_have_gone(database: Database) -> None:
    hosts, releases = CodeHosts(database), Releases(database)
    code_host_id = await pinned(database, "six==1", "six==2")
    await pinned(database, "attrs==1", name="other")
    await hosts.pause("host", paused=True)
    removed = await hosts.remove("host")
    assert removed.removed_at is not None
    assert not removed.paused
    assert {(release.state, release.wanted) for release in await releases.recorded(code_host_id)} == {
        (JobState.CANCELLED, False)
    }
    assert await hosts.forget_removed() == []
    for release in await releases.retired(code_host_id):
        assert await releases.disown(release.release_id)
        assert await releases.remove(release.release_id)
    assert await hosts.forget_removed() == ["host"]
    assert [host.name for host in await hosts.all()] == ["other"]
    assert await hosts.forget_removed() == []


async def test_what_was_spent_of_the_budget_outlives_the_removal(database: Database) -> None:
    hosts = CodeHosts(database)
    made = await created(hosts)
    async with database.write() as connection:
        spent = insert(ledger).values(code_host_id=made.code_host_id, tokens=1)
        await connection.execute(spent.values(granted_at=clock() - COUNTED + 60_000_000))
        await connection.execute(spent.values(granted_at=clock() - COUNTED - 1))
    await hosts.remove("work")
    assert await hosts.forget_removed() == []
    again = await created(hosts, document="{} // again")
    assert (again.code_host_id, again.removed_at, again.applied_sha256) == (made.code_host_id, None, None)
    await hosts.remove("work")
    async with database.write() as connection:
        await connection.execute(update(ledger).values(granted_at=clock() - COUNTED - 1))
    assert await hosts.forget_removed() == ["work"]


async def test_a_sync_brings_a_removed_code_host_back(database: Database) -> None:
    hosts = CodeHosts(database)
    code_host_id = await pinned(database, "six==1")
    await hosts.remove("host")
    assert await hosts.save("host", "{}") == code_host_id
    found = await hosts.find("host")
    assert found is not None
    assert (found.removed_at, found.source) == (None, "sync")


async def test_changes_wake_the_workers(postgresql_url: str, tmp_path: Path) -> None:
    async with open_database(postgresql_url, tmp_path) as database, open_wakeups(postgresql_url, tmp_path) as wakeups:
        hosts = CodeHosts(database)
        assert await wakeups.wait(30)
        base = await created(hosts)
        assert await wakeups.wait(30)
        await hosts.replace(base, "{} ", source="hosts", secrets=())
        assert await wakeups.wait(30)
        await hosts.request_sync("work")
        assert await wakeups.wait(30)
        await hosts.remove("work")
        assert await wakeups.wait(30)
        await hosts.forget_removed()
        assert not await wakeups.wait(0.2)


async def test_a_code_host_is_read_while_another_changes_it(database: Database) -> None:
    """A worker that stands still while it applies a plan keeps nobody from working by the document."""
    hosts = CodeHosts(database)
    code_host_id = await hosts.save("work", "{}")
    async with database.write() as connection:
        await connection.execute(
            update(code_hosts).where(code_hosts.c.id == code_host_id).values(document="{} // changed")
        )
        async with asyncio.timeout(5):
            host, _ = await hosts.read("work")
    assert host.document == "{}"


async def test_what_was_seen_is_what_is_changed(database: Database) -> None:
    hosts = CodeHosts(database)
    seen = await hosts.create("work", "{}", source="hosts", priority=1, secrets=())
    await hosts.replace(seen, "{} // other", source="hosts", secrets=())
    stale, fresh = seen.document_sha256, digest_of("{} // other")
    with pytest.raises(DocumentChangedError):
        await hosts.confirm_removal("work", expected_sha256=stale)
    with pytest.raises(DocumentChangedError):
        await hosts.remove("work", expected_sha256=stale)
    found = await hosts.find("work")
    assert found is not None
    assert (found.removed_at, found.removal_confirmed_sha256) == (None, None)
    assert (await hosts.confirm_removal("work", expected_sha256=fresh)).removal_confirmed_sha256 == fresh
    assert (await hosts.remove("work", expected_sha256=fresh)).removed_at is not None
    with pytest.raises(UnknownHostError):
        await hosts.remove("work", expected_sha256=fresh)
