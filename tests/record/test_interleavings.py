"""Two who work at the same time, step by step: what one of them has read is not true any more when it writes."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from codehost.model.jobs import JobState, LeaseLostError
from codehost.model.pins import parse_pin
from codehost.model.records import ChangeKind, Plan, RecordedCodeHost
from codehost.plan.planner import plan
from codehost.record.claims import MOST_ATTEMPTS
from codehost.record.clock import clock
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.plans import NameHeldError, StalePlanError
from codehost.record.releases import Releases
from codehost.record.tables import attempts, code_hosts, ledger
from codehost.record.tables import jobs as jobs_table
from tests.record.helpers import PATTERN, download, feed_of, let_leases_expire, pinned, replan, report, resolution

AN_HOUR = 3_600 * 1_000_000


async def made(database: Database, *texts: str, host: int) -> Plan:
    return plan([parse_pin(text) for text in texts], await Releases(database).recorded(host), PATTERN)


async def known(database: Database, name: str = "host") -> RecordedCodeHost:
    found = await CodeHosts(database).find(name)
    assert found is not None
    return found


async def complete(database: Database, host: int) -> None:
    jobs = Jobs(database)
    for job in await jobs.claim(host, "w", 99, 60):
        await jobs.complete(job, resolution(job), download(job), report())


async def states(database: Database, host: int) -> dict[str, tuple[JobState, bool]]:
    return {one.project: (one.state, one.wanted) for one in await Releases(database).recorded(host)}


async def test_a_release_that_was_removed_while_it_was_planned_to_come_back_is_planned_anew(database: Database) -> None:
    host = await pinned(database, "a==1")
    await complete(database, host)
    await replan(database, host, [])
    back = await made(database, "a==1", host=host)
    releases = Releases(database)
    [retired] = await releases.retired(host)
    assert await releases.disown(retired.release_id)
    assert await releases.remove(retired.release_id)
    digest = (await known(database)).document_sha256
    assert not await releases.follow_plan(host, back, digest)
    assert (await known(database)).applied_sha256 is None
    assert await releases.follow_plan(host, await made(database, "a==1", host=host), digest)
    assert await states(database, host) == {"a": (JobState.QUEUED, True)}
    with pytest.raises(StalePlanError, match="was changed by somebody else"):
        await releases.apply_plan(host, back)


async def test_a_release_that_was_disowned_while_it_was_planned_to_come_back_is_made_again(database: Database) -> None:
    host = await pinned(database, "a==1")
    await complete(database, host)
    await replan(database, host, [])
    back = await made(database, "a==1", host=host)
    releases = Releases(database)
    [retired] = await releases.retired(host)
    assert await releases.disown(retired.release_id)
    assert await releases.follow_plan(host, back, (await known(database)).document_sha256)

    async def withdraw() -> None:
        pytest.fail("a release that is wanted again must keep its repository")

    assert not await releases.remove(retired.release_id, withdraw)
    assert await states(database, host) == {"a": (JobState.QUEUED, True)}


async def test_a_release_that_was_completed_meanwhile_is_not_queued_again(database: Database) -> None:
    host = await pinned(database, "a==1")
    again = await made(database, "a==1", host=host)
    assert again.retry
    await complete(database, host)
    await Releases(database).apply_plan(host, again)
    assert await states(database, host) == {"a": (JobState.COMPLETED, True)}


async def test_a_release_that_was_added_and_retired_meanwhile_is_not_taken_for_added(database: Database) -> None:
    host = await pinned(database)
    first = await made(database, "a==1", host=host)
    await replan(database, host, ["a==1"])
    await replan(database, host, [])
    digest = (await known(database)).document_sha256
    assert not await Releases(database).follow_plan(host, first, digest)
    assert await states(database, host) == {"a": (JobState.CANCELLED, False)}


async def test_a_release_that_was_added_under_another_name_meanwhile_is_planned_anew(database: Database) -> None:
    """By a plan for a document with another pattern, or with another spelling of the version."""
    releases = Releases(database)
    host = await pinned(database)
    by_pattern = replace(await made(database, "a==1", host=host), repository_pattern="else/{project}/{version}")
    by_spelling = await made(database, "a==1.0", host=host)
    await releases.apply_plan(host, await made(database, "a==1", host=host))
    for late in (by_pattern, by_spelling):
        with pytest.raises(StalePlanError):
            await releases.apply_plan(host, late)


async def test_a_confirmation_serves_one_plan(database: Database) -> None:
    """A document that somebody goes back to later may retire other releases than it did then."""
    hosts, releases = CodeHosts(database), Releases(database)
    host = await pinned(database, "a==1")
    digest = (await hosts.confirm_removal("host")).document_sha256
    assert await releases.follow_plan(host, await made(database, host=host), digest)
    assert (await known(database)).removal_confirmed_sha256 is None


async def test_the_order_of_requests_and_plans_does_not_hang_on_the_clock(database: Database) -> None:
    hosts, releases = CodeHosts(database), Releases(database)
    host = await pinned(database)
    nothing = await made(database, host=host)

    async def shift(**values: object) -> None:
        async with database.write() as connection:
            await connection.execute(update(code_hosts).values(values))

    digest = (await known(database)).document_sha256
    # Asked for before the clock was set back: the plan that follows serves it.
    await shift(sync_requested_at=clock() + AN_HOUR)
    assert await releases.follow_plan(host, nothing, digest)
    served = await known(database)
    assert served.applied_at is not None
    assert served.sync_requested_at is not None
    assert served.applied_at >= served.sync_requested_at
    # Asked for after it was set back: it is not taken for served.
    asked = await hosts.request_sync("host")
    assert asked.sync_requested_at is not None
    assert asked.sync_requested_at > served.applied_at


async def test_what_was_wrong_with_an_earlier_state_is_not_said_of_a_later_one(database: Database) -> None:
    hosts, releases = CodeHosts(database), Releases(database)
    host = await pinned(database)
    before = await known(database)
    seen = (before.updated_at, before.applied_at)
    assert await releases.follow_plan(host, await made(database, host=host), before.document_sha256)
    await hosts.set_problem(host, "It would retire too much.", seen=seen)
    assert (await known(database)).problem is None
    after = await known(database)
    await hosts.set_problem(host, "It cannot be read.", seen=(after.updated_at, after.applied_at))
    assert (await known(database)).problem == "It cannot be read."


async def test_a_pin_that_moves_waits_until_the_other_code_host_lets_go_of_its_name(database: Database) -> None:
    one = await pinned(database, "a==1", "b==1", name="one")
    await complete(database, one)
    two = await pinned(database, name="two")
    releases = Releases(database)
    await replan(database, one, ["b==1"])
    with pytest.raises(NameHeldError) as caught:
        await replan(database, two, ["a==1", "c==1"])
    assert str(caught.value) == (
        "The code host 'one' pins python/a/1 no more, and its repository is still there: codehost sync --prune with"
        " its configuration takes it away at once, workers after a while. Or give 'two' another repositoryPathPattern."
    )
    # What a sync has retired stays until its user says otherwise.
    assert caught.value.releases == ()
    async with database.write() as connection:
        await connection.execute(update(code_hosts).values(source="hosts"))
    with pytest.raises(NameHeldError) as caught:
        await replan(database, two, ["a==1", "c==1"])
    assert [held.repository for held in caught.value.releases] == ["python/a/1"]
    assert await releases.recorded(two) == []
    for held in caught.value.releases:
        assert await releases.disown(held.release_id)
        assert await releases.remove(held.release_id)
    await replan(database, two, ["a==1", "c==1"])
    assert await states(database, two) == {"a": (JobState.QUEUED, True), "c": (JobState.QUEUED, True)}
    # What the other one still wants is refused for good.
    with pytest.raises(Exception, match="would both make the repository python/b/1"):
        await replan(database, two, ["a==1", "b==1"])


async def test_a_job_that_its_owner_got_twice_is_told_apart_by_its_epoch(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [first] = await jobs.claim(host, "w", 1, 60)
    await jobs.retry([first.repository])
    [second] = await jobs.claim(host, "w", 1, 60)
    assert await jobs.heartbeat("w", 60) == {second.job_id: second.epoch}
    assert second.epoch == first.epoch + 1


async def test_a_claim_does_not_take_its_owners_own_jobs_back(database: Database) -> None:
    """A machine that slept: what nobody has taken meanwhile is still its own, and it is at work on it."""
    host = await pinned(database, "a==1", "b==1")
    jobs = Jobs(database)
    [mine] = await jobs.claim(host, "w", 1, 60)
    await let_leases_expire(database)
    assert [job.pin.project for job in await jobs.claim(host, "w", 9, 60)] == ["b"]
    assert await jobs.reclaim_expired(spare="w") == 0
    assert await jobs.reclaim_expired() == 1
    with pytest.raises(LeaseLostError):
        await jobs.complete(mine, resolution(mine), download(mine), report())


async def test_attempts_of_long_ago_are_forgotten(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    jobs = Jobs(database)
    for _ in range(MOST_ATTEMPTS + 5):
        for job in await jobs.claim(host, "w", 2, 60):
            await jobs.release(job)
    async with database.read() as connection:
        count = (await connection.execute(select(func.count()).select_from(attempts))).scalar_one()
        newest = (await connection.execute(select(func.max(attempts.c.epoch)))).scalar_one()
    assert (count, newest) == (2 * MOST_ATTEMPTS, MOST_ATTEMPTS + 5)


async def test_what_another_claim_is_just_looking_at_is_looked_for_again_soon(
    postgresql_url: str, tmp_path: Path
) -> None:
    async with open_database(postgresql_url, tmp_path) as one, open_database(postgresql_url, tmp_path) as other:
        host = await pinned(one, "a==1")
        async with one.write() as connection:
            await connection.execute(select(jobs_table.c.id).with_for_update())
            assert await Jobs(other).claim(host, "w", 9, 60) == []
            assert await Jobs(other).due_in([host]) == 0.0
        assert len(await Jobs(other).claim(host, "w", 9, 60)) == 1
        assert await Jobs(other).due_in([host]) == pytest.approx(60, abs=5)


async def test_a_code_host_is_not_forgotten_while_its_last_request_is_counted(
    postgresql_url: str, tmp_path: Path
) -> None:
    async with open_database(postgresql_url, tmp_path) as one, open_database(postgresql_url, tmp_path) as other:
        host = await pinned(one)
        await CodeHosts(one).remove("host")
        async with one.write() as connection:
            await connection.execute(insert(ledger).values(code_host_id=host, granted_at=clock(), tokens=1))
            async with asyncio.timeout(10):
                assert await CodeHosts(other).forget_removed() == []
        assert await CodeHosts(other).forget_removed() == []


async def test_a_reader_of_the_feed_misses_nothing_of_writers_at_the_same_time(
    database_url: str, tmp_path: Path
) -> None:
    """Numbers become visible in their order: whoever has read up to one never finds a smaller one later."""
    pins = [f"p{number}==1" for number in range(60)]
    seen: list[int] = []
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await pinned(one, *pins)
        done = asyncio.Event()

        async def write(database: Database, owner: str) -> None:
            jobs = Jobs(database)
            while claimed := await jobs.claim(host, owner, 3, 60):
                for job in claimed:
                    await jobs.complete(job, resolution(job), download(job), report())

        async def follow() -> None:
            ended = False
            while not ended:
                ended = done.is_set()
                entries = await feed_of(other, seen[-1] if seen else 0, limit=7)
                seen.extend(entry.sequence for entry in entries)
                ended = ended and not entries

        reader = asyncio.create_task(follow())
        await asyncio.gather(*(write((one, other)[n % 2], f"w{n}") for n in range(6)))
        done.set()
        await asyncio.wait_for(reader, 30)
        kinds = {entry.kind for entry in await feed_of(one)}
    assert seen == list(range(1, len(pins) + 1))
    assert kinds == {ChangeKind.CREATED}
