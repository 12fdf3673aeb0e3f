"""Conditional requests: validators are taken from an answer, sent back, and answered by 304."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from codehost.model.codehosts import Mirror
from codehost.model.ports import NO_VALIDATORS, Validators
from codehost.net.fetcher import HttpFetcher
from tests.net.wire import CountingBudget, no_sleep

TAG, DATE = '"one"', "Tue, 02 Jan 2024 03:04:05 GMT"
BOTH = Validators(etag=TAG, last_modified=DATE)


class Server:
    """Serves one page with the headers that it is told, and keeps the conditions that it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.headers: dict[str, str] = {"ETag": TAG, "Last-Modified": DATE}
        self.conditions: list[tuple[str | None, str | None]] = []

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/simple/moved/":
            raise web.HTTPFound("/simple/six/")
        conditions = (request.headers.get("If-None-Match"), request.headers.get("If-Modified-Since"))
        self.conditions.append(conditions)
        unchanged = TAG in conditions or DATE in conditions
        return web.Response(status=304 if unchanged else 200, headers=self.headers, body=b"" if unchanged else b"page")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/{tail:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/simple"
    yield server
    await runner.cleanup()


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
async def fetcher(budget: CountingBudget) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, sleep=no_sleep) as fetcher:
        yield fetcher


@pytest.mark.parametrize(
    ("validators", "conditions"),
    [
        (BOTH, (TAG, DATE)),
        (Validators(etag=TAG), (TAG, None)),
        (Validators(last_modified=DATE), (None, DATE)),
    ],
)
async def test_an_unchanged_page_is_one_request_without_a_body(
    server: Server,
    fetcher: HttpFetcher,
    budget: CountingBudget,
    validators: Validators,
    conditions: tuple[str | None, str | None],
) -> None:
    page = await fetcher.page(Mirror(url=server.url), f"{server.url}/six/", validators)
    assert (page.status, page.body, page.url) == (304, b"", f"{server.url}/six/")
    assert server.conditions == [conditions]
    assert budget.spent == 1


@pytest.mark.parametrize("validators", [None, NO_VALIDATORS, Validators(etag='"other"')])
async def test_a_page_that_is_new_comes_with_its_validators(
    server: Server, fetcher: HttpFetcher, validators: Validators | None
) -> None:
    page = await fetcher.page(Mirror(url=server.url), f"{server.url}/six/", validators)
    assert (page.status, page.body, page.etag, page.last_modified) == (200, b"page", TAG, DATE)
    assert server.conditions == [(validators.etag if validators else None, None)]


async def test_conditions_follow_a_redirect(server: Server, fetcher: HttpFetcher, budget: CountingBudget) -> None:
    page = await fetcher.page(Mirror(url=server.url), f"{server.url}/moved/", BOTH)
    assert (page.status, page.url, budget.spent) == (304, f"{server.url}/six/", 2)


@pytest.mark.parametrize(
    ("etag", "kept"),
    [
        ('W/"one"', 'W/"one"'),
        # Some servers leave the quotes out.
        ("one", "one"),
        ('"' + "x" * 1_000 + '"', None),
        ('"\u00e9"', None),
        ("", None),
        (None, None),
    ],
)
async def test_only_what_can_be_sent_back_is_kept(
    server: Server, fetcher: HttpFetcher, etag: str | None, kept: str | None
) -> None:
    server.headers = {} if etag is None else {"ETag": etag}
    page = await fetcher.page(Mirror(url=server.url), f"{server.url}/six/")
    assert (page.etag, page.last_modified) == (kept, None)
