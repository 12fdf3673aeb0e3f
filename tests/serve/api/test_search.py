"""Searching over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError
from structlog.testing import capture_logs
from yarl import URL

from codehost.model.errors import UserError
from codehost.model.searching import QueryError, SearchRequest, SearchScope
from codehost.search.scan.children import SearchEndedError
from codehost.search.scan.turns import TooManySearchesError
from codehost.search.scope import UnknownScopeError
from codehost.serve.api.search_stream import NDJSON
from tests.patience import eventually
from tests.search.scan.library import library, text
from tests.search.told import Told
from tests.serve.api.administered import Administered
from tests.serve.api.feeding import Served
from tests.serve.api.searched import END, hits, searched

AS_LINES = {"Accept": f"text/plain;q=0.5, {NDJSON}"}
STATISTICS = {
    "engine": "scan",
    "seconds": 0.5,
    "repositories": 2,
    "inScope": 3,
    "files": 1,
    "lines": 1,
    "whyIncomplete": "Late.",
}


def found(root: str) -> dict[str, Any]:
    page = f"{root}/python/six/1"
    url = f"{page}/blob/{'c' * 40}/a/b%20c%3F.py"
    line = {
        "number": 7,
        "text": "a needle",
        "spans": [{"start": 2, "end": 8}],
        "before": ["b"],
        "after": ["c"],
        "cut": False,
        "offset": 0,
        "url": f"{url}#L7",
    }
    file = {"path": "a/b c?.py", "language": "Python", "lines": [line], "nameSpans": [], "more": False, "url": url}
    return {
        "name": "python/six/1",
        "codeHost": "host",
        "project": "six",
        "version": "1",
        "commit": "c" * 40,
        "files": [file],
        "url": page,
    }


async def test_one_object(tmp_path: Path) -> None:
    engine = Told(hits("six", "a/b c?.py"), hits("attrs", "x"), END)
    async with searched(engine, tmp_path, base="/code") as server:
        status, answer = await server.get("/api/v1/search?q=needle")
    assert status == 200
    assert [one["name"] for one in answer["repositories"]] == ["python/six/1", "python/attrs/1"]
    assert answer["repositories"][0] == found(server.root)
    assert (set(answer), answer["statistics"]) == ({"repositories", "statistics"}, STATISTICS)


async def test_nothing(tmp_path: Path) -> None:
    async with searched(Told(END), tmp_path) as server:
        assert await server.get("/api/v1/search?q=x") == (200, {"repositories": [], "statistics": STATISTICS})


async def test_a_path_that_is_no_text_leads_nowhere(tmp_path: Path) -> None:
    async with searched(Told(hits("six", "a\ufffd.py"), END), tmp_path) as server:
        _, answer = await server.get("/api/v1/search?q=x")
    (file,) = answer["repositories"][0]["files"]
    assert ("url" in file, "url" in file["lines"][0]) == (False, False)


async def test_line_by_line_as_it_is_found(tmp_path: Path) -> None:
    more = asyncio.Event()
    engine = Told(hits("six", "a/b c?.py"), more, hits("attrs", "x"), END)
    async with searched(engine, tmp_path) as server, asyncio.timeout(20):
        answer = await server.open("/api/v1/search?q=needle", headers=AS_LINES)
        assert answer.headers["Content-Type"] == NDJSON
        assert json.loads(await answer.content.readline()) == {"repository": found(server.root)}
        more.set()
        second, last = [json.loads(line) for line in (await answer.content.read()).splitlines()]
    assert second["repository"]["name"] == "python/attrs/1"
    assert last == {"statistics": STATISTICS}


async def test_what_fails_on_the_way_says_so_on_the_last_line(tmp_path: Path) -> None:
    engine = Told(hits("six", "a"), UserError("The index is away."))
    async with searched(engine, tmp_path) as server:
        answer = await server.open("/api/v1/search?q=x", headers=AS_LINES)
        first, last = [json.loads(line) for line in (await answer.content.read()).splitlines()]
    assert "repository" in first
    assert last["problem"]["detail"] == "The index is away."


async def test_a_defect_on_the_way_says_so_too_and_is_logged(tmp_path: Path) -> None:
    engine = Told(hits("six", "a"), ValueError("hidden"))
    async with searched(engine, tmp_path) as server:
        with capture_logs() as logs:
            answer = await server.open("/api/v1/search?q=x", headers=AS_LINES)
            await answer.content.readline()
            last = json.loads(await answer.content.readline())
    assert (last["problem"]["status"], "hidden" in str(last)) == (500, False)
    assert [line["action"] for line in logs if line["log_level"] == "error"] == ["request_crashed"]


@pytest.mark.parametrize("error", [UserError("The index is away."), ValueError("hidden")])
async def test_half_an_object_is_cut_off(tmp_path: Path, error: Exception) -> None:
    async with searched(Told(hits("six", "a"), error), tmp_path) as server:
        with pytest.raises(ClientError):  # noqa: PT012 - it depends on when the end is seen
            answer = await server.open("/api/v1/search?q=x")
            await answer.read()


PROBLEMS = [
    (
        QueryError("a (", 2, "a ( without its )", "Close it."),
        422,
        "The query cannot be understood at character 3: a ( without its ). Close it.",
        {"detail": "a ( without its ).", "parameter": "q", "position": 2, "hint": "Close it."},
    ),
    (
        UnknownScopeError("project", "sixx", "No project sixx.", ("six", "sixer")),
        404,
        "No project sixx. Did you mean six or sixer?",
        {"detail": "No project sixx.", "parameter": "project", "hint": "six, sixer"},
    ),
    (
        UnknownScopeError("code host", "x", "No code host x."),
        404,
        "No code host x.",
        {"detail": "No code host x.", "parameter": "codeHost"},
    ),
    (TooManySearchesError(2, 10), 503, str(TooManySearchesError(2, 10)), None),
    (SearchEndedError(), 503, str(SearchEndedError()), None),
]


@pytest.mark.parametrize(("error", "expected", "detail", "flaw"), PROBLEMS)
@pytest.mark.parametrize("headers", [{}, AS_LINES])
async def test_problems(
    tmp_path: Path, error: Exception, expected: int, detail: str, flaw: dict[str, Any] | None, headers: dict[str, str]
) -> None:
    async with searched(Told(error), tmp_path) as server:
        answer = await server.open("/api/v1/search?q=x", headers=headers)
        problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["detail"]) == (expected, detail)
    assert problem.get("errors") == (None if flaw is None else [flaw])
    assert answer.headers.get("Retry-After") == ("5" if expected == 503 else None)


QUESTIONS = [
    ("q=x", SearchRequest(query="x")),
    (
        "q=a+%22b%22&project=Zope.Interface&project=six&version=1.0&codeHost=h&latest=false",
        SearchRequest(
            query='a "b"',
            scope=SearchScope(code_host="h", projects=("zope-interface", "six"), version="1.0", latest=False),
        ),
    ),
    (
        "q=x&lines=5000&linesEach=1&context=20&seconds=0.5&latest=true",
        SearchRequest(query="x", lines=5_000, lines_each=1, context=20, seconds=0.5),
    ),
]


@pytest.mark.parametrize(("query", "expected"), QUESTIONS)
async def test_what_is_asked(tmp_path: Path, query: str, expected: SearchRequest) -> None:
    engine = Told(END)
    async with searched(engine, tmp_path) as server:
        assert (await server.get(f"/api/v1/search?{query}"))[0] == 200
    assert engine.asked == [expected]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", None),
        ("q=x&q=y", "q"),
        ("q=x&what=1", None),
        ("q=%00", "q"),
        ("q=x&project=a&project=%00", "project"),
        (f"q=x{'&project=a' * 101}", "project"),
        ("q=x&latest=maybe", "latest"),
        *((f"q=x&{name}={value}", name) for name in ("lines", "linesEach") for value in ("0", "5001", "x")),
        *((f"q=x&context={value}", "context") for value in ("-1", "21")),
        *((f"q=x&seconds={value}", "seconds") for value in ("0", "-1", "61", "nan", "inf")),
    ],
)
async def test_what_is_no_question(tmp_path: Path, query: str, parameter: str | None) -> None:
    engine = Told(END)
    async with searched(engine, tmp_path) as server:
        status, problem = await server.get(f"/api/v1/search?{query}")
    assert (status, engine.asked) == (422, [])
    assert problem["errors"][0].get("parameter") == parameter


@pytest.mark.parametrize("events", [[], [hits("six", "a")]])
@pytest.mark.parametrize("accept", ["application/json", NDJSON])
async def test_who_hangs_up_ends_the_work(tmp_path: Path, events: list[Any], accept: str) -> None:
    engine = Told(*events, asyncio.Event())
    async with searched(engine, tmp_path) as server:
        where = URL(server.root)
        _, writer = await asyncio.open_connection(where.host, where.port)
        writer.write(f"GET /api/v1/search?q=x HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n\r\n".encode())
        await eventually(lambda: bool(engine.asked))
        writer.transport.abort()
        await eventually(engine.ended.is_set)
        await eventually(lambda: server.traffic.under_way == 0)


async def test_the_head_alone(tmp_path: Path) -> None:
    engine = Told(hits("six", "a"), asyncio.Event())
    async with searched(engine, tmp_path) as server:
        async with server.session.head(f"{server.root}/api/v1/search?q=x") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        await eventually(engine.ended.is_set)


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Served]:
    releases = {"six==1.0": [text("six.py", "x = 1\nneedle\n")], "six==2.0": [text("six.py", "y\nz\nneedle\n")]}
    async with library(tmp_path, releases) as made, searched(made.engine, tmp_path) as server:
        yield server


async def test_with_the_engine(real: Served) -> None:
    _, answer = await real.get("/api/v1/search?q=needle&project=Six&context=1")
    (repository,) = answer["repositories"]
    (line,) = repository["files"][0]["lines"]
    assert (repository["version"], line["number"], line["before"]) == ("2.0", 3, ["z"])
    _, answer = await real.get("/api/v1/search?q=needle&latest=false")
    assert [one["version"] for one in answer["repositories"]] == ["2.0", "1.0"]
    status, problem = await real.get("/api/v1/search?q=needle&project=sixx")
    assert (status, problem["errors"][0]["hint"]) == (404, "six")
    status, problem = await real.get("/api/v1/search?q=sym:x")
    assert (status, problem["errors"][0]["position"]) == (422, 0)


async def test_readers_may(site: Administered) -> None:
    answer = await site.ask("GET", "/search?q=needle", token=site.reader)
    assert (answer.status, answer.json["repositories"]) == (200, [])
