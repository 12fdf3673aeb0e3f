import asyncio
import gzip
import random
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from codehost.model import codehosts
from codehost.model.codehosts import Credentials
from codehost.model.errors import Failure, Reason
from codehost.net.bodies import decode_body
from codehost.net.fetcher import BEGINNING_BYTES, FetchSettings, HttpFetcher
from tests.net.wire import CountingBudget, body_of, no_sleep, page_url, raw_server
from tests.simulator.mirror import JSON_TYPE, Fault, Mirror

SETTINGS = FetchSettings(silence=0.3, page_deadline=2, max_page_bytes=10_000)


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
async def fetcher(budget: CountingBudget) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, SETTINGS, sleep=no_sleep) as fetcher:
        yield fetcher


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        mirror.add("six-1.0.tar.gz", b"x" * 5000)
        yield mirror


def entry(mirror: Mirror, credentials: Credentials | None = None) -> codehosts.Mirror:
    return codehosts.Mirror(url=mirror.url, credentials=credentials)


@pytest.mark.parametrize("gzipped", [True, False])
async def test_page(fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget, gzipped: bool) -> None:  # noqa: FBT001
    mirror.gzip_pages = gzipped
    page = await fetcher.page(entry(mirror), page_url(mirror))
    assert (page.status, page.content_type, page.url) == (200, JSON_TYPE, page_url(mirror))
    assert b"six-1.0.tar.gz" in page.body
    assert budget.spent == len(mirror.requests) == 1
    headers = mirror.requests[0].headers
    assert headers["accept"].startswith("application/vnd.pypi.simple.v1+json, ")
    assert headers["user-agent"].startswith("codehost/")
    assert not {"authorization", "cookie"} & headers.keys()


async def test_file(fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget) -> None:
    async with fetcher.file(entry(mirror), mirror.file_url("six-1.0.tar.gz")) as response:
        assert (response.status, response.length) == (200, 5000)
        assert [chunk async for chunk in response.chunks()] == [b"x" * 5000]
    assert budget.spent == 1
    assert mirror.requests[0].headers["accept-encoding"] == "identity"


async def test_file_without_length(fetcher: HttpFetcher, mirror: Mirror) -> None:
    mirror.chunked = True
    async with fetcher.file(entry(mirror), mirror.file_url("six-1.0.tar.gz")) as response:
        assert response.length is None
        assert b"".join([chunk async for chunk in response.chunks()]) == b"x" * 5000


@pytest.mark.parametrize(
    ("fault", "status", "requests"),
    [
        (Fault(status=404), 404, 1),
        (Fault(status=401), 401, 1),
        (Fault(status=403), 403, 1),
        (Fault(status=503), 503, 3),
        (Fault(status=429), 429, 3),
        (Fault(status=429, retry_after="1"), 429, 3),
        (Fault(status=429, retry_after="3600"), 429, 1),
        (Fault(status=500, times=1), 200, 2),
        (Fault(drop=True, times=1), 200, 2),
        (Fault(delay=0.6, times=1), 200, 2),
        (Fault(send_only=7, times=2), 200, 3),
        (Fault(status=304), 304, 1),
    ],
)
async def test_statuses_and_retries_are_counted(
    fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget, fault: Fault, status: int, requests: int
) -> None:
    mirror.fault(mirror.page_path("six"), fault)
    page = await fetcher.page(entry(mirror), page_url(mirror))
    assert page.status == status
    assert page.retry_after == (float(fault.retry_after) if fault.retry_after else None)
    assert budget.spent == len(mirror.requests) == requests


@pytest.mark.parametrize(
    ("fault", "reason", "what"),
    [
        (Fault(drop=True), Reason.NETWORK, "without an answer"),
        (Fault(delay=5), Reason.NETWORK, "sent nothing for too long"),
        (Fault(send_only=7), Reason.NETWORK, "broke before the whole body"),
        (Fault(body=b"x" * 10_001), Reason.BAD_PAGE, "more than 10000 bytes"),
        (Fault(redirect="ftp://h/x"), Reason.BLOCKED, "neither http nor https"),
        (Fault(redirect="/simple/six/"), Reason.BAD_PAGE, "in a circle"),
    ],
)
async def test_page_failures(fetcher: HttpFetcher, mirror: Mirror, fault: Fault, reason: Reason, what: str) -> None:
    mirror.fault(mirror.page_path("six"), fault)
    with pytest.raises(Failure, match=what) as caught:
        await fetcher.page(entry(mirror), page_url(mirror))
    assert (caught.value.reason, caught.value.mirror) == (reason, mirror.url)


async def test_compressed_page_is_bounded(fetcher: HttpFetcher, mirror: Mirror) -> None:
    mirror.gzip_pages = True
    mirror.fault(mirror.page_path("six"), Fault(body=b"x" * 1_000_000))
    with pytest.raises(Failure, match="more than 10000 bytes"):
        await fetcher.page(entry(mirror), page_url(mirror))


async def test_the_beginning_of_a_long_page(fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget) -> None:
    mirror.gzip_pages = True
    mirror.fault(mirror.page_path("six"), Fault(body=b"x" * 1_000_000, status=200))
    page = await fetcher.beginning(entry(mirror), page_url(mirror))
    assert (page.status, page.url, page.content_type) == (200, page_url(mirror), JSON_TYPE)
    assert page.body == b"x" * BEGINNING_BYTES
    assert budget.spent == 1
    assert mirror.requests[0].headers["accept-encoding"] == "identity"
    assert mirror.requests[0].headers["accept"].startswith("application/vnd.pypi.simple.v1+json, ")


async def test_the_beginning_of_a_short_page_is_all_of_it(fetcher: HttpFetcher, mirror: Mirror) -> None:
    whole = await fetcher.page(entry(mirror), page_url(mirror))
    assert (await fetcher.beginning(entry(mirror), page_url(mirror))).body == whole.body


async def test_the_rest_of_a_page_is_not_fetched(fetcher: HttpFetcher) -> None:
    sent = 0
    stopped = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
        stopped.set()

    async with raw_server(endless) as url, asyncio.timeout(5):
        page = await fetcher.beginning(codehosts.Mirror(url=url), f"{url}/simple/")
        await stopped.wait()
    assert len(page.body) == BEGINNING_BYTES
    assert sent < 20_000_000


@pytest.mark.parametrize(
    ("fault", "status", "requests"),
    [
        (Fault(announce=6000, body=b"begin"), 200, 1),
        (Fault(send_only=5, body=b"begin and end"), 200, 1),
        (Fault(status=404), 404, 1),
        (Fault(status=500, times=1), 200, 2),
        (Fault(drop=True, times=2), 200, 3),
        (Fault(send_only=0, times=1), 200, 2),
    ],
)
async def test_beginnings_that_go_wrong(
    fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget, fault: Fault, status: int, requests: int
) -> None:
    mirror.fault(mirror.page_path("six"), fault)
    page = await fetcher.beginning(entry(mirror), page_url(mirror))
    assert page.status == status
    assert budget.spent == requests
    assert page.body == b"begin" if fault.body else page.body != b"begin"


async def test_a_beginning_that_does_not_come(fetcher: HttpFetcher, mirror: Mirror) -> None:
    mirror.fault(mirror.page_path("six"), Fault(announce=6000, body=b""))
    with pytest.raises(Failure, match="broke before the whole body") as caught:
        await fetcher.beginning(entry(mirror), page_url(mirror))
    assert (caught.value.reason, caught.value.mirror) == (Reason.NETWORK, mirror.url)


async def test_a_beginning_that_is_compressed_all_the_same(fetcher: HttpFetcher) -> None:
    body = gzip.compress(random.Random(1).randbytes(100_000) + b"x" * 1_000_000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    async with raw_server(answer) as url:
        page = await fetcher.beginning(codehosts.Mirror(url=url), f"{url}/simple/")
    begins = random.Random(1).randbytes(100_000)
    assert 60_000 < len(page.body) <= BEGINNING_BYTES
    assert begins.startswith(page.body)


async def test_a_drip_is_bounded_by_the_deadline(budget: CountingBudget) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    settings = FetchSettings(silence=1, page_deadline=0.2)
    async with raw_server(drip) as url, HttpFetcher(budget, settings, sleep=no_sleep) as fetcher:
        with pytest.raises(Failure, match="did not finish its answer in time"):
            await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")


async def test_more_than_five_redirects(fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget) -> None:
    for number in range(10):
        mirror.fault(f"/hop/{number}", Fault(redirect=f"/hop/{number + 1}"))
    with pytest.raises(Failure, match="more than 5 times") as caught:
        await body_of(fetcher, entry(mirror), f"{mirror.base}/hop/0")
    assert caught.value.reason is Reason.FILE_NOT_FOUND
    assert budget.spent == len(mirror.requests) == 6


async def test_redirects_are_followed_and_counted(fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget) -> None:
    mirror.fault("/a", Fault(redirect="b?x=1", status=307))
    mirror.fault("/b", Fault(redirect=mirror.file_path("six-1.0.tar.gz")))
    async with fetcher.file(entry(mirror), f"{mirror.base}/a") as response:
        assert (response.status, response.url) == (200, mirror.file_url("six-1.0.tar.gz"))
    assert budget.spent == len(mirror.requests) == 3


async def test_credentials_stay_with_their_origin(fetcher: HttpFetcher, mirror: Mirror) -> None:
    secret = Credentials(username="ada", password="pass:wörd")
    async with Mirror(username="ada", password="pass:wörd") as private:
        private.add("own-1.0.tar.gz", b"own")
        private.fault("/simple/moved/", Fault(redirect=page_url(mirror)))
        mirror.fault("/back", Fault(redirect=private.file_url("own-1.0.tar.gz")))
        here = codehosts.Mirror(url=private.url, credentials=secret)
        assert (await fetcher.page(here, page_url(private, "own"))).status == 200
        # A hop elsewhere, a file listed elsewhere, and a hop from elsewhere back home.
        assert (await fetcher.page(here, page_url(private, "moved"))).status == 200
        async with fetcher.file(here, mirror.file_url("six-1.0.tar.gz")) as response:
            assert response.status == 200
        async with fetcher.file(here, f"{mirror.base}/back") as response:
            assert response.status == 200
    assert all("authorization" in seen.headers for seen in private.requests)
    assert not [seen for seen in mirror.requests if "authorization" in seen.headers]


async def test_user_information_in_a_redirect_is_neither_used_nor_kept(fetcher: HttpFetcher, mirror: Mirror) -> None:
    target = mirror.file_url("six-1.0.tar.gz").replace("://", "://eve:secret@")
    mirror.fault("/a", Fault(redirect=target))
    async with fetcher.file(entry(mirror), f"{mirror.base}/a") as response:
        assert "secret" not in response.url
    assert "authorization" not in mirror.requests[-1].headers


async def test_another_port_of_the_host_gets_no_credentials(fetcher: HttpFetcher, mirror: Mirror) -> None:
    here = codehosts.Mirror(url="http://127.0.0.1:1/simple", credentials=Credentials(username="u", password="p"))
    await fetcher.page(here, page_url(mirror))
    assert "authorization" not in mirror.requests[0].headers


async def test_cookies_are_not_kept(fetcher: HttpFetcher, budget: CountingBudget) -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with raw_server(answer) as url:
        for _ in range(2):
            await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


async def test_a_closed_kept_connection_is_not_retried_behind_the_budgets_back(
    fetcher: HttpFetcher, budget: CountingBudget
) -> None:
    requests = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.close()

    async with raw_server(answer) as url:
        for _ in range(2):
            assert (await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")).status == 404
    # One answered, one dropped, one retried: all three counted.
    assert budget.spent == requests == 3


async def test_length_that_disagrees(fetcher: HttpFetcher, mirror: Mirror) -> None:
    mirror.fault(mirror.file_path("six-1.0.tar.gz"), Fault(announce=6000))
    with pytest.raises(Failure, match="broke before the whole body") as caught:
        await body_of(fetcher, entry(mirror), mirror.file_url("six-1.0.tar.gz"))
    assert caught.value.reason is Reason.NETWORK


async def test_refused_connection(fetcher: HttpFetcher, budget: CountingBudget) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Failure, match="refused the connection") as caught:
            await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")
    assert caught.value.reason is Reason.NETWORK
    assert budget.spent == 3


async def test_outside_its_context(mirror: Mirror) -> None:
    fetcher = HttpFetcher(CountingBudget())
    with pytest.raises(RuntimeError, match="outside its context"):
        await fetcher.page(entry(mirror), page_url(mirror))
    async with fetcher:
        assert (await fetcher.page(entry(mirror), page_url(mirror))).status == 200
    with pytest.raises(RuntimeError, match="outside its context"):
        await fetcher.page(entry(mirror), page_url(mirror))


async def test_left_while_a_session_is_being_opened(budget: CountingBudget, mirror: Mirror) -> None:
    async with HttpFetcher(budget, SETTINGS) as fetcher:
        asking = asyncio.ensure_future(fetcher.page(entry(mirror), page_url(mirror)))
        await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="outside its context"):
        await asking
    assert (budget.spent, mirror.requests) == (0, [])


class WatchedThreads(ThreadPoolExecutor):
    """Notes what it was given to do."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[object] = []

    def submit(self, call: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        self.calls += call.args if isinstance(call, partial) else ()
        return super().submit(call, *args, **named)


async def test_what_may_unfold_is_decoded_in_a_thread(fetcher: HttpFetcher, mirror: Mirror) -> None:
    asyncio.get_running_loop().set_default_executor(threads := WatchedThreads())
    assert (await fetcher.page(entry(mirror), page_url(mirror))).status == 200
    assert decode_body not in threads.calls
    mirror.gzip_pages = True
    assert (await fetcher.page(entry(mirror), page_url(mirror))).status == 200
    assert decode_body in threads.calls


async def test_tls_with_a_server_that_has_none(fetcher: HttpFetcher, mirror: Mirror) -> None:
    url = mirror.url.replace("http:", "https:")
    with pytest.raises(Failure, match=r"the TLS handshake with https://\S+ failed \(\w+\): is it https\?") as caught:
        await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")
    assert caught.value.reason is Reason.NETWORK


@pytest.mark.parametrize("url", ["ftp://h/a", "file:///etc/passwd", "https://u:secret@[h/a"])
async def test_addresses_that_are_refused(
    fetcher: HttpFetcher, mirror: Mirror, budget: CountingBudget, url: str
) -> None:
    with pytest.raises(Failure) as caught:
        await body_of(fetcher, entry(mirror), url)
    assert caught.value.reason is Reason.BLOCKED
    assert "secret" not in str(caught.value)
    assert budget.spent == 0


async def test_at_most_so_many_connections_for_a_mirror(budget: CountingBudget, mirror: Mirror) -> None:
    mirror.fault(mirror.page_path("six"), Fault(delay=0.05))
    async with HttpFetcher(budget, FetchSettings(connections_per_mirror=3)) as fetcher:
        await asyncio.gather(*(fetcher.page(entry(mirror), page_url(mirror)) for _ in range(9)))
    assert mirror.most_at_once == 3
