"""What is present, streamed in order, on both databases."""

from itertools import groupby

import pytest
from sqlalchemy import func, select, update

from benchmarks.filled import fill
from codehost.model.searching import SearchScope
from codehost.record.database import Database
from codehost.record.searchable import Searchable, SearchableRelease
from codehost.record.tables import releases
from tests.search.scan.library import record


async def _all(database: Database, scope: SearchScope, batch: int = 1_000) -> list[SearchableRelease]:
    found: list[SearchableRelease] = []
    async for rows in Searchable(database).stream(scope, batch):
        assert 0 < len(rows) <= batch
        found += rows
    return found


@pytest.fixture
async def some(database: Database) -> Database:
    """Two code hosts with a project in common, and one release that is not synced."""
    await record(database, "b==2.0", "a==1", "b==10")
    await record(database, "b==3", "c==1", name="other", pattern="other/{project}/{version}")
    async with database.write() as connection:
        await connection.execute(update(releases).where(releases.c.project == "c").values(commit=None))
        await connection.execute(update(releases).where(releases.c.pinned_version == "10").values(yanked=True))
    return database


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
async def test_stream(some: Database, batch: int) -> None:
    found = await _all(some, SearchScope(), batch)
    assert [(one.code_host, one.project, one.pinned_version) for one in found] == [
        ("host", "a", "1"),
        ("host", "b", "10"),
        ("host", "b", "2.0"),
        ("other", "b", "3"),
    ]
    ten, two = found[1], found[2]
    assert (ten.yanked, two.yanked) == (True, False)
    assert (two.repository, two.version, two.commit, two.unpacked_bytes) == ("python/b/2.0", "2", "c" * 40, 100)
    assert two.synced_at > 0


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (SearchScope(code_host="other"), ["other/b/3"]),
        (SearchScope(code_host="none"), []),
        (SearchScope(projects=("a", "c")), ["python/a/1"]),
        (SearchScope(projects=("b",)), ["python/b/10", "python/b/2.0", "other/b/3"]),
        (SearchScope(version="2"), ["python/b/2.0"]),
        (SearchScope(version="2.0"), ["python/b/2.0"]),
        (SearchScope(version="2.0.0", projects=("b",), code_host="host"), ["python/b/2.0"]),
        (SearchScope(version="not a version"), []),
    ],
)
async def test_scopes(some: Database, scope: SearchScope, expected: list[str]) -> None:
    assert [one.repository for one in await _all(some, scope)] == expected


async def test_names(some: Database) -> None:
    searchable = Searchable(some)
    assert list(await searchable.code_hosts()) == ["host", "other"]
    assert await searchable.versions("b", None, 10) == {"3": True, "10": True, "2.0": True}
    assert await searchable.versions("b", "host", 1) == {"10": True}
    assert await searchable.versions("c", None, 10) == {"1": False}
    assert await searchable.projects_beginning("", None, 10) == ["a", "b"]
    assert await searchable.projects_beginning("%", None, 10) == []


async def test_ten_thousand(database: Database) -> None:
    await fill(database, 10_000)
    found = await _all(database, SearchScope())
    async with database.read() as connection:
        present = select(func.count()).select_from(releases).where(releases.c.commit.is_not(None))
        assert len(found) == await connection.scalar(present)
    keys = [(one.code_host, one.project, one.version) for one in found]
    assert len(set(keys)) == len(keys)
    # Each project's are together, whatever order the database gives to names.
    groups = [group for group, _ in groupby(key[:2] for key in keys)]
    assert len(set(groups)) == len(groups)
