"""Plans applied: what becomes of releases and their jobs."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason, UserError
from codehost.model.jobs import JobState, LeaseLostError
from codehost.model.pins import parse_pin
from codehost.model.records import AttemptOutcome, Plan
from codehost.plan.planner import plan
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from tests.record.helpers import PATTERN, download, pinned, replan, report, resolution


async def states(database: Database, code_host_id: int) -> dict[str, tuple[str, bool]]:
    recorded = await Releases(database).recorded(code_host_id)
    return {release.repository.removeprefix("python/"): (release.state.value, release.wanted) for release in recorded}


async def test_added_releases_are_queued(database: Database) -> None:
    host = await pinned(database, "six==1.16.0", "Attrs==23.1")
    assert [
        (release.project, release.version, release.repository, release.state, release.wanted)
        for release in sorted(await Releases(database).recorded(host))
    ] == [
        ("six", "1.16", "python/six/1.16.0", JobState.QUEUED, True),
        ("attrs", "23.1", "python/attrs/23.1", JobState.QUEUED, True),
    ]


async def test_a_plan_without_work_changes_nothing(database: Database) -> None:
    host = await pinned(database, "six==1.0")
    before = await states(database, host)
    await Releases(database).apply_plan(host, Plan(repository_pattern=PATTERN, keep=1))
    assert await states(database, host) == before


async def test_the_same_plan_twice_adds_once(database_url: str, tmp_path: Path) -> None:
    """Two workers read the same configuration at the same moment."""
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await pinned(one)
        plan = Plan(repository_pattern=PATTERN, add=tuple(parse_pin(f"p{number}==1") for number in range(50)))
        await asyncio.gather(*(Releases(database).apply_plan(host, plan) for database in (one, other, one, other)))
        assert len(await Releases(one).recorded(host)) == 50


async def test_unpinned_releases_retire_and_their_jobs_end(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs = Jobs(database)
    [first] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(first, resolution(first), download(first), report())
    [second] = await jobs.claim(host, "w", 1, 60)
    await replan(database, host, [])
    assert await states(database, host) == {
        "a/1": ("completed", False),
        "b/1": ("cancelled", False),
        "c/1": ("cancelled", False),
    }
    assert [release.repository for release in await Releases(database).retired(host)] == [
        "python/a/1",
        "python/b/1",
        "python/c/1",
    ]
    details = await Reports(database).details(second.repository)
    assert details is not None
    assert [attempt.outcome for attempt in details.attempts] == [AttemptOutcome.CANCELLED]


async def test_restored_releases_keep_what_they_have(database: Database) -> None:
    host = await pinned(database, "a==1.0", "b==1")
    jobs = Jobs(database)
    [first] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(first, resolution(first), download(first), report())
    await replan(database, host, [])
    made = await replan(database, host, ["a==1.0.0", "b==1"])
    assert len(made.restore) == 2
    assert await states(database, host) == {"a/1.0": ("completed", True), "b/1": ("queued", True)}
    assert await Releases(database).retired(host) == []
    assert [job.repository for job in await jobs.claim(host, "w", 9, 60)] == ["python/b/1"]


@pytest.mark.parametrize("reason", [Reason.NETWORK, Reason.UNSAFE_ARCHIVE])
async def test_what_failed_is_tried_again(database: Database, reason: Reason) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.fail(job, Failure(reason, "no luck"), None)
    assert await jobs.claim(host, "w", 1, 60) == []
    await replan(database, host, ["a==1"])
    [again] = await jobs.claim(host, "w", 1, 60)
    assert (again.epoch, again.attempt) == (job.epoch + 1, 1)


async def test_a_job_in_hand_is_not_taken_from_its_worker(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs = Jobs(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await replan(database, host, ["a==1"])
    await jobs.complete(job, resolution(job), download(job), report())


async def followed(database: Database, host: int, texts: list[str], document_sha256: str) -> bool:
    releases = Releases(database)
    made = plan([parse_pin(text) for text in texts], await releases.recorded(host), PATTERN)
    return await releases.follow_plan(host, made, document_sha256)


async def test_a_document_that_is_followed_is_noted(database: Database) -> None:
    hosts = CodeHosts(database)
    host = await hosts.save("host", "first")
    first = await hosts.find("host")
    assert first is not None
    assert await followed(database, host, ["a==1"], first.document_sha256)
    known = await hosts.find("host")
    assert known is not None
    assert known.applied_sha256 == first.document_sha256
    assert known.applied_at is not None
    # A plan for the document of a moment ago comes too late, and changes nothing.
    await hosts.save("host", "second")
    assert not await followed(database, host, [], first.document_sha256)
    assert await states(database, host) == {"a/1": ("queued", True)}


async def test_a_document_that_is_followed_leaves_alone_what_waits_for_its_time(database: Database) -> None:
    hosts = CodeHosts(database)
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs = Jobs(database)
    failed, _ = await jobs.claim(host, "w", 2, 60)
    await jobs.fail(failed, Failure(Reason.NOT_FOUND, "404"), 3_600)
    await jobs.cancel(["python/b/1"])
    known = await hosts.find("host")
    assert known is not None
    assert await followed(database, host, ["a==1", "b==1", "c==1", "d==1"], known.document_sha256)
    assert await states(database, host) == {
        "a/1": ("errored", True),
        "b/1": ("cancelled", True),
        "c/1": ("queued", True),
        "d/1": ("queued", True),
    }
    assert [job.pin.project for job in await jobs.claim(host, "w", 9, 60)] == ["c", "d"]


async def test_two_code_hosts_may_not_make_one_repository(database: Database) -> None:
    await pinned(database, "six==1.0", name="first")
    with pytest.raises(UserError) as caught:
        await pinned(database, "new==1", "six==1.0", name="second")
    assert str(caught.value) == (
        "The code hosts 'first' and 'second' would both make the repository python/six/1.0:"
        " give one of them another repositoryPathPattern, for example second/{project}/{version}."
    )
    # Nothing of the plan was applied, and another pattern helps.
    host = await pinned(database, name="second")
    assert await Releases(database).recorded(host) == []
    assert await pinned(database, "six==1.0", name="second", pattern="second/{project}/{version}") == host


@pytest.mark.parametrize("together", [True, False])
async def test_two_releases_may_not_make_one_repository(database: Database, *, together: bool) -> None:
    pattern = "{project}{version}"
    pins = ["a1==2", "a==12"]
    host = await pinned(database, *([] if together else pins[:1]), pattern=pattern)
    with pytest.raises(UserError, match=r"The pins a1==2 and a==12 would both make the repository a12"):
        await replan(database, host, pins, pattern)


async def test_a_new_pattern_names_only_new_releases(database: Database) -> None:
    host = await pinned(database, "a==1")
    made = await replan(database, host, ["a==1", "b==1"], "x/{project}/{version}")
    assert [str(pin) for pin in made.add] == ["b==1"]
    recorded = await Releases(database).recorded(host)
    assert [release.repository for release in recorded] == ["python/a/1", "x/b/1"]


async def test_more_releases_than_a_statement_has_room_for(database: Database) -> None:
    pins = [f"p{number}==1" for number in range(12_000)]
    host = await pinned(database, *pins)
    made = await replan(database, host, pins)
    assert len(made.retry) == 12_000
    await replan(database, host, [])
    made = await replan(database, host, pins)
    assert len(made.restore) == 12_000
    assert (await Reports(database).counts(host))[JobState.QUEUED] == 12_000


async def test_plans_and_workers_get_along(database_url: str, tmp_path: Path) -> None:
    """Whoever writes several rows at once does it in one order: nobody is killed to end a deadlock."""
    pins = [f"p{number}==1" for number in range(40)]
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await pinned(one, *pins)

        async def plan_back_and_forth() -> None:
            for _ in range(4):
                await replan(one, host, pins[::2])
                await replan(one, host, pins[::-1])

        async def work(database: Database, owner: str) -> None:
            jobs = Jobs(database)
            for _ in range(6):
                for job in await jobs.claim(host, owner, 5, 60):
                    await jobs.heartbeat(owner, 60)
                    with suppress(LeaseLostError):
                        await jobs.complete(job, resolution(job), download(job), report())
                await jobs.requeue(range(1, 41))

        await asyncio.gather(plan_back_and_forth(), work(one, "a"), work(other, "b"), work(other, "c"))
        assert sum((await Reports(one).counts(host)).values()) == 40
