"""Publishing inside the fence: every order of death leads to a state that heals."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.jobs import JobState, LeasedJob, LeaseLostError
from codehost.model.records import ReleaseDetails
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from codehost.record.reports import Reports
from tests.record.helpers import download, let_leases_expire, pinned, report, resolution


class Place:
    """Where a repository would be published; counts how often it was."""

    def __init__(self) -> None:
        self.holder: str | None = None
        self.times = 0

    def publisher(self, holder: str) -> "Publisher":
        return Publisher(self, holder)


class Publisher:
    def __init__(self, place: Place, holder: str, error: BaseException | None = None) -> None:
        self._place = place
        self._holder = holder
        self._error = error

    async def __call__(self) -> None:
        await asyncio.sleep(0)
        self._place.holder = self._holder
        self._place.times += 1
        if self._error is not None:
            raise self._error


@pytest.fixture
async def other(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """The same database as another worker sees it."""
    async with open_database(database_url, tmp_path) as opened:
        yield opened


async def complete(database: Database, job: LeasedJob, publisher: Publisher) -> None:
    await Jobs(database).complete(job, resolution(job), download(job), report(), publisher)


async def details(database: Database) -> ReleaseDetails:
    found = await Reports(database).details("python/a/1")
    assert found is not None
    return found


async def test_what_is_published_is_recorded(database: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    place = Place()
    await complete(database, job, place.publisher("w"))
    assert (place.times, (await details(database)).state) == (1, JobState.COMPLETED)


async def test_a_late_writer_does_not_touch_the_repository(database: Database, other: Database) -> None:
    host = await pinned(database, "a==1")
    place = Place()
    [late] = await Jobs(database).claim(host, "late", 1, 60)
    await let_leases_expire(database)
    [current] = await Jobs(other).claim(host, "current", 1, 60)
    with pytest.raises(LeaseLostError):
        await complete(database, late, place.publisher("late"))
    assert place.times == 0
    await complete(other, current, place.publisher("current"))
    with pytest.raises(LeaseLostError):
        await complete(database, late, place.publisher("late"))
    assert (place.holder, place.times) == ("current", 1)


@pytest.mark.parametrize("change", ["cancel", "retry"])
async def test_who_was_cancelled_publishes_nothing(database: Database, change: str) -> None:
    host = await pinned(database, "a==1")
    jobs, place = Jobs(database), Place()
    [job] = await jobs.claim(host, "w", 1, 60)
    assert [changed.changed for changed in await getattr(jobs, change)(["python/a/1"])] == [True]
    with pytest.raises(LeaseLostError):
        await complete(database, job, place.publisher("w"))
    assert place.times == 0


async def test_nobody_takes_a_job_while_it_is_published(database: Database, other: Database) -> None:
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await let_leases_expire(database)
    taking: list[asyncio.Task[list[LeasedJob]]] = []

    async def publish() -> None:
        taking.append(asyncio.create_task(Jobs(other).claim(host, "other", 1, 60)))
        await asyncio.sleep(0.2)

    await Jobs(database).complete(job, resolution(job), download(job), report(), publish)
    assert await taking[0] == []
    assert (await details(database)).state is JobState.COMPLETED


DEATHS = [RuntimeError("killed"), asyncio.CancelledError(), Failure(Reason.STORAGE, "the disk is full")]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: type(death).__name__)
async def test_a_death_before_the_commit_leaves_the_job_to_the_next(
    database: Database, other: Database, death: BaseException
) -> None:
    host = await pinned(database, "a==1")
    place = Place()
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    with pytest.raises(type(death)):
        await complete(database, job, Publisher(place, "dead", death))
    found = await details(other)
    assert (found.state, found.commit) == (JobState.PROCESSING, None)  # nobody vouches for what lies there
    await let_leases_expire(other)
    [again] = await Jobs(other).claim(host, "next", 1, 60)
    await complete(other, again, place.publisher("next"))
    assert (place.holder, (await details(other)).state) == ("next", JobState.COMPLETED)


async def test_a_session_that_ends_in_the_fence_is_a_death_too(postgresql_url: str, tmp_path: Path) -> None:
    """What a restart of the server does, and what the server does to a worker that stands still."""
    async with open_database(postgresql_url, tmp_path) as one, open_database(postgresql_url, tmp_path) as two:
        host = await pinned(one, "a==1")
        place = Place()
        [job] = await Jobs(one).claim(host, "stopped", 1, 60)

        async def end_the_session_and_publish() -> None:
            async with two.write() as connection:
                idle = "state = 'idle in transaction' AND datname = current_database()"
                ended = text(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {idle}")
                assert (await connection.execute(ended)).scalars().all() == [True]
            await let_leases_expire(two)
            [again] = await Jobs(two).claim(host, "next", 1, 60)
            await complete(two, again, place.publisher("next"))

        with pytest.raises(UserError, match="database"):
            await Jobs(one).complete(job, resolution(job), download(job), report("e" * 40), end_the_session_and_publish)
        found = await details(one)
        assert (found.state, found.commit, place.holder) == (JobState.COMPLETED, "c" * 40, "next")


async def test_a_session_that_stands_still_is_ended(postgresql_url: str, tmp_path: Path) -> None:
    async with open_database(postgresql_url, tmp_path) as database, database.read() as connection:
        shown = await connection.execute(text("SHOW idle_in_transaction_session_timeout"))
        assert shown.scalar_one() == "1min"


async def test_a_new_repository_clears_what_was_said_of_the_old(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    async with database.write() as connection:
        await connection.execute(text("UPDATE releases SET gone_at = 1, alarm = 'x', quarantined = true"))
    await complete(database, job, Place().publisher("w"))
    async with database.read() as connection:
        row = (await connection.execute(text("SELECT gone_at, alarm, quarantined FROM releases"))).one()
    assert (row.gone_at, row.alarm, bool(row.quarantined)) == (None, None, False)
