"""Looking around in the record."""

from pathlib import Path

import pytest

from codehost.model.jobs import JobState
from codehost.model.records import ChangeKind, Plan
from codehost.record.catalogue import Catalogue
from codehost.record.database import open_database
from codehost.record.hosts import CodeHosts
from codehost.record.jobs import Jobs
from codehost.record.releases import Releases
from codehost.record.repositories import Wanted
from tests.record.helpers import PATTERN, download, pinned, report, resolution


async def test_releases_of_a_project_on_all_code_hosts(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as database:
        catalogue = Catalogue(database)
        one = await pinned(database, "six==1.0", "six==1.1", "sixty==1")
        await pinned(database, "six==1.0", name="other", pattern="other/{project}/{version}")
        jobs = Jobs(database)
        [first] = await jobs.claim(one, "w", 1, 60)
        await jobs.complete(first, resolution(first, yanked=""), download(first), report())
        recorded = await Releases(database).recorded(one)
        retire = tuple(release for release in recorded if release.repository == "python/six/1.1")
        await Releases(database).apply_plan(one, Plan(repository_pattern=PATTERN, retire=retire))

        found = await catalogue.releases_of("six", 10)
        assert [(one.repository, one.code_host, one.wanted, one.yanked, one.commit) for one in found] == [
            ("other/six/1.0", "other", True, False, None),
            ("python/six/1.1", "host", False, False, None),
            ("python/six/1.0", "host", True, True, "c" * 40),
        ]
        assert not any(one.quarantined or one.gone or one.alarm for one in found)
        assert len(await catalogue.releases_of("six", 1)) == 1
        assert await catalogue.releases_of("seven", 10) == []
        assert (await catalogue.details("other/six/1.0")) is not None

        [latest] = await catalogue.latest(1)
        assert (latest.repository, latest.kind) == ("python/six/1.0", ChangeKind.CREATED)


@pytest.mark.parametrize(
    ("part", "found"),
    [("six", ["six", "sixty"]), ("x-y", ["x-y"]), ("y", ["sixty", "x-y"]), ("%", []), ("_", []), ("\\", []), ("'", [])],
)
async def test_projects_by_a_part_of_their_name(database_url: str, tmp_path: Path, part: str, found: list[str]) -> None:
    async with open_database(database_url, tmp_path) as database:
        await pinned(database, "sixty==1", "six==1.0", "six==1.1", "x-y==1")
        assert await Catalogue(database).projects(part, 10) == found
        assert await Catalogue(database).projects(part, 1) == found[:1]


async def test_code_hosts(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as database:
        await CodeHosts(database).save("b", "{}")
        await CodeHosts(database).save("a", "{}")
        found = await Catalogue(database).code_hosts()
        assert [(host.name, host.paused, host.problem) for host in found] == [("a", False, None), ("b", False, None)]
        assert [dict(host.counts) for host in found] == [{}, {}]
        await pinned(database, "six==1.0", "six==1.1", name="b")
        [_, counted] = await Catalogue(database).code_hosts()
        assert {state: number for state, number in counted.counts.items() if number} == {JobState.QUEUED: 2}
        [first] = await Catalogue(database).page(Wanted(code_host="b"), 0, 1)
        assert first.repository == "python/six/1.0"
