"""The pages over HTTP: every address, and what a hostile release can make of them: nothing."""

import asyncio
import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import update
from yarl import URL

from codehost.model.members import Member
from codehost.record.tables import releases
from codehost.serve.pages.limits import PageLimits
from codehost.serve.pages.showing import size
from tests.serve.pages.site import NAME, link, make_repository, member, site

EVIL = b"<script>alert(1)</script><img src=x onerror=alert(2)>"
SOURCE = b"def f(x):\n    return x < 1\n\n\nclass A:\n    '''doc\n    doc'''\n"
HOSTILE_NAMES = [
    b"<script>alert(1)",
    b'"onmouseover="alert(1)',
    "gp\u202e3pm.py".encode(),
    b"\xff\xfe.py",
    b"a?b#c%2e%2e&amp;",
    b"javascript:alert(1)",
    b"--help",
    "\u0085\u200b".encode(),
]
MEMBERS = [
    member(b"six.py", SOURCE),
    member(b"src/deep/a b.py", b"x = 1\n", executable=True),
    member(b"evil.html", EVIL + b"\n"),
    member(b"evil.svg", b"<svg xmlns='http://www.w3.org/2000/svg'>" + EVIL + b"</svg>\n"),
    member(b"binary", bytes(range(256))),
    member(b"latin.txt", b"caf\xe9\n"),
    member(b"empty", b""),
    member(b"bidi.py", "access = 'user\u202e \u2066# admin\u2069 \u2066'\n".encode()),
    link(b"alias", b"src/deep/a b.py"),
    *(member(b"names/" + name, EVIL) for name in HOSTILE_NAMES),
]


class Reader(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def links(self) -> list[str]:
        return [href for tag, attributes in self.tags if tag == "a" and (href := attributes.get("href"))]


def sound(html: str) -> Reader:
    """The page, after a look at whether it could do any harm, and whether it is one that everybody can read."""
    page = Reader(html)
    names = [tag for tag, _ in page.tags]
    assert page.open == []
    assert html.count("<script") == names.count("script") <= 1
    assert set(names) <= {
        *("html", "head", "meta", "title", "link", "body", "a", "header", "nav", "form", "label", "input", "button"),
        *("main", "ol", "ul", "li", "span", "strong", "code", "pre", "p", "h1", "h2", "div", "script", "br"),
        *("section", "article", "details", "summary", "mark", "h3"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "select", "option"),
    }
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name in {"style", "src"} for name in attributes), (tag, attributes)
    for href in page.links():
        assert href.startswith(("/", "#", "?", "https://")), href
    assert names.count("h1") == names.count("main") == 1
    assert next(attributes for tag, attributes in page.tags if tag == "a") == {"class": "skip", "href": "#main"}
    assert all(char.isprintable() or char in "\n\t" for char in html)
    return page


async def test_all_pages_can_be_reached_and_none_can_do_harm(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        seen, todo = (
            set[str](),
            [
                "/",
                "/-/search",
                "/?q=six",
                "/?q=" + "%3Cscript%3E%22%E2%80%AE",
                f"/{NAME}",
                f"/{NAME}/tree/HEAD",
                f"/{NAME}/commit/HEAD",
            ],
        )
        while todo:
            path = todo.pop()
            status, headers, body = await at.get(path)
            seen.add(path)
            if "/raw/" in path:
                assert status == 200
                continue
            if status == 302:
                todo.append(headers["Location"])
                continue
            assert status == 200, (path, body)
            policy = headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; ")
            assert ("script-src" in policy) == ("/blob/" in path)
            assert "unsafe" not in policy
            page = sound(body.decode())
            inner = [link for link in page.links() if link.startswith("/")]
            todo += [link.partition("#")[0] for link in inner if link.partition("#")[0] not in {*seen, *todo}]
        assert (
            len([path for path in seen if "/blob/HEAD/" in path or f"/blob/{at.commit}/" in path])
            >= 2 * len(MEMBERS) - 2
        )


async def test_a_file(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        for rev in ("HEAD", "latest", "v1.0", at.commit):
            html = await at.text(f"/{NAME}/blob/{rev}/six.py")
            page = sound(html)
            ids = [attributes["id"] for tag, attributes in page.tags if tag == "tr"]
            assert ids == [f"L{number}" for number in range(1, 8)]
            assert "7 lines, " in html
            assert '<span class="k">def</span>' in html


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("binary", "The file is not text."),
        ("latin.txt", "read as Latin-1"),
        ("empty", "The file is empty."),
        ("alias", "A symbolic link to"),
        ("bidi.py", '<span class="odd">U+202E</span>'),
        ("src/deep/a%20b.py", "executable"),
    ],
)
async def test_what_is_said_of_files(tmp_path: Path, path: str, said: str) -> None:
    async with site(tmp_path, MEMBERS) as at:
        assert said in await at.text(f"/{NAME}/blob/HEAD/{path}")


async def test_a_link_is_followed_by_hand(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        page = sound(await at.text(f"/{NAME}/blob/HEAD/alias"))
        [href] = [href for href in page.links() if href.endswith("deep/a%20b.py")]
        status, headers, _ = await at.get(href)
        assert (status, headers["Location"]) == (302, f"/{NAME}/blob/HEAD/src/deep/a%20b.py")
        status, headers, _ = await at.get(f"/{NAME}/blob/HEAD/names")
        assert (status, headers["Location"]) == (302, f"/{NAME}/tree/HEAD/names")


async def test_raw_bytes_are_never_run(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        for name in ("evil.html", "evil.svg"):
            status, headers, body = await at.get(f"/{NAME}/raw/HEAD/{name}")
            assert (status, headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
            assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert EVIL in body
        for name in ("binary", "latin.txt"):
            status, headers, _ = await at.get(f"/{NAME}/raw/HEAD/{name}")
            assert headers["Content-Type"] == "application/octet-stream"
            assert headers["Content-Disposition"].startswith("attachment")


async def test_parts_of_raw_bytes(tmp_path: Path) -> None:
    path = f"/{NAME}/raw/HEAD/binary"
    async with site(tmp_path, MEMBERS) as at:
        _, headers, whole = await at.get(path)
        assert whole == bytes(range(256))
        etag = headers["ETag"]
        assert (await at.get(path, If_None_Match=etag))[0] == 304
        status, headers, part = await at.get(path, Range="bytes=10-19", If_Range=etag)
        assert (status, headers["Content-Range"], part) == (206, "bytes 10-19/256", whole[10:20])
        assert (await at.get(path, Range="bytes=-6"))[2] == whole[-6:]
        assert (await at.get(path, Range="bytes=10-19", If_Range='"other"'))[0::2] == (200, whole)
        status, headers, _ = await at.get(path, Range="bytes=256-")
        assert (status, headers["Content-Range"]) == (416, "bytes */256")
        async with at.client.head(path) as response:
            assert (response.status, response.headers["Content-Length"]) == (200, "256")


async def test_names_of_any_bytes_come_back(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        page = sound(await at.text(f"/{NAME}/tree/HEAD/names"))
        hrefs = [href for href in page.links() if "/blob/HEAD/names/" in href]
        assert len(hrefs) == len(HOSTILE_NAMES)
        for href in hrefs:
            assert (await at.get(href.replace("/blob/", "/raw/")))[0::2] == (200, EVIL)
        text = "".join(page.texts)
        assert "gpU+202E3pm.py" in text
        assert "\\xff\\xfe.py" in text


async def test_the_release(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS, pins=("six==1.10", "six==1.9")) as at:
        html = await at.text(f"/{NAME}")
        sound(html)
        for said in (
            "<strong>Yanked</strong>: &lt;b&gt;bad&lt;/b&gt;",
            "ab" * 32,
            "by the page's sha256",
            "unsafe-name",
            "&gt;=3.8",
            "2024-01-02T03:04:05Z",
            "https://mirror.example.com/simple",
            at.commit,
        ):
            assert said in html or said in re.sub(r"</?span[^>]*>", "", html), said
        assert f"git clone http://127.0.0.1:{at.client.port}/git/{NAME}.git" in html
        assert html.index("six==1.10") < html.index("six==1.9")
        pending = await at.text("/python/six/1.9")
        assert "There is no repository yet: the release is queued." in pending


async def test_marks_are_said_and_only_the_web_is_linked_to(tmp_path: Path) -> None:
    hostile = {"mirror": "javascript:alert(1)", "page_url": "data:text/html,x", "final_url": "https://a.example/x"}
    marks = {"quarantined": True, "gone_at": 1_600_000_000_000_000, "alarm": "<b>other bytes", "verified": []}
    async with site(tmp_path, MEMBERS) as at:
        async with at.database.write() as connection:
            await connection.execute(update(releases).values(**hostile, **marks))
        html = await at.text(f"/{NAME}")
        page = sound(html)
        assert "javascript:alert(1)" in html
        outside = [href for href in page.links() if not href.startswith(("/", "#"))]
        assert outside == ["https://a.example/x", "https://mirror.example.com/simple"]
        for said in ("&lt;b&gt;other bytes", "Quarantined.", "since 2020-09-13", "by nothing"):
            assert said in html
        found = await at.text("/?q=six")
        assert all(f">{mark}<" in found for mark in ("yanked", "quarantined", "gone", "alarm"))


async def test_search_and_index(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS, pins=("six==1.10", "sixty==1")) as at:
        html = await at.text("/?q=Six")
        assert f'href="/{NAME}"' in html
        assert ">sixty</a>" in html
        assert "six==1.10" not in await at.text("/?q=six%3D%3D1.0.0")
        for nobodys in ("nothing", "%00", "%FF", "%25", "==", "=%3D1", "'" + "x" * 500):
            assert "No project has this in its name" in await at.text(f"/?q={nobodys}")
        index = await at.text("/")
        assert f'<a href="/{NAME}">{NAME}</a>' in index
        assert 'href="/?host=host">host</a>' in index
        assert '<td class="number"><a href="/?host=host&amp;state=completed">1</a>' in re.sub(r"\s*\n", "", index)


async def test_the_list_is_filtered_and_goes_on(tmp_path: Path) -> None:
    pins = [f"p{number}==1" for number in range(150)]
    async with site(tmp_path, MEMBERS, pins=tuple(pins)) as at:
        first = await at.text("/?host=host&state=queued")
        sound(first)
        assert "150 pinned and queued" in first
        [more] = re.findall(r'rel="next" href="([^"]+)"', first)
        second = await at.text(more.replace("&amp;", "&"))
        shown = re.findall(r'href="/python/(p\d+)/1"', first + second)
        assert sorted(shown) == sorted(pin.removesuffix("==1") for pin in pins)
        assert "1 pinned and completed" in await at.text("/?state=completed")
        for odd in ("host=nobody", "host=%00%FF", "state=failed", "host=&after=999", "state=x&after=-1&host=%3Cb%3E"):
            sound(await at.text(f"/?{odd}"))


async def test_files_have_their_sizes_in_the_list(tmp_path: Path) -> None:
    sizes = (0, 1, 15, 16, 17, 2_047, 2_048, 2_049, 300_000)
    members = [member(b"f%d" % count, b"x" * count) for count in sizes]
    async with site(tmp_path, [*members, link(b"to", b"f1")]) as at:
        page = Reader(await at.text(f"/{NAME}/tree/HEAD"))
        texts = [text.strip() for text in page.texts if text.strip()]
        for count in sizes:
            at_name = texts.index(f"f{count}")
            assert texts[at_name + 1 : at_name + 3] == ["file", size(count)]
        assert texts[texts.index("to") + 1 :][:2] == ["link", "At"]


LOST = [
    f"/{NAME}/blob/HEAD/nothing.py",
    f"/{NAME}/blob/{'0' * 40}/six.py",
    f"/{NAME}/blob/v9/six.py",
    f"/{NAME}/raw/HEAD/src",
    f"/{NAME}/raw/HEAD",
    f"/{NAME}/blob/HEAD/%2e%2e/%2e%2e/config",
    f"/{NAME}/blob/HEAD/..%2f..%2fconfig",
    f"/{NAME}.git/config",
    f"/{NAME}/blob/--help/six.py",
    f"/{NAME}/blob/HEAD/six.py/x",
    "/python/six/9.9",
    "/python/%2e%2e/etc/tree/HEAD",
    "/%ff%fe%00",
    "/-/static/base.html",
    "/-/static/../../pages.py",
]


@pytest.mark.parametrize("path", LOST)
async def test_what_is_not_there(tmp_path: Path, path: str) -> None:
    async with site(tmp_path, MEMBERS) as at:
        status, headers, body = await at.get(path)
        assert status == 404
        page = sound(body.decode())
        assert headers["Cache-Control"] in {"no-store", "private, no-cache"}
        assert len([href for href in page.links() if href.startswith("/")]) >= 2


async def test_a_lost_path_leads_on(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        _, _, body = await at.get("/python/six/9.9")
        assert f'href="/{NAME}"' in body.decode()
        _, _, body = await at.get(f"/{NAME}/blob/{'0' * 40}/six.py")
        assert f'href="/{NAME}/blob/{at.commit}/six.py"' in body.decode()


async def test_caching(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        path = f"/{NAME}/blob/{at.commit}/six.py"
        _, headers, _ = await at.get(path)
        assert headers["Cache-Control"] == "private, max-age=604800, immutable"
        status, _, body = await at.get(path, If_None_Match=headers["ETag"])
        assert (status, body) == (304, b"")
        _, moving, _ = await at.get(f"/{NAME}/blob/HEAD/six.py")
        assert (moving["Cache-Control"], moving["ETag"] != headers["ETag"]) == ("private, no-cache", True)
        _, headers, _ = await at.get(f"/{NAME}")
        assert (await at.get(f"/{NAME}", If_None_Match=headers["ETag"]))[0] == 304
        style = re.search(r'rel="stylesheet" href="([^"]+)"', await at.text("/"))
        assert style is not None
        status, headers, _ = await at.get(style[1])
        assert (status, headers["Content-Type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in headers["Cache-Control"]
        assert (await at.get("/-/static/style.css?v=old"))[1]["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "packed"), [("gzip, deflate", True), ("gzip;q=0", False), ("br", False), ("", False)]
)
async def test_compression(tmp_path: Path, accepted: str, packed: bool) -> None:  # noqa: FBT001 - a column of the table
    async with site(tmp_path, MEMBERS) as at:
        url = URL(f"http://127.0.0.1:{at.client.port}/{NAME}")
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            response = await session.get(url, headers={"Accept-Encoding": accepted})
            body = await response.read()
        assert (response.headers.get("Content-Encoding") == "gzip") is packed
        assert b"<!doctype html>" in (gzip.decompress(body) if packed else body)


async def test_below_a_base_path(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS, base="/code") as at:
        for path in (f"/code/{NAME}/tree/HEAD", f"/{NAME}/tree/HEAD"):
            page = sound(await at.text(path))
            assert all(href.startswith("/code/") for href in page.links() if href.startswith("/"))
        status, headers, _ = await at.get("/code?x")
        assert (status, headers["Location"]) == (302, "/code/")
        assert f"/code/git/{NAME}.git" in await at.text(f"/code/{NAME}")


@pytest.mark.parametrize(
    "path", ["/api/v1/hosts", "/code/api/v1/hosts", "/code/git/a.git/HEAD", "/v1/list-repos", "/metrics"]
)
async def test_pages_leave_the_others_what_is_theirs(tmp_path: Path, path: str) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="theirs")

    async with site(tmp_path, MEMBERS, base="/code", others=[web.get(path, answer)]) as at:
        assert await at.text(path) == "theirs"


def _many(count: int) -> list[Member]:
    return [member(f"d/{number:04}".encode(), b"") for number in range(count)]


async def test_large_directories_have_pages(tmp_path: Path) -> None:
    async with site(tmp_path, _many(25), limits=PageLimits(entries=10)) as at:
        names: list[str] = []
        for page in ("", "?page=2", "?page=3"):
            html = await at.text(f"/{NAME}/tree/HEAD/d{page}")
            names += re.findall(r"/blob/HEAD/d/(\d+)", html)
        assert names == [f"{number:04}" for number in range(25)]
        for odd in ("0", "-1", "99", "x", "9" * 50, "%D9%A1"):
            assert (await at.get(f"/{NAME}/tree/HEAD/d?page={odd}"))[0] == 200


async def test_bounds(tmp_path: Path) -> None:
    members = [
        member(b"large.py", b"x = 1\n" * 200),
        member(b"huge.py", b"x = 1\n" * 2_000),
        member(b"tall.py", b"\n" * 1_500),
        member(b"wide.py", b"x = '" + b"y" * 600 + b"'\n"),
    ]
    limits = PageLimits(
        highlighted_bytes=1_000, shown_bytes=10_000, shown_lines=1_000, highlighted_line=300, shown_line=500
    )
    async with site(tmp_path, members, limits=limits) as at:
        assert '<span class="' not in (await at.text(f"/{NAME}/blob/HEAD/large.py"))
        assert "too large to be shown" in await at.text(f"/{NAME}/blob/HEAD/huge.py")
        assert "too many lines" in await at.text(f"/{NAME}/blob/HEAD/tall.py")
        assert "106 more characters" in await at.text(f"/{NAME}/blob/HEAD/wide.py")


async def test_whoever_comes_when_all_is_full_is_told_to_come_again(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS, limits=PageLimits(readers=1, waiting=0)) as at:
        answers = await asyncio.gather(*(at.get(f"/{NAME}/tree/HEAD") for _ in range(20)))
        assert {status for status, _, _ in answers} == {200, 503}
        assert all(headers["Retry-After"] for status, headers, _ in answers if status == 503)
        assert (await at.get(f"/{NAME}/tree/HEAD"))[0] == 200


async def test_a_damaged_repository_is_said_to_be(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        (at.data.repository(NAME) / "packed-refs").unlink()
        status, _, body = await at.get(f"/{NAME}/blob/HEAD/six.py")
        assert status == 500
        assert "codehost verify --repair" in body.decode()
        assert "not on the disk at this moment" in await at.text(f"/{NAME}")


async def test_a_project_may_be_called_like_a_page(tmp_path: Path) -> None:
    async with site(tmp_path, MEMBERS) as at:
        make_repository(at.data, "python/tree/1.0", [member(b"blob/HEAD", b"hello\n")])
        assert "hello" in await at.text("/python/tree/1.0/blob/HEAD/blob/HEAD")
