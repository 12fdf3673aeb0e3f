import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from codehost.model import codehosts
from codehost.model.codehosts import Credentials
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from tests.simulator.mirror import JSON_TYPE, Fault, Mirror

SETTINGS = FetchSettings(connect_timeout=1, silence=0.3, page_deadline=2, max_page_bytes=10_000)


class CountingBudget:
    def __init__(self) -> None:
        self.spent = 0

    async def spend(self) -> None:
        self.spent += 1


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


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


def page_url(mirror: Mirror, project: str = "six") -> str:
    return f"{mirror.url}/{project}/"


@asynccontextmanager
async def raw_server(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A server below HTTP; gives its address and ends every connection that is still open."""
    connections: list[tuple[asyncio.Task[None], asyncio.StreamWriter]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(answer(reader, writer))
        connections.append((task, writer))
        await asyncio.wait([task])

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for task, writer in connections:
        task.cancel()
        writer.close()
    await asyncio.gather(*(task for task, _ in connections), return_exceptions=True)


async def body_of(fetcher: HttpFetcher, mirror: Mirror, url: str) -> bytes:
    async with fetcher.file(entry(mirror), url) as response:
        return b"".join([chunk async for chunk in response.chunks()])


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
        await body_of(fetcher, mirror, f"{mirror.base}/hop/0")
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
        await body_of(fetcher, mirror, mirror.file_url("six-1.0.tar.gz"))
    assert caught.value.reason is Reason.NETWORK


async def test_refused_connection(fetcher: HttpFetcher, budget: CountingBudget) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(Failure, match="refused the connection") as caught:
            await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")
    assert caught.value.reason is Reason.NETWORK
    assert budget.spent == 3


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
        await body_of(fetcher, mirror, url)
    assert caught.value.reason is Reason.BLOCKED
    assert "secret" not in str(caught.value)
    assert budget.spent == 0


async def test_at_most_so_many_connections_to_a_host(budget: CountingBudget, mirror: Mirror) -> None:
    mirror.fault(mirror.page_path("six"), Fault(delay=0.05))
    async with HttpFetcher(budget, FetchSettings(connections_per_host=3)) as fetcher:
        await asyncio.gather(*(fetcher.page(entry(mirror), page_url(mirror)) for _ in range(9)))
    assert mirror.most_at_once == 3
