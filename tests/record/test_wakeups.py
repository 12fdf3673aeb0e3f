"""New work wakes whoever waits, on both databases."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text, update

from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.tables import code_hosts
from codehost.record.wakeups import Wakeups, notify, open_wakeups


async def make_work(database: Database, *, commit: bool = True) -> None:
    async with database.write() as connection:
        await connection.execute(update(code_hosts).values(priority=code_hosts.c.priority + 1))
        await notify(connection)
        if not commit:
            await connection.rollback()


async def settled(wakeups: Wakeups) -> None:
    """The first look is due at once: nobody knows what happened before."""
    assert await wakeups.wait(10)
    while await wakeups.wait(0.7):
        pass


async def test_work_made_elsewhere_wakes_who_waits(database_url: str, tmp_path: Path) -> None:
    async with (
        open_database(database_url, tmp_path) as database,
        open_wakeups(database_url, tmp_path) as wakeups,
    ):
        await CodeHosts(database).save("host", "{}")
        await settled(wakeups)
        waiter = asyncio.create_task(wakeups.wait(10))
        await asyncio.sleep(0.1)
        await make_work(database)
        assert await waiter
        assert not await wakeups.wait(0.7)


async def test_what_happens_between_two_waits_is_not_missed(database_url: str, tmp_path: Path) -> None:
    async with (
        open_database(database_url, tmp_path) as database,
        open_wakeups(database_url, tmp_path) as wakeups,
    ):
        await CodeHosts(database).save("host", "{}")
        await settled(wakeups)
        for _ in range(3):
            await make_work(database)
        await asyncio.sleep(0.2)
        assert await wakeups.wait(0)
        assert not await wakeups.wait(0.7)


async def test_what_is_rolled_back_wakes_nobody(database_url: str, tmp_path: Path) -> None:
    async with (
        open_database(database_url, tmp_path) as database,
        open_wakeups(database_url, tmp_path) as wakeups,
    ):
        await CodeHosts(database).save("host", "{}")
        await settled(wakeups)
        await make_work(database, commit=False)
        assert not await wakeups.wait(0.7)


async def test_a_look_that_writes_nothing_wakes_nobody(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        open_database(sqlite_url, tmp_path) as database,
        open_wakeups(sqlite_url, tmp_path) as wakeups,
    ):
        await settled(wakeups)
        async with database.write() as connection:
            await connection.execute(update(code_hosts).where(code_hosts.c.id == 0).values(priority=1))
        assert not await wakeups.wait(0.7)


async def test_a_lost_connection_is_made_again_and_means_look_now(postgresql_url: str, tmp_path: Path) -> None:
    async with (
        open_database(postgresql_url, tmp_path) as database,
        open_wakeups(postgresql_url, tmp_path) as wakeups,
    ):
        await CodeHosts(database).save("host", "{}")
        await settled(wakeups)
        async with database.write() as connection:
            others = text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE 'LISTEN%'"
            )
            assert (await connection.execute(others)).scalar_one() == 1
        assert await wakeups.wait(30)
        await settled(wakeups)
        await make_work(database)
        assert await wakeups.wait(10)


@pytest.mark.parametrize("url", ["postgresql://codehost@127.0.0.1:1/nowhere", "sqlite:////nowhere/at/all.db"])
async def test_a_database_that_is_away_is_only_waited_for(url: str, tmp_path: Path) -> None:
    async with open_wakeups(url, tmp_path) as wakeups:
        assert not await wakeups.wait(0.7)


async def test_a_database_that_comes_is_a_wake_up(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/later.db"
    async with open_wakeups(url, tmp_path) as wakeups:
        assert not await wakeups.wait(0.6)
        async with open_database(url, tmp_path):
            assert await wakeups.wait(10)
