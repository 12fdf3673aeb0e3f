"""``kill -9`` among workers loses and doubles nothing. The long form: ``python -m tests.acceptance.daemon_kill``."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.acceptance.daemon_kill import report, storm
from tests.acceptance.fleet import Fleet, fleet
from tests.acceptance.promises import BrokenPromiseError, End, check_at_any_moment, check_at_the_end
from tests.acceptance.storm import Storm

# Kills with a new code host, while its document changes, while people give orders, and around a repair.
SHARES = (4, 3, 3, 3)
# The long form has a hundred.
FEWER = {"versions": 2, "more": 8}


def assert_it_was_one(made: Storm, kills: int) -> None:
    assert made.kills.total() >= kills
    assert made.struck > 0, report(made)
    assert made.looks > 0


async def test_nothing_is_lost_when_four_workers_are_killed_at_any_moment(postgresql_url: str, tmp_path: Path) -> None:
    async with storm(postgresql_url, tmp_path, seed=1, workers=4, **FEWER) as made:
        await made.run(SHARES)
    assert_it_was_one(made, sum(SHARES))


async def test_nothing_is_lost_when_the_one_worker_is_killed_at_any_moment(sqlite_url: str, tmp_path: Path) -> None:
    async with storm(sqlite_url, tmp_path, seed=2, workers=1, **FEWER) as made:
        await made.run(SHARES[:2])
    assert_it_was_one(made, sum(SHARES[:2]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """What is left of a storm without kills."""

    folder: Path
    commits: Mapping[str, str]
    ends: Mapping[str, End]
    requests: int


def url_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'calm.db'}"


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    folder = tmp_path_factory.mktemp("calm")

    async def go() -> Calm:
        async with storm(url_in(folder), folder, seed=3, workers=1, versions=1, more=0) as made:
            await made.run([0])
            ends = made.ends_of(made.pins)
            return Calm(folder=folder, commits=made.commits, ends=ends, requests=len(made.mirror.requests))

    return asyncio.run(go())


def in_sql(*statements: str) -> Callable[[Fleet], Awaitable[None]]:
    async def act(crew: Fleet) -> None:
        async with crew.database.write() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    return act


def on_disk(act: Callable[[Path], object]) -> Callable[[Fleet], Awaitable[None]]:
    async def acting(crew: Fleet) -> None:
        act(crew.desk.data)

    return acting


COMPLETED = "(SELECT min(id) FROM jobs WHERE state = 'completed')"
BREAKS = {
    "on disk is nothing": on_disk(lambda data: shutil.rmtree(data / "repos/g1/alpha/1.0.git")),
    "on disk is 0000": on_disk(
        lambda data: (data / "repos/g1/alpha/1.0.git/packed-refs").write_text(f"{'0' * 40} refs/heads/latest\n")
    ),
    "published: ": on_disk(
        lambda data: shutil.copytree(data / "repos/g1/alpha/1.0.git", data / "repos/g1/stray/1.0.git")
    ),
    "left over: ": on_disk(lambda data: (data / "spool" / "1-1").write_text("")),
    "ends: ": in_sql(f"UPDATE jobs SET state = 'queued' WHERE id = {COMPLETED}"),
    "unwanted: ": in_sql(
        "INSERT INTO releases (code_host_id, project, version, pinned_version, repository, wanted, created_at)"
        " SELECT code_host_id, 'a', '1', '1', 'a', false, 1 FROM releases LIMIT 1",
        "INSERT INTO jobs (release_id, code_host_id, project, state, priority, attempts, epoch, queued_at)"
        " SELECT max(id), max(code_host_id), 'a', 'cancelled', 1, 0, 0, 1 FROM releases",
    ),
    "leases: ": in_sql(f"UPDATE jobs SET owner = 'dead' WHERE id = {COMPLETED}"),
    "leases and attempts disagree": in_sql(f"UPDATE attempts SET outcome = NULL WHERE job_id = {COMPLETED}"),
    "feed: ": in_sql("DELETE FROM changes WHERE sequence = 3"),
    "told: ": in_sql(
        "INSERT INTO attempts (job_id, epoch, number, owner, started_at, outcome)"
        f" VALUES ({COMPLETED}, 99, 9, 'late', 1, 'completed')"
    ),
    "there by the feed: ": in_sql(
        'INSERT INTO changes (sequence, code_host_id, repository, project, version, kind, "commit", at, code_host)'
        " SELECT sequence + 1, code_host_id, repository, project, version, 'removed', \"commit\", at, code_host"
        " FROM changes ORDER BY sequence DESC LIMIT 1"
    ),
    "requests in the ledger": in_sql("UPDATE ledger SET tokens = 0"),
}


@pytest.mark.parametrize("said", [None, *BREAKS])
async def test_a_broken_promise_is_noticed(calm: Calm, tmp_path: Path, said: str | None) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(calm.folder, folder)
    async with fleet(url_in(folder), folder / "fleet") as crew:
        if said is None:
            await check_at_the_end(crew, calm.commits, calm.ends, calm.requests)
            return
        await BREAKS[said](crew)
        with pytest.raises(BrokenPromiseError, match=said):
            await check_at_the_end(crew, calm.commits, calm.ends, calm.requests)


async def test_a_completed_job_without_its_repository_is_noticed_at_any_moment(calm: Calm, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(calm.folder, folder)
    async with fleet(url_in(folder), folder / "fleet") as crew:
        await check_at_any_moment(crew, calm.commits)
        shutil.rmtree(crew.desk.data / "repos/g1/alpha/1.0.git")
        with pytest.raises(BrokenPromiseError, match="on disk is nothing"):
            await check_at_any_moment(crew, calm.commits)
