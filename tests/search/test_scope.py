"""Scopes to repositories, over a real record."""

import pytest
from sqlalchemy import update

from codehost.model.searching import SearchScope
from codehost.record.database import Database
from codehost.record.searchable import Searchable
from codehost.record.tables import releases
from codehost.search.scope import InQuestion, UnknownScopeError, in_question
from tests.record.helpers import pinned
from tests.search.scan.library import record


@pytest.fixture
async def some(database: Database) -> Database:
    """``six`` on two code hosts; its 2.0 is a pre-release, its 1.17 yanked; ``flask`` is synced first."""
    await record(database, "flask==3.0", "six==1.17", "six==1.16", "six==2.0rc1", "six==1.9")
    await record(database, "six==1.5", name="other", pattern="other/{project}/{version}")
    await pinned(database, "later==1", name="third", pattern="third/{project}/{version}")
    async with database.write() as connection:
        await connection.execute(update(releases).where(releases.c.version == "1.17").values(yanked=True))
    return database


async def _find(database: Database, scope: SearchScope, most: int = 100, part: str = "") -> InQuestion:
    return await in_question(Searchable(database), scope, lambda name: part in name, most)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (SearchScope(), ["other/six/1.5", "python/six/1.16", "python/flask/3.0"]),
        (
            SearchScope(latest=False),
            [
                *("other/six/1.5", "python/six/1.16", "python/flask/3.0"),
                *("python/six/1.9", "python/six/2.0rc1", "python/six/1.17"),
            ],
        ),
        (SearchScope(code_host="host", projects=("six",)), ["python/six/1.16"]),
        (SearchScope(projects=("six", "flask"), version="1.9"), ["python/six/1.9"]),
        (SearchScope(version="3.0.0"), ["python/flask/3.0"]),
    ],
)
async def test_order(some: Database, scope: SearchScope, expected: list[str]) -> None:
    found = await _find(some, scope)
    assert [release.repository for release in found.releases] == expected
    assert (found.count, found.recorded) == (len(expected), True)


async def test_the_query_cuts_and_the_bound_keeps_the_first(some: Database) -> None:
    found = await _find(some, SearchScope(latest=False), most=2, part="python/")
    assert [release.repository for release in found.releases] == ["python/six/1.16", "python/flask/3.0"]
    assert found.count == 5
    none = await _find(some, SearchScope(), part="2.0rc1")
    assert (none.releases, none.count, none.recorded) == ((), 0, True)


@pytest.mark.parametrize(
    ("scope", "what", "sentence"),
    [
        (
            SearchScope(code_host="hist"),
            "code host",
            "There is no code host called hist: codehost hosts list shows all. Did you mean host?",
        ),
        (
            SearchScope(projects=("flaks",)),
            "project",
            "No release of a project called flaks is here. Did you mean flask?",
        ),
        (
            SearchScope(projects=("six", "zzz")),
            "project",
            "No release of a project called zzz is here.",
        ),
        (
            SearchScope(projects=("later",)),
            "project",
            "No release of later is synced yet: codehost status tells how far it is, and what failed.",
        ),
        (
            SearchScope(projects=("flask",), code_host="other"),
            "project",
            "No release of a project called flask is here on other.",
        ),
        (
            SearchScope(projects=("six",), version="9", code_host="host"),
            "version",
            "No version 9 of six is here. There are: 1.16, 1.17, 1.9, 2.0rc1.",
        ),
        (SearchScope(version="9\n"), "version", "No version 9\\n is here."),
    ],
)
async def test_what_is_unknown(some: Database, scope: SearchScope, what: str, sentence: str) -> None:
    with pytest.raises(UnknownScopeError) as raised:
        await _find(some, scope)
    assert raised.value.what == what
    if what == "version":
        # The order in which versions are named is that of their ids.
        assert sorted(str(raised.value)) == sorted(sentence)
    else:
        assert str(raised.value) == sentence


async def test_an_empty_record(database: Database) -> None:
    found = await _find(database, SearchScope())
    assert (found.releases, found.count, found.recorded) == ((), 0, False)
