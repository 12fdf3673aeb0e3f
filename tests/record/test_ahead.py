import pytest
from sqlalchemy import func, insert, select, update

from codehost.model.errors import Failure, Reason
from codehost.record.ahead import come_back, forget_old_circuits
from codehost.record.clock import clock
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.tables import circuits, jobs
from tests.record.helpers import pinned

HOUR = 3_600 * 1_000_000


async def test_nothing_waits_for_the_hour_by_which_the_clock_was_set_back(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1", "d==1")
    queue = Jobs(database)
    [dead] = await queue.claim(host, "dead", 1, 60)
    [alive] = await queue.claim(host, "alive", 1, 60)
    [failed] = await queue.claim(host, "alive", 1, 60)
    await queue.fail(failed, Failure(Reason.NETWORK, "no answer"), 90)
    [waits] = await queue.claim(host, "alive", 1, 60)
    await queue.put_off(waits, Failure(Reason.NETWORK, "left alone", unasked=True), 30)
    assert await come_back(database, lease_seconds=60, living=["alive"]) == 0
    ahead = {name: jobs.c[name] + HOUR for name in ("lease_expires_at", "not_before", "finished_at")}
    async with database.write() as connection:
        await connection.execute(update(jobs).values(ahead))
    assert await come_back(database, lease_seconds=60, living=["alive"]) == 3
    assert await queue.heartbeat("alive", 60) == {alive.job_id: alive.epoch}
    assert [job.job_id for job in await queue.claim(host, "x", 9, 600)] == [dead.job_id]
    assert await queue.due_in([host]) == pytest.approx(30, abs=5)


async def test_a_mirror_is_not_left_alone_for_years(database: Database) -> None:
    host = await pinned(database)
    shared = {"code_host_id": host, "failures": 9, "reason": "network", "message": "no"}
    async with database.write() as connection:
        now = (await connection.execute(select(clock()))).scalar_one()
        for url, since, until in (
            ("ahead", now, now + 10_000 * HOUR),
            ("open", now - 900 * HOUR, now + HOUR),
            ("old", now - 900 * HOUR, now - 899 * HOUR),
            ("once", now - 900 * HOUR, None),
            ("fresh", now - HOUR, None),
        ):
            await connection.execute(insert(circuits).values(**shared, url=url, since=since, open_until=until))
    await come_back(database, lease_seconds=60, living=[])
    assert await forget_old_circuits(database, after_seconds=7 * 86_400) == 2
    async with database.read() as connection:
        assert set((await connection.execute(select(circuits.c.url))).scalars()) == {"open", "fresh"}
        assert (await connection.execute(select(func.count()).select_from(jobs))).scalar_one() == 0
