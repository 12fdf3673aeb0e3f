import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from codehost.model import codehosts
from codehost.model.codehosts import IndexStrategy
from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.model.ports import FoundRoot, PageResponse
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.resolve.mirror_pages import NoMemory
from codehost.resolve.resolver import Resolver
from tests.simulator.fetcher import MemoryFetcher, MemoryRoots, html_page, link
from tests.simulator.mirror import Fault, Mirror

ONE = codehosts.Mirror(url="https://one.example/simple")
TWO = codehosts.Mirror(url="https://two.example/simple", position=1)
PAGE_ONE, PAGE_TWO = f"{ONE.url}/six/", f"{TWO.url}/six/"
PIN = parse_pin("six==1.16.0")
SDIST = link("six-1.16.0.tar.gz")


def status(code: int, retry_after: float | None = None) -> PageResponse:
    return PageResponse(status=code, url=PAGE_ONE, content_type="", body=b"", retry_after=retry_after)


def resolver(*first: PageResponse | Failure, second: PageResponse | Failure | None = None) -> Resolver:
    fetcher = MemoryFetcher(pages={PAGE_ONE: list(first), PAGE_TWO: [second or html_page(PAGE_TWO, SDIST)]})
    return Resolver(fetcher, (ONE, TWO), NoMemory())


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (status(404), "404 for the project"),
        (status(410), "410 for the project"),
        (html_page(PAGE_ONE), "a page without files"),
        (html_page(PAGE_ONE, '<a href="../">up</a>', '<a href="?C=N;O=D">Name</a>'), "a page without files"),
        (html_page(PAGE_ONE, link("six-1.15.0.tar.gz")), "does not list 1.16.0"),
        (
            html_page(PAGE_ONE, link("six-1.15.0.tar.gz"), link("six-latest.tar.gz")),
            "does not list 1.16.0 (1 unreadable entries left out)",
        ),
        (html_page(PAGE_ONE, link("six-1.16.0.win32.exe")), "has 1.16.0 without an sdist, wheel or egg"),
        (
            html_page("https://else.example/simple/six/", link("six-1.15.0.tar.gz")),
            "does not list 1.16.0, by redirect to https://else.example",
        ),
    ],
)
async def test_goes_on_to_the_next_mirror(first: PageResponse, said: str) -> None:
    resolution = await resolver(first).resolve(PIN)
    assert resolution.mirror == TWO.url
    assert resolution.page_url == PAGE_TWO
    assert resolution.file.url == "https://two.example/files/six-1.16.0.tar.gz"
    assert resolution.why == "the only sdist"
    last = "has six-1.16.0.tar.gz: the first mirror with the release"
    assert [answer.said for answer in resolution.asked] == [said, last]


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (status(401), Reason.AUTH),
        (status(403), Reason.AUTH),
        (status(406), Reason.BAD_PAGE),
        (status(204), Reason.BAD_PAGE),
        (status(304), Reason.BAD_PAGE),
        (status(429, 3600.0), Reason.THROTTLED),
        (status(500), Reason.SERVER_ERROR),
        (status(502), Reason.SERVER_ERROR),
        (Failure(Reason.NETWORK, "refused"), Reason.NETWORK),
        (PageResponse(status=200, url=PAGE_ONE, content_type="text/plain", body=b"hello"), Reason.BAD_PAGE),
        (PageResponse(status=200, url=PAGE_ONE, content_type="application/json", body=b"{"), Reason.BAD_PAGE),
        (html_page(PAGE_ONE, "<input type=password>"), Reason.AUTH),
        (html_page(PAGE_ONE, "<form></form>"), Reason.BAD_PAGE),
        (html_page(PAGE_ONE, '<a href="https://portal.example/welcome">Accept</a>'), Reason.BAD_PAGE),
        (
            html_page(PAGE_ONE, '<meta name="pypi:project-status" content="quarantined">'),
            Reason.NO_USABLE_FILE,
        ),
    ],
)
async def test_stops_at_the_first_error(first: PageResponse | Failure, reason: Reason) -> None:
    with pytest.raises(Failure) as caught:
        await resolver(first).resolve(PIN)
    assert (caught.value.reason, caught.value.mirror) == (reason, ONE.url)
    assert caught.value.retry_after == getattr(first, "retry_after", None)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (status(404), status(410), Reason.NOT_FOUND),
        (html_page(PAGE_ONE), status(404), Reason.NOT_FOUND),
        (status(404), html_page(PAGE_TWO, link("six-1.0.tar.gz")), Reason.VERSION_NOT_FOUND),
        (html_page(PAGE_ONE, link("six-1.0.tar.gz")), status(404), Reason.VERSION_NOT_FOUND),
        (
            html_page(PAGE_ONE, link("six-1.16.0.win32.exe")),
            html_page(PAGE_TWO, link("six-1.0.tar.gz")),
            Reason.NO_USABLE_FILE,
        ),
    ],
)
async def test_nobody_has_it(first: PageResponse, second: PageResponse, reason: Reason) -> None:
    with pytest.raises(Failure) as caught:
        await resolver(first, second=second).resolve(PIN)
    assert caught.value.reason is reason
    assert caught.value.mirror is None
    assert caught.value.what.startswith("no mirror has six==1.16.0 (https://one.example/simple: ")
    assert "; https://two.example/simple: " in caught.value.what


async def test_without_mirrors() -> None:
    with pytest.raises(Failure, match="urls is empty") as caught:
        await Resolver(MemoryFetcher(), (), NoMemory()).resolve(PIN)
    assert caught.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    ("pin", "filename"),
    [
        ("six==1.16", "six-1.16.0.tar.gz"),
        ("SIX == 1.16.0.0", "six-1.16.0.tar.gz"),
        ("six==2.0rc1", "six-2.0-rc1.zip"),
        ("six==2.0.RC.1", "six-2.0-rc1.zip"),
        ("six==3+cu124", "six-3.0+cu124-cp311-cp311-linux_x86_64.whl"),
    ],
)
async def test_versions_compare_by_meaning(pin: str, filename: str) -> None:
    names = ("six-1.16.0.tar.gz", "six-2.0-rc1.zip", "six-3.0+cu124-cp311-cp311-linux_x86_64.whl")
    resolution = await resolver(html_page(PAGE_ONE, *map(link, names))).resolve(parse_pin(pin))
    assert (resolution.mirror, resolution.file.filename) == (ONE.url, filename)


async def test_yanked_releases_are_resolved_and_marked() -> None:
    page = html_page(PAGE_ONE, link("six-1.16.0.tar.gz", 'data-yanked="bad"'))
    assert (await resolver(page).resolve(PIN)).file.yanked == "bad"


async def test_a_failed_page_is_asked_again_and_a_good_one_is_not() -> None:
    fetcher = MemoryFetcher(pages={PAGE_ONE: [status(503), html_page(PAGE_ONE, SDIST)]})
    resolver = Resolver(fetcher, (ONE,), NoMemory())
    with pytest.raises(Failure):
        await resolver.resolve(PIN)
    for _ in range(3):
        await resolver.resolve(PIN)
    assert len(fetcher.asked) == 2


async def test_forget_asks_again() -> None:
    fetcher = MemoryFetcher(pages={PAGE_ONE: [html_page(PAGE_ONE), html_page(PAGE_ONE, SDIST)]})
    resolver = Resolver(fetcher, (ONE,), NoMemory())
    with pytest.raises(Failure):
        await resolver.resolve(PIN)
    resolver.forget("other")
    with pytest.raises(Failure):
        await resolver.resolve(PIN)
    resolver.forget("six")
    assert (await resolver.resolve(PIN)).file.filename == "six-1.16.0.tar.gz"


async def test_large_pages() -> None:
    page = html_page(PAGE_ONE, *(link(f"six-1.{number}.tar.gz") for number in range(3000)))
    assert len(page.body) > 100_000
    resolution = await resolver(page).resolve(parse_pin("six==1.2999.0"))
    assert resolution.file.filename == "six-1.2999.tar.gz"


OLD = html_page(PAGE_ONE, link("six-1.15.0.tar.gz"))
BUILT = html_page(PAGE_ONE, link("six-1.16.0.win32.exe"))
PUBLIC = "https://public.example/simple/six/"


def first_index(*first: PageResponse) -> Resolver:
    fetcher = MemoryFetcher(pages={PAGE_ONE: list(first), PAGE_TWO: [html_page(PAGE_TWO, SDIST)]})
    return Resolver(fetcher, (ONE, TWO), NoMemory(), IndexStrategy.FIRST_INDEX)


@pytest.mark.parametrize(("page", "reason"), [(OLD, Reason.VERSION_NOT_FOUND), (BUILT, Reason.NO_USABLE_FILE)])
async def test_first_index_stops_at_the_first_mirror_that_knows_the_project(page: PageResponse, reason: Reason) -> None:
    assert (await resolver(page).resolve(PIN)).mirror == TWO.url
    with pytest.raises(Failure) as caught:
        await first_index(page).resolve(PIN)
    assert (caught.value.reason, caught.value.mirror) == (reason, ONE.url)
    assert f"indexStrategy is first-index, and {ONE.url} is the first mirror that knows six" in caught.value.what


@pytest.mark.parametrize(
    "first",
    [
        status(404),
        html_page(PAGE_ONE),
        # Another server's word: the mirror itself does not know the project.
        html_page(PUBLIC, link("six-1.15.0.tar.gz")),
    ],
)
async def test_first_index_passes_mirrors_that_do_not_know_the_project(first: PageResponse) -> None:
    resolution = await first_index(first).resolve(PIN)
    assert resolution.mirror == TWO.url
    assert resolution.asked[1].said == "has six-1.16.0.tar.gz: the first mirror that knows the project"


@pytest.mark.parametrize("strategy", IndexStrategy)
async def test_the_first_mirror_wins(strategy: IndexStrategy) -> None:
    fetcher = MemoryFetcher(pages={PAGE_ONE: [html_page(PUBLIC, SDIST)]})
    resolution = await Resolver(fetcher, (ONE, TWO), NoMemory(), strategy).resolve(PIN)
    assert (resolution.mirror, resolution.page_url) == (ONE.url, PUBLIC)
    assert len(fetcher.asked) == 1


async def test_disabled_mirrors_are_not_asked() -> None:
    fetcher = MemoryFetcher(pages={PAGE_ONE: [html_page(PAGE_ONE, SDIST)], PAGE_TWO: [html_page(PAGE_TWO, SDIST)]})
    resolution = await Resolver(fetcher, (replace(ONE, enabled=False), TWO), NoMemory()).resolve(PIN)
    assert (resolution.mirror, resolution.position) == (TWO.url, 1)
    assert [answer.said for answer in resolution.asked] == ["has six-1.16.0.tar.gz: the only mirror"]
    assert fetcher.asked == [(TWO.url, PAGE_TWO)]
    with pytest.raises(Failure, match="every mirror in urls is disabled") as caught:
        await Resolver(fetcher, (replace(ONE, enabled=False),), NoMemory()).resolve(PIN)
    assert caught.value.reason is Reason.NOT_FOUND


async def test_ignored_statuses_go_on() -> None:
    ignoring = replace(ONE, ignore_status_codes=frozenset({403}))
    fetcher = MemoryFetcher(pages={PAGE_ONE: [status(403)], PAGE_TWO: [html_page(PAGE_TWO, SDIST)]})
    resolution = await Resolver(fetcher, (ignoring, TWO), NoMemory()).resolve(PIN)
    assert resolution.asked[0].said == "403 for the project"
    with pytest.raises(Failure, match="add 403 to its ignoreStatusCodes"):
        await Resolver(fetcher, (ONE, TWO), NoMemory()).resolve(PIN)


BASE = codehosts.Mirror(url="https://base.example/x", position=1)


async def test_a_base_without_a_simple_api_says_where_it_was_looked_for() -> None:
    with pytest.raises(Failure) as caught:
        await Resolver(MemoryFetcher(), (ONE, BASE), NoMemory()).resolve(PIN)
    assert caught.value.what == (
        f"no mirror has six==1.16.0 ({ONE.url}: 404 for the project; {BASE.url}: 404 for the project; "
        f"no simple API found at {BASE.url}/simple/, {BASE.url}/+simple/ and {BASE.url}/)"
    )


async def test_an_error_at_a_base_stops_too() -> None:
    fetcher = MemoryFetcher(
        pages={
            f"{BASE.url}/simple/six/": [Failure(Reason.NETWORK, "refused")],
            PAGE_TWO: [html_page(PAGE_TWO, SDIST)],
        }
    )
    with pytest.raises(Failure) as caught:
        await Resolver(fetcher, (BASE, TWO), NoMemory()).resolve(PIN)
    assert (caught.value.reason, caught.value.mirror) == (Reason.NETWORK, BASE.url)


class FreeBudget:
    async def spend(self) -> None:
        return


@pytest.fixture
async def fetcher() -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(FreeBudget(), FetchSettings(silence=1), jitter=lambda: 0) as fetcher:
        yield fetcher


@pytest.mark.parametrize("html", [True, False])
async def test_many_pins_of_a_project_are_one_request(fetcher: HttpFetcher, html: bool) -> None:  # noqa: FBT001
    async with Mirror(html=html) as mirror:
        for number in range(20):
            mirror.add(f"six-1.{number}.tar.gz", b"x")
        mirror.fault(mirror.page_path("six"), Fault(delay=0.05))
        resolver = Resolver(fetcher, (codehosts.Mirror(url=mirror.url),), NoMemory())
        pins = [parse_pin(f"six==1.{number}") for number in range(20)]
        resolutions = await asyncio.gather(*map(resolver.resolve, pins))
        assert [resolution.file.filename for resolution in resolutions] == [f"six-{pin.version}.tar.gz" for pin in pins]
        assert mirror.paths() == ["/simple/six/"]


async def test_one_error_reaches_every_pin_with_its_mirror(fetcher: HttpFetcher) -> None:
    async with Mirror(username="ada", password="secret") as mirror:
        resolver = Resolver(fetcher, (codehosts.Mirror(url=mirror.url),), NoMemory())
        pins = [parse_pin(f"six==1.{number}") for number in range(5)]
        failures = await asyncio.gather(*map(resolver.resolve, pins), return_exceptions=True)
        assert len(mirror.requests) == 1
    assert len({id(failure) for failure in failures}) == 5
    for failure in failures:
        assert isinstance(failure, Failure)
        assert (failure.reason, failure.mirror) == (Reason.AUTH, mirror.url)
        assert "answered 401 Unauthorized" in failure.what


async def test_the_search_for_a_root_costs_once(fetcher: HttpFetcher) -> None:
    memory = MemoryRoots()
    async with Mirror() as mirror:
        for project in ("six", "attrs", "toml"):
            mirror.add(f"{project}-1.0.tar.gz", b"x")
        base = codehosts.Mirror(url=f"{mirror.base}/root")
        for project in ("six", "attrs", "toml"):
            mirror.fault(f"/root/+simple/{project}/", Fault(redirect=mirror.page_path(project)))
        first = Resolver(fetcher, (base,), memory)
        await asyncio.gather(*(first.resolve(parse_pin(f"{project}==1.0")) for project in ("attrs", "toml")))
        asked = [path for path in mirror.paths() if path.startswith("/root/")]
        assert asked == ["/root/simple/attrs/", "/root/+simple/attrs/", "/root/+simple/toml/"]
        assert memory.found[base.url].root == f"{base.url}/+simple"
        mirror.requests.clear()
        await Resolver(fetcher, (base,), memory).resolve(parse_pin("six==1.0"))
        assert mirror.paths() == ["/root/+simple/six/", "/simple/six/"]


async def test_a_long_listing_tells_where_the_root_is(fetcher: HttpFetcher) -> None:
    memory = MemoryRoots()
    async with Mirror() as mirror:
        listing = "".join(f'<a href="project-{number}/">project-{number}</a>' for number in range(50_000))
        mirror.fault("/simple/", Fault(body=listing.encode()))
        with pytest.raises(Failure, match="404 for the project"):
            await Resolver(fetcher, (codehosts.Mirror(url=mirror.base),), memory).resolve(PIN)
        assert mirror.paths() == ["/simple/six/", "/+simple/six/", "/six/", "/simple/"]
    assert memory.found == {mirror.base: FoundRoot(root=mirror.url, witness=f"{mirror.url}/")}


async def test_a_mirror_that_has_moved_is_found_again(fetcher: HttpFetcher) -> None:
    async with Mirror() as mirror:
        mirror.add("six-1.16.0.tar.gz", b"x")
        base = codehosts.Mirror(url=mirror.base)
        old = FoundRoot(root=f"{mirror.base}/+simple", witness=f"{mirror.base}/+simple/attrs/")
        memory = MemoryRoots({mirror.base: old})
        await Resolver(fetcher, (base,), memory).resolve(PIN)
    assert memory.found[mirror.base] == FoundRoot(root=mirror.url, witness=f"{mirror.url}/six/")


async def test_a_redirect_to_another_server_is_recorded(fetcher: HttpFetcher) -> None:
    async with Mirror() as public, Mirror() as private:
        public.add("six-1.16.0.tar.gz", b"x")
        private.fault(private.page_path("six"), Fault(redirect=f"{public.url}/six/"))
        resolution = await Resolver(fetcher, (codehosts.Mirror(url=private.url),), NoMemory()).resolve(PIN)
    assert resolution.mirror == private.url
    assert resolution.page_url == f"{public.url}/six/"
    assert resolution.asked[0].said == f"has six-1.16.0.tar.gz, by redirect to {public.base}: the only mirror"


async def test_a_page_without_content_type(fetcher: HttpFetcher) -> None:
    async with Mirror(html=True) as mirror:
        mirror.add("six-1.16.0.tar.gz", b"x")
        mirror.fault(mirror.page_path("six"), Fault(content_type=""))
        resolution = await Resolver(fetcher, (codehosts.Mirror(url=mirror.url),), NoMemory()).resolve(PIN)
    assert resolution.file.url == mirror.file_url("six-1.16.0.tar.gz")
