"""Lists of repositories, page by page."""

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.repositories import Repositories, Wanted
from tests.record.helpers import download, pinned, replan, report, resolution

ONE = ["a==1", "a==2", "b==1", "c==1"]
OTHER = ["a==3", "d==1"]


@pytest.fixture
async def filled(database: Database) -> Repositories:
    """The code host ``one`` has synced all but c==1, which failed; ``other`` has synced nothing."""
    one = await pinned(database, *ONE, name="one", pattern="one/{project}/{version}")
    await pinned(database, *OTHER, name="other", pattern="other/{project}/{version}")
    jobs = Jobs(database)
    for job in await jobs.claim(one, "w", 9, 60):
        if job.pin.project == "c":
            await jobs.fail(job, Failure(Reason.NOT_FOUND, "nowhere"), None)
        else:
            yanked = "broken" if job.pin.project == "b" else None
            await jobs.complete(job, resolution(job, yanked=yanked), download(job), report())
    return Repositories(database)


async def names(repositories: Repositories, wanted: Wanted, limit: int) -> list[str]:
    found: list[str] = []
    after = 0
    while page := await repositories.page(wanted, after, limit):
        found += [one.repository for one in page]
        after = page[-1].release_id
        if len(page) < limit:
            break
    return found


LISTS = [
    (Wanted(), ["one/a/1", "one/a/2", "one/b/1", "one/c/1", "other/a/3", "other/d/1"]),
    (Wanted(code_host="one"), ["one/a/1", "one/a/2", "one/b/1", "one/c/1"]),
    (Wanted(code_host="nobody"), []),
    (Wanted(project="a"), ["one/a/1", "one/a/2", "other/a/3"]),
    (Wanted(project="a", code_host="other"), ["other/a/3"]),
    (Wanted(project="a", code_host="nobody"), []),
    (Wanted(project="a", state=JobState.QUEUED), ["other/a/3"]),
    (Wanted(state=JobState.COMPLETED), ["one/a/1", "one/a/2", "one/b/1"]),
    (Wanted(state=JobState.QUEUED), ["other/a/3", "other/d/1"]),
    (Wanted(state=JobState.QUEUED, code_host="one"), []),
    (Wanted(project="zzz"), []),
]


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize(("wanted", "expected"), LISTS)
async def test_lists(filled: Repositories, wanted: Wanted, expected: list[str], limit: int) -> None:
    assert await names(filled, wanted, limit) == expected


async def test_an_item(filled: Repositories) -> None:
    [found] = await filled.page(Wanted(project="b"))
    assert (found.code_host, found.version, found.pinned_version) == ("one", "1", "1")
    assert (found.state, found.reason, found.commit, found.wanted) == (JobState.COMPLETED, None, "c" * 40, True)
    assert (found.yanked, found.quarantined, found.gone_at, found.alarm) == ("broken", False, None, None)
    assert found.synced_at is not None
    [failed] = await filled.page(Wanted(project="c"))
    assert (failed.reason, failed.commit, failed.yanked, failed.synced_at) == ("not-found", None, None, None)


async def test_present_are_those_with_a_repository_also_while_retired(database: Database, filled: Repositories) -> None:
    [first] = await filled.page(Wanted(project="b"))
    assert [one.repository for one in await filled.present()] == ["one/a/1", "one/a/2", "one/b/1"]
    await replan(database, (await filled.page())[0].release_id, ["a==1"], "one/{project}/{version}")
    page = await filled.present(0, 2)
    assert [one.repository for one in page] == ["one/a/1", "one/a/2"]
    assert [one.repository for one in await filled.present(page[-1].release_id, 2)] == ["one/b/1"]
    [retired] = await filled.page(Wanted(project="b"))
    assert (first.wanted, retired.wanted, retired.retired_at is None) == (True, False, False)


async def test_more_code_hosts_than_one_question_takes(database: Database) -> None:
    for number in range(120):
        await pinned(database, "a==1", name=f"h{number}", pattern=f"h{number}/{{project}}/{{version}}")
    repositories = Repositories(database)
    found = await names(repositories, Wanted(state=JobState.QUEUED), 50)
    assert found == [f"h{number}/a/1" for number in range(120)]
