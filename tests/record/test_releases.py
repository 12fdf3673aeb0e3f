from dataclasses import dataclass
from pathlib import Path

import pytest

from codehost.model.pins import parse_pin
from codehost.model.records import ChangeKind, Plan
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from tests.record.helpers import PATTERN, download, feed_of, pinned, replan, report, resolution


async def test_a_retired_release_is_removed_with_all_that_belongs_to_it(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1")
    jobs = Jobs(database)
    for job in await jobs.claim(host, "w", 1, 60):
        await jobs.complete(job, resolution(job), download(job), report())
    await replan(database, host, [])
    releases = Releases(database)
    assert [await releases.remove(release.release_id) for release in await releases.retired(host)] == [True, True]
    assert await releases.recorded(host) == []
    assert await Reports(database).details("python/a/1") is None
    # The feed never told of b, so it does not tell of its end.
    told = [(change.kind, change.repository, change.version) for change in await feed_of(database)]
    assert told == [(ChangeKind.CREATED, "python/a/1", "1"), (ChangeKind.REMOVED, "python/a/1", "1")]


async def test_a_release_that_is_wanted_again_is_not_removed(database: Database) -> None:
    host = await pinned(database, "a==1")
    await replan(database, host, [])
    releases = Releases(database)
    [retired] = await releases.retired(host)
    await replan(database, host, ["a==1"])
    assert not await releases.remove(retired.release_id)
    assert len(await releases.recorded(host)) == 1


async def test_a_removed_release_is_gone(database: Database) -> None:
    host = await pinned(database, "a==1")
    await replan(database, host, [])
    releases = Releases(database)
    [retired] = await releases.retired(host)
    assert await releases.remove(retired.release_id)
    assert not await releases.remove(retired.release_id)


async def test_what_retired_long_ago(database: Database) -> None:
    releases = Releases(database)
    await pinned(database, "other==1", name="other", pattern="other/{project}/{version}")
    host = await pinned(database, "one==1", "two==1", "kept==1")
    for pins in (["two==1", "kept==1"], ["kept==1"]):
        await replan(database, host, pins)
    now = await releases.now()
    assert await releases.retired_before(host, now - 60 * 1_000_000) == []
    assert [release.project for release in await releases.retired_before(host, now + 1_000_000)] == ["one", "two"]
    assert len(await releases.retired_before(host, now + 1_000_000, limit=1)) == 1


@dataclass(slots=True)
class Withdrawal:
    """Counts how often a repository was taken away."""

    error: Exception | None = None
    times: int = 0

    async def __call__(self) -> None:
        self.times += 1
        if self.error is not None:
            raise self.error


async def test_a_repository_goes_only_while_nobody_can_want_it(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs, releases, withdrawal = Jobs(database), Releases(database), Withdrawal()
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(job, resolution(job), download(job), report())
    assert not await releases.remove(job.release_id, withdrawal)  # wanted
    await replan(database, host, [])
    assert not await releases.remove(job.release_id, withdrawal)  # not disowned
    assert await releases.disown(job.release_id)
    await replan(database, host, ["a==1"])
    assert not await releases.remove(job.release_id, withdrawal)  # wanted again, and queued
    await replan(database, host, [])
    assert withdrawal.times == 0
    assert await releases.remove(job.release_id, withdrawal)
    assert not await releases.remove(job.release_id, withdrawal)
    assert withdrawal.times == 1
    assert [change.kind for change in await feed_of(database)] == [ChangeKind.CREATED, ChangeKind.REMOVED]


async def test_a_repository_that_cannot_be_taken_away_is_not_forgotten(database: Database) -> None:
    host = await pinned(database, "a==1")
    await replan(database, host, [])
    releases = Releases(database)
    [retired] = await releases.retired(host)
    with pytest.raises(RuntimeError):
        await releases.remove(retired.release_id, Withdrawal(RuntimeError("stopped")))
    assert len(await releases.retired(host)) == 1


async def test_ids_are_never_used_again(database: Database) -> None:
    """Names in the spool are made of them."""
    host = await pinned(database, "a==1")
    [job] = await Jobs(database).claim(host, "w", 1, 60)
    await replan(database, host, [])
    assert await Releases(database).remove(job.release_id)
    await replan(database, host, ["a==1"])
    [again] = await Jobs(database).claim(host, "w", 1, 60)
    assert again.release_id > job.release_id
    assert again.job_id > job.job_id


async def test_a_hundred_thousand_releases_are_written_and_read_at_once(sqlite_url: str, tmp_path: Path) -> None:
    pins = tuple(parse_pin(f"p{number // 10}=={number % 10}") for number in range(100_000))
    async with open_database(sqlite_url, tmp_path) as database:
        host = await CodeHosts(database).save("host", "{}")
        releases = Releases(database)
        await releases.apply_plan(host, Plan(repository_pattern=PATTERN, add=pins))
        assert len(await releases.recorded(host)) == 100_000


async def test_whose_a_name_is(database: Database) -> None:
    one = await pinned(database, "a==1", "b==1", name="one", pattern="x/{project}/{version}")
    await pinned(database, "c==1", name="two", pattern="x/{project}/{version}")
    await replan(database, one, ["a==1"], "x/{project}/{version}")
    names = [f"x/{project}/1" for project in "abcd"]
    assert await Releases(database).owners(names) == {"x/a/1": "one", "x/b/1": "one", "x/c/1": "two"}
    assert await Releases(database).owners([]) == {}
