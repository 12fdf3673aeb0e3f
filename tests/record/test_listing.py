"""Pages of lists: every release once, in the order in which they were added."""

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.listing import ListedRelease, Listing
from tests.record.helpers import download, pinned, replan, report, resolution

PINS = [f"a{number}==1" for number in range(7)]


async def listed(database: Database, host: int, limit: int, state: JobState | None = None) -> list[ListedRelease]:
    found: list[ListedRelease] = []
    while page := await Listing(database).page(host, found[-1].release_id if found else 0, limit, state):
        assert len(page) <= limit
        found += page
    return found


@pytest.fixture
async def host(database: Database) -> int:
    """Two releases completed, one errored, one failed, the rest queued."""
    host = await pinned(database, *PINS)
    await pinned(database, "b==1", name="another", pattern="other/{project}/{version}")
    work = Jobs(database)
    first, second, third, fourth = await work.claim(host, "w", 4, 60)
    for job in (first, second):
        await work.complete(job, resolution(job), download(job), report())
    await work.fail(third, Failure(Reason.NETWORK, "x"), 60)
    await work.fail(fourth, Failure(Reason.BLOCKED, "x"), None)
    return host


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_every_release_is_on_one_page(database: Database, host: int, limit: int) -> None:
    found = await listed(database, host, limit)
    assert [release.project for release in found] == [f"a{number}" for number in range(7)]
    assert [release.state for release in found[:5]] == ["completed", "completed", "errored", "failed", "queued"]
    assert [release.reason for release in found[1:5]] == [None, "network", "blocked", None]
    assert found[0].synced_at is not None


@pytest.mark.parametrize(
    ("state", "projects"),
    [
        (JobState.COMPLETED, ["a0", "a1"]),
        (JobState.ERRORED, ["a2"]),
        (JobState.QUEUED, ["a4", "a5", "a6"]),
        (JobState.CANCELLED, []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 9])
async def test_of_one_state(database: Database, host: int, state: JobState, projects: list[str], limit: int) -> None:
    assert [release.project for release in await listed(database, host, limit, state)] == projects


async def test_retired_ones_are_told_apart(database: Database, host: int) -> None:
    await replan(database, host, PINS[1:6])
    found = await listed(database, host, 3)
    assert [release.wanted for release in found] == [False, *[True] * 5, False]
    assert [release.state for release in (found[0], found[-1])] == ["completed", "cancelled"]
