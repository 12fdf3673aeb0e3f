"""What is found, over a few repositories that all these tests share."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from codehost.model.searching import Engine, QueryError, RepositoryHits, SearchRequest, SearchScope, Span
from codehost.search.scope import UnknownScopeError
from tests.search.scan.library import Library, library, text
from tests.serve.pages.site import link, member

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALL = SearchScope(latest=False)
RELEASES = {
    "six==1.15": [text("six.py", "import os\nold = 1\n")],
    "six==1.16": [text("six.py", "import os\n\nimport sys\n"), text("docs/import.txt", "nothing\n")],
    "flask==3.0": [
        text("flask/app.py", "from six import moves\n" * 3),
        text("flask/é.txt", "é is imported: önly\n"),
        link(b"alias.py", b"flask/app.py"),
        member(b"logo.png", b"\x89PNG\0import"),
        member(b"large.txt", b"import large\n" * 170_000),
    ],
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def three(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Library]:
    async with library(tmp_path_factory.mktemp("library"), RELEASES) as opened:
        yield opened


def _lines(found: list[RepositoryHits]) -> list[tuple[str, str, list[int]]]:
    return [(one.repository, file.path, [line.number for line in file.lines]) for one in found for file in one.files]


@pytest.mark.parametrize(
    ("query", "scope", "expected"),
    [
        # The latest of each project, the one that was synced last first; paths in order.
        (
            "import",
            SearchScope(),
            [
                ("python/flask/3.0", "flask/app.py", [1, 2, 3]),
                ("python/flask/3.0", "flask/é.txt", [1]),
                ("python/six/1.16", "docs/import.txt", []),
                ("python/six/1.16", "six.py", [1, 3]),
            ],
        ),
        ("content:^import", SearchScope(), [("python/six/1.16", "six.py", [1, 3])]),
        (
            "^import.os",
            ALL,
            [("python/six/1.16", "six.py", [1]), ("python/six/1.15", "six.py", [1])],
        ),
        ("import repo:1.15", ALL, [("python/six/1.15", "six.py", [1])]),
        ("old", SearchScope(), []),
        ("old", SearchScope(version="1.15.0"), [("python/six/1.15", "six.py", [2])]),
        ("import lang:python -file:docs", SearchScope(projects=("six",)), [("python/six/1.16", "six.py", [1, 3])]),
        ("Import case:yes", SearchScope(), []),
        # A link is a file whose text is its target; what is too large or binary is found by its name alone.
        ("content:flask/app", SearchScope(), [("python/flask/3.0", "alias.py", [1])]),
        (
            "file:large or file:logo",
            SearchScope(),
            [("python/flask/3.0", "large.txt", []), ("python/flask/3.0", "logo.png", [])],
        ),
        ("import", SearchScope(code_host="host", projects=("six",), version="1.16"), [
            ("python/six/1.16", "docs/import.txt", []), ("python/six/1.16", "six.py", [1, 3]),
        ]),
    ],
)  # fmt: skip
async def test_what_is_found(
    three: Library, query: str, scope: SearchScope, expected: list[tuple[str, str, list[int]]]
) -> None:
    found, end = await three.search(SearchRequest(query=query, scope=scope))
    assert _lines(found) == expected
    assert end.why_incomplete is None
    assert end.engine is Engine.SCAN
    assert end.repositories == end.in_scope
    assert (end.files, end.lines) == (len(expected), sum(len(lines) for *_, lines in expected))


async def test_a_hit_in_full(three: Library) -> None:
    (only,), _ = await three.search(SearchRequest(query="önly", scope=SearchScope(projects=("flask",)), context=1))
    release = (only.project, only.version, only.code_host, only.repository)
    assert release == ("flask", "3.0", "host", "python/flask/3.0")
    assert len(only.commit) == 40
    assert only.commit != "c" * 40, "the commit that was read, not the one that was recorded"
    (line,) = only.files[0].lines
    assert (line.text, line.spans) == ("é is imported: önly", (Span(start=15, end=19),))
    (six,), _ = await three.search(SearchRequest(query="import.sys", scope=SearchScope(projects=("six",)), context=2))
    assert six.files[0].lines[0].before == ("import os", "")
    assert six.files[0].language == "Python"


async def test_the_limit_on_lines(three: Library) -> None:
    found, end = await three.search(SearchRequest(query="import", lines=4))
    assert _lines(found) == [
        ("python/flask/3.0", "flask/app.py", [1, 2, 3]),
        ("python/flask/3.0", "flask/é.txt", [1]),
    ]
    assert end.lines == 4
    assert end.why_incomplete is not None
    assert "limit of 4 lines" in end.why_incomplete
    found, end = await three.search(SearchRequest(query="import", lines=2))
    assert found[0].files[0].more
    assert end.lines == 2
    found, end = await three.search(SearchRequest(query="content:import", lines_each=1))
    assert [(len(file.lines), file.more) for one in found for file in one.files] == [(1, True), (1, False), (1, True)]
    assert end.why_incomplete is None


async def test_what_is_refused_before_anything_is_told(three: Library) -> None:
    with pytest.raises(QueryError):
        await three.search(SearchRequest(query="("))
    with pytest.raises(UnknownScopeError, match="Did you mean flask"):
        await three.search(SearchRequest(query="x", scope=SearchScope(projects=("flaks",))))


async def test_two_searches_side_by_side(three: Library) -> None:
    (one, _), (two, _) = await asyncio.gather(
        three.search(SearchRequest(query="content:^import")), three.search(SearchRequest(query="önly"))
    )
    assert [found.project for found in one] == ["six"]
    assert [found.project for found in two] == ["flask"]
