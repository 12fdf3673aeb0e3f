import pytest

from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from codehost.record.database import Database
from codehost.record.hosts import UnknownHostError
from codehost.record.job_pages import JobPages, Place, Wanted
from tests.record.helpers import pinned, replan


async def repositories(database: Database, wanted: Wanted, after: Place) -> list[str]:
    return [job.repository for job in await JobPages(database).page(wanted, after, 100)]


async def test_a_page_goes_on_in_the_next_code_host(database: Database) -> None:
    for name in ("one", "two"):
        await pinned(database, "six==1.0", "six==2.0", name=name, pattern=f"{name}/{{project}}/{{version}}")
    [_, _, third] = await JobPages(database).page(Wanted(), Place(), 3)
    assert (third.repository, third.code_host) == ("two/six/1.0", "two")
    assert await repositories(database, Wanted(), third.place) == ["two/six/2.0"]
    assert await repositories(database, Wanted(code_host="one"), third.place) == []
    with pytest.raises(UnknownHostError):
        await repositories(database, Wanted(code_host="three"), Place())


async def test_retired_releases_are_among_them(database: Database) -> None:
    host = await pinned(database, "six==1.0", "six==2.0")
    await replan(database, host, ["six==2.0"])
    wanted = {job.repository: job.wanted for job in await JobPages(database).page(Wanted(), Place(), 9)}
    assert wanted == {"python/six/1.0": False, "python/six/2.0": True}


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        (Wanted(), list(JobState)),
        (Wanted(state=JobState.QUEUED), [JobState.QUEUED]),
        (Wanted(reason=Reason.AUTH), [JobState.ERRORED, JobState.FAILED]),
        (Wanted(reason=Reason.AUTH, state=JobState.FAILED), [JobState.FAILED]),
        (Wanted(reason=Reason.AUTH, state=JobState.QUEUED), []),
    ],
)
def test_where_they_are_looked_for(wanted: Wanted, states: list[JobState]) -> None:
    assert list(wanted.states) == states
