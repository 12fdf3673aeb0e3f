"""The feed's numbers: without gaps, in the order of the commits, whoever writes."""

import asyncio
from pathlib import Path

import pytest

from codehost.model.jobs import LeasedJob
from codehost.model.records import ChangeKind
from codehost.record.changes import append_change
from codehost.record.database import Database, open_database
from codehost.record.jobs import Jobs
from tests.record.helpers import download, feed_of, pinned, report, resolution

WRITERS = 8
EACH = 6


async def test_numbers_have_no_gaps_under_concurrent_writers(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await pinned(one, *(f"p{number}==1" for number in range(WRITERS * EACH)))
        seen: list[int] = []
        writing = True

        async def write(database: Database, owner: str) -> None:
            jobs = Jobs(database)
            for _ in range(EACH):
                [job] = await _claim_one(jobs, host, owner)
                await jobs.complete(job, resolution(job), download(job), report())

        async def follow() -> None:
            """A reader that goes on from the last number it saw must miss nothing."""
            while writing or len(seen) < WRITERS * EACH:
                changes = await feed_of(one, seen[-1] if seen else 0)
                seen.extend(change.sequence for change in changes)
                await asyncio.sleep(0.001)

        follower = asyncio.create_task(follow())
        await asyncio.gather(*(write((one, other)[n % 2], f"w{n}") for n in range(WRITERS)))
        writing = False
        await asyncio.wait_for(follower, 10)
    assert seen == list(range(1, WRITERS * EACH + 1))


async def _claim_one(jobs: Jobs, host: int, owner: str) -> list[LeasedJob]:
    # PostgreSQL's claims pass over what another is claiming, and so may come back empty-handed.
    for _ in range(1_000):
        if claimed := await jobs.claim(host, owner, 1, 60):
            return claimed
        await asyncio.sleep(0.005)
    return []


async def test_a_number_that_was_rolled_back_is_given_out_again(database: Database) -> None:
    async def append(*, undone: bool = False) -> None:
        async with database.write() as connection:
            await append_change(
                connection,
                code_host_id=1,
                repository="python/a/1",
                project="a",
                version="1",
                kind=ChangeKind.CREATED,
                commit=None,
            )
            if undone:
                raise LookupError

    await append()
    with pytest.raises(LookupError):
        await append(undone=True)
    await append()
    assert [change.sequence for change in await feed_of(database)] == [1, 2]


async def test_reading_goes_on_from_a_number(database: Database) -> None:
    host = await pinned(database, "a==1", "b==1", "c==1")
    jobs = Jobs(database)
    for job in await jobs.claim(host, "w", 9, 60):
        await jobs.complete(job, resolution(job), download(job), report())
    assert [change.repository for change in await feed_of(database, 1, limit=1)] == ["python/b/1"]
    assert [change.sequence for change in await feed_of(database, 1)] == [2, 3]
    assert await feed_of(database, 3) == []


SYNCS = [
    # yanked and commit of the first and the second sync -> what the second one is
    ((None, "1"), (None, "2"), ChangeKind.UPDATED),
    ((None, "1"), (None, "1"), ChangeKind.UPDATED),
    ((None, "1"), ("", "1"), ChangeKind.MARKED),
    (("", "1"), ("broken", "1"), ChangeKind.MARKED),
    (("broken", "1"), (None, "1"), ChangeKind.MARKED),
    ((None, "1"), ("", "2"), ChangeKind.UPDATED),
]


@pytest.mark.parametrize(("first", "second", "kind"), SYNCS)
async def test_kinds(
    database: Database, first: tuple[str | None, str], second: tuple[str | None, str], kind: ChangeKind
) -> None:
    host = await pinned(database, "a==1.0")
    jobs = Jobs(database)
    for yanked, commit in (first, second):
        [job] = await jobs.claim(host, "w", 1, 60)
        await jobs.complete(job, resolution(job, yanked=yanked), download(job), report(commit * 40))
        await jobs.requeue([job.release_id])
    changes = await feed_of(database)
    assert [(change.kind, change.commit) for change in changes] == [
        (ChangeKind.CREATED, first[1] * 40),
        (kind, second[1] * 40),
    ]
    assert (changes[1].code_host_id, changes[1].project, changes[1].version) == (host, "a", "1")
