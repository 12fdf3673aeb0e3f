"""The counts that the database keeps: always what a count of all rows would give, whoever writes."""

import asyncio
import contextlib
import random
from collections import Counter

import pytest
from sqlalchemy import func, select, text, update

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState, LeaseLostError
from codehost.record import tallies as module
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.plans import StalePlanError
from codehost.record.releases import Releases
from codehost.record.tables import code_hosts, jobs, releases, tallies
from codehost.record.tallies import Tally, gather, load_states, load_tally
from tests.record.helpers import download, let_leases_expire, pinned, replan, report, resolution

PINS = [f"p{number // 3}=={number % 3}" for number in range(60)]


async def counted(database: Database, host: int) -> Tally:
    """By looking at every row."""
    of = (jobs.c.state, jobs.c.reason, jobs.c.not_before, releases.c.wanted, releases.c.yanked)
    marks = (releases.c.quarantined, releases.c.gone_at, releases.c.alarm)
    query = select(*of, *marks).join(jobs, jobs.c.release_id == releases.c.id).where(releases.c.code_host_id == host)
    async with database.read() as connection:
        everything = (await connection.execute(query)).all()
    rows = [row for row in everything if row.wanted]
    failed = [row for row in rows if row.state in {"errored", "failed"}]
    return Tally(
        states={state: sum(row.state == state for row in rows) for state in JobState},
        reasons=dict(Counter((JobState(row.state), row.reason or "") for row in failed)),
        retrying=sum(row.state == "errored" and row.not_before is not None for row in rows),
        retired=len(everything) - len(rows),
        yanked=sum(bool(row.yanked) for row in rows),
        quarantined=sum(row.quarantined for row in rows),
        gone=sum(row.gone_at is not None for row in rows),
        alarmed=sum(row.alarm is not None for row in rows),
    )


async def kept(database: Database, host: int) -> Tally:
    async with database.read() as connection:
        return await load_tally(connection, host)


async def work_somehow(database: Database, host: int, owner: str, rng: random.Random, steps: int) -> None:
    """What workers and people do, in a random order."""
    work, keeping = Jobs(database), Releases(database)
    for _ in range(steps):
        match rng.randrange(7):
            case 0:
                # Somebody else may plan at the same time, which is refused to one of them.
                with contextlib.suppress(StalePlanError):
                    await replan(database, host, rng.sample(PINS, 40))
            case 1:
                for retired in (await keeping.retired(host))[:5]:
                    await keeping.disown(retired.release_id)
                    await keeping.remove(retired.release_id)
            case 2:
                await work.retry_failed(None)
                await work.cancel([f"python/p{rng.randrange(20)}/0"])
            case 3:
                await let_leases_expire(database)
                await work.reclaim_expired()
                await mark(database, rng)
            case _:
                await take_some(work, host, owner, rng)


async def mark(database: Database, rng: random.Random) -> None:
    values = {"quarantined": rng.random() < 0.5, "gone_at": rng.choice((5, None)), "alarm": rng.choice(("x", None))}
    async with database.write_alone() as connection:
        some = releases.c.id % 5 == rng.randrange(5)
        await connection.execute(update(releases).where(some).values(**values))


async def take_some(work: Jobs, host: int, owner: str, rng: random.Random) -> None:
    for job in await work.claim(host, owner, 8, 60):
        try:
            match rng.randrange(5):
                case 0:
                    await work.fail(job, Failure(rng.choice((Reason.NETWORK, Reason.TOO_LARGE)), "x"), 60)
                case 1:
                    await work.fail(job, Failure(Reason.AUTH, "x"), None)
                case 2:
                    await work.release(job)
                case 3:
                    yanked = rng.choice((None, "broken"))
                    await work.complete(job, resolution(job, yanked=yanked), download(job), report())
                case _:
                    await work.put_off(job, Failure(Reason.NETWORK, "x"), 0.0)
        except LeaseLostError:
            pass


@pytest.mark.parametrize("seed", range(3))
async def test_they_are_what_a_count_gives(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    host = await pinned(database, *PINS[:30])
    other = await pinned(database, "b==1", name="another", pattern="other/{project}/{version}")
    for _ in range(12):
        await work_somehow(database, host, "w", rng, 2)
        assert await kept(database, host) == await counted(database, host)
    assert (await kept(database, other)).states[JobState.QUEUED] == 1
    async with database.read() as connection:
        states = await load_states(connection)
    for one in (host, other):
        assert {state: states[one].get(state, 0) for state in JobState} == (await kept(database, one)).states


async def test_workers_at_the_same_time(postgresql_url: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_ROWS", 0)
    async with open_database(postgresql_url, tmp_path, migrate=True) as database:  # type: ignore[arg-type]
        host = await pinned(database, *PINS)

        async def keep_gathering() -> None:
            while True:
                await gather(database)

        gathering = [asyncio.create_task(keep_gathering()) for _ in range(2)]
        await asyncio.gather(*(work_somehow(database, host, f"w{seed}", random.Random(seed), 8) for seed in range(4)))
        assert await kept(database, host) == await counted(database, host)
        for task in gathering:
            task.cancel()
        await asyncio.gather(*gathering, return_exceptions=True)
        await gather(database)
        async with database.read() as connection:
            writers = (await connection.execute(select(tallies.c.writer).distinct())).scalars().all()
        assert list(writers) == [0]
        assert await kept(database, host) == await counted(database, host)


async def test_few_rows_are_left_alone(database: Database) -> None:
    await pinned(database, "a==1")
    assert await gather(database) is False


async def test_they_go_with_their_code_host(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    await CodeHosts(database).remove("host")
    assert (await kept(database, host)).retired == 2
    for release in await Releases(database).retired(host):
        await Releases(database).remove(release.release_id)
    assert (await kept(database, host)).retired == 0
    assert await CodeHosts(database).forget_removed() == ["host"]
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(tallies))).scalar_one() == 0
        assert (await connection.execute(select(func.count()).select_from(code_hosts))).scalar_one() == 0


async def test_a_beat_of_the_heart_counts_nothing(database: Database) -> None:
    host = await pinned(database, "a==1")
    await Jobs(database).claim(host, "w", 1, 60)
    before = await rows(database)
    await Jobs(database).heartbeat("w", 60)
    assert await rows(database) == before


async def rows(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [
            tuple(row) for row in (await connection.execute(text("SELECT * FROM tallies ORDER BY 1, 2, 3, 4"))).all()
        ]
