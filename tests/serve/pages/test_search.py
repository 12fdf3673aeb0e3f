"""The search page over HTTP, with an engine that tells what it is told to."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
import structlog
from yarl import URL

from codehost.model.searching import FileHits, QueryError, RepositoryHits, Span
from codehost.search.scan.turns import TooManySearchesError
from codehost.search.scope import UnknownScopeError
from codehost.serve.pages.limits import PageLimits
from tests.search.told import Told
from tests.serve.pages.found import found, hit, searched
from tests.serve.pages.site import member, site
from tests.serve.pages.test_pages import sound

SIX = [member(b"six.py", b"x = 1\n")]
EVIL = "<script>alert(1)</script>\u202e"
# No machine is so slow that a test would depend on it.
PATIENT = PageLimits(search_patience=60)
HASTY = PageLimits(search_patience=0)


def one_file(*numbers: int, path: str = "six.py", more: bool = False) -> RepositoryHits:
    lines = tuple(hit(number, "def f", (0, 3)) for number in numbers)
    return found(FileHits(path=path, language="Python", lines=lines, more=more))


async def test_an_empty_form_helps(tmp_path: Path) -> None:
    engine = Told(searched(0, 0))
    async with site(tmp_path, SIX, engine=engine) as at:
        html = await at.text("/-/search")
        assert '<details class="help" open>' in html
        assert 'name="q"' in html
        sound(html)
        assert "def f" not in await at.text("/-/search?q=++&project=six")
    assert engine.asked == []


async def test_results(tmp_path: Path) -> None:
    engine = Told(
        one_file(3, 4, more=True),
        found(FileHits(path="a", language="", name_spans=(Span(start=0, end=1),))),
        searched(2, 2),
    )
    async with site(tmp_path, SIX, engine=engine, limits=PATIENT) as at:
        status, headers, body = await at.get("/-/search?q=def&project=six&all=1")
    html = body.decode()
    page = sound(html)
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; ")
    assert "script-src" not in headers["Content-Security-Policy"]
    assert [href for href in page.links() if href.endswith(("#L3", "#L4"))]
    assert "<mark>def</mark> f" in html
    assert "<mark>a</mark>" in html
    assert "2 lines in 2 files" in " ".join(page.texts)
    assert "0.50 s · 2 of 3 repositories searched" in html
    assert "More in this file" in html
    assert 'value="1" checked' in html
    assert [one.query for one in engine.asked] == ["def"]
    assert engine.asked[0].scope.projects == ("six",)
    assert not engine.asked[0].scope.latest


async def test_everything_found_is_hostile(tmp_path: Path) -> None:
    file = FileHits(path=f"a/{EVIL}", language=EVIL, lines=(hit(1, EVIL, (0, 5), before=(EVIL,)),), more=True)
    events = (found(file), searched(1, 1, why=EVIL))
    async with site(tmp_path, SIX, engine=Told(*events)) as at:
        page = sound(await at.text("/-/search?q=" + URL.build(query={"q": EVIL}).raw_query_string[2:]))
    assert "script" not in {tag for tag, _ in page.tags}
    assert "alert(1)" in "".join(page.texts)


REFUSALS = [
    (
        QueryError("a (", 2, "a ( without its )", "Close it."),
        422,
        ["at character 3", '<mark class="wrong">(</mark>', "Close it."],
    ),
    (UnknownScopeError("project", "x", "No x.", ("six",)), 404, ["No x.", 'href="/-/search?q=a+%28&amp;project=six"']),
    (TooManySearchesError(2, 0), 503, ["Try again in a moment."]),
]


@pytest.mark.parametrize(("error", "status", "said"), REFUSALS)
async def test_what_cannot_be_searched_has_its_status(
    tmp_path: Path, error: Exception, status: int, said: list[str]
) -> None:
    async with site(tmp_path, SIX, engine=Told(error), limits=PATIENT) as at:
        got, headers, body = await at.get("/-/search?q=a+%28&project=x")
    assert got == status
    assert headers["Cache-Control"] == "no-store"
    assert headers.get("Retry-After") == ("5" if status == 503 else None)
    html = body.decode()
    sound(html)
    assert 'value="a ("' in html
    assert [part for part in said if part not in html] == []


async def test_an_error_behind_the_first_result_is_told_at_its_place(tmp_path: Path) -> None:
    async with site(tmp_path, SIX, engine=Told(one_file(3), TooManySearchesError(2, 0))) as at:
        html = await at.text("/-/search?q=def")
    sound(html)
    assert html.index("#L3") < html.index("The search ended here.") < html.index("Try again") < html.index("</main>")


async def test_a_defect_cuts_the_page_off(tmp_path: Path) -> None:
    async with site(tmp_path, SIX, engine=Told(one_file(3), RuntimeError("secret")), limits=PATIENT) as at:
        with structlog.testing.capture_logs() as logs:
            async with at.client.get("/-/search?q=def") as response:
                with pytest.raises(aiohttp.ClientError):
                    await response.read()
    assert [line["action"] for line in logs] == ["request_crashed"]


async def test_the_head_comes_at_once_and_each_repository_when_it_is_told(tmp_path: Path) -> None:
    first, second = asyncio.Event(), asyncio.Event()
    engine = Told(first, one_file(3), second, one_file(9, path="b.py"), searched(2, 2))
    async with site(tmp_path, SIX, engine=engine, limits=HASTY) as at, at.client.get("/-/search?q=def") as response:
        seen = b""

        async def read(until: bytes) -> None:
            nonlocal seen
            while until not in seen:
                seen += await response.content.readany()

        await read(b"Searching")
        assert b"#L3" not in seen
        first.set()
        await read(b"#L3")
        assert b"#L9" not in seen
        second.set()
        await read(b"</html>")
    sound(seen.decode())


async def test_whoever_goes_away_ends_the_work(tmp_path: Path) -> None:
    engine = Told(one_file(3), asyncio.Event())
    async with site(tmp_path, SIX, engine=engine) as at:
        response = await at.client.get("/-/search?q=def")
        assert not engine.ended.is_set()
        response.close()
        async with asyncio.timeout(60):
            await engine.ended.wait()


async def test_a_head_alone_searches_nothing(tmp_path: Path) -> None:
    engine = Told(searched(0, 0))
    async with site(tmp_path, SIX, engine=engine) as at, at.client.head("/-/search?q=def") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert engine.asked == []


ENDS = [
    ("q=def", searched(0, 0), ["Nothing found", "the same in all versions"], ["in all projects", "Show up to"]),
    ("q=def&project=six&all=1", searched(0, 0), ["the same in all projects"], ["the same in all versions"]),
    ("q=def", searched(1, 1), ["1 line in 1 file<", "search all versions"], ["Nothing", "Show up to"]),
    ("q=def&all=1", searched(1, 1), ["search only the latest"], ["search all versions"]),
    ("q=def&version=1.0", searched(1, 1), [], ["search all versions", "only the latest"]),
    ("q=def&lines=1", searched(1, 1, why="Enough."), ["Enough.", "lines=2000", "Show up to 2,000 lines"], []),
    ("q=def", searched(1, 1, why="The time was over."), ["The time was over."], ["Show up to", "Things to try"]),
    ("q=def&lines=2000", searched(1, 1, why="Enough."), ["Enough."], ["Show up to"]),
]


@pytest.mark.parametrize(("address", "end", "said", "unsaid"), ENDS)
async def test_how_it_went(tmp_path: Path, address: str, end: object, said: list[str], unsaid: list[str]) -> None:
    events = (one_file(3), end) if getattr(end, "files", 0) else (end,)
    async with site(tmp_path, SIX, engine=Told(*events)) as at:
        html = await at.text(f"/-/search?{address}")
    assert [text for text in said if text not in html] == []
    assert [text for text in unsaid if text in html] == []


@pytest.mark.parametrize(
    ("address", "offered"),
    [
        ("q=six", ["/?q=six", "/?q=sixx"]),
        ("q=si", ["/?q=six", "/?q=sixx"]),
        ("q=ump", ["/?q=numpy"]),
        ("q=six%3D%3D1.0.0", ["/python/six/1.0"]),
        ("q=six%3D%3D9", ["/?q=six", "/?q=sixx"]),
        ("q=def+six", []),
        ("q=zzz", []),
    ],
)
async def test_projects_are_offered_by_their_names(tmp_path: Path, address: str, offered: list[str]) -> None:
    async with site(tmp_path, SIX, pins=("numpy==2.0", "sixx==1", "a-six==1"), limits=PATIENT) as at:
        page = sound(await at.text(f"/-/search?{address}"))
    assert [href for href in page.links() if href.startswith(("/?q=", "/python/"))] == offered


async def test_below_a_base(tmp_path: Path) -> None:
    async with site(tmp_path, SIX, base="/code", engine=Told(one_file(3), searched(1, 1))) as at:
        page = sound(await at.text("/code/-/search?q=def"))
    assert {href for href in page.links() if not href.startswith(("/code/", "#"))} == set()
