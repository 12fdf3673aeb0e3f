"""Repositories that are gone while their releases stay."""

from codehost.model.records import ChangeKind
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.repositories import Repositories
from tests.record.helpers import download, feed_of, pinned, replan, report, resolution


async def kinds(database: Database) -> list[tuple[str, str]]:
    return [(change.repository, change.kind.value) for change in await feed_of(database)]


async def test_what_is_lost_is_told_once_and_told_again_when_it_is_back(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs, releases = Jobs(database), Releases(database)
    taken = await jobs.claim(host, "w", 2, 60)
    for job in taken:
        await jobs.complete(job, resolution(job), download(job), report())
    every = [f"python/{name}/1" for name in "abc"]
    # Vouched for by completed jobs, or never there.
    assert await releases.lose(every) == []
    await jobs.requeue([taken[0].release_id])
    assert await releases.lose(every) == ["python/a/1"]
    assert await releases.lose(every) == []
    assert [one.repository for one in await Repositories(database).present()] == ["python/b/1"]
    [again] = [job for job in await jobs.claim(host, "w", 9, 60) if job.pin.project == "a"]
    await jobs.complete(again, resolution(again), download(again), report())
    assert await kinds(database) == [
        ("python/a/1", "created"),
        ("python/b/1", "created"),
        ("python/a/1", "removed"),
        ("python/a/1", "created"),
    ]


async def test_what_was_lost_and_retired_is_not_told_of_twice(database: Database) -> None:
    host = await pinned(database, "a==1")
    jobs, releases = Jobs(database), Releases(database)
    [job] = await jobs.claim(host, "w", 1, 60)
    await jobs.complete(job, resolution(job), download(job), report())
    await replan(database, host, [])
    assert await releases.disown(job.release_id)
    assert await releases.lose([job.repository]) == [job.repository]
    assert await releases.remove(job.release_id)
    assert [kind for _, kind in await kinds(database)] == [ChangeKind.CREATED, ChangeKind.REMOVED]
