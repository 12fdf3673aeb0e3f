import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from codehost.model import codehosts
from codehost.model.codehosts import Credentials, Header, Tls
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from tests.net.wire import CountingBudget, Names, body_of, no_sleep, page_url, raw_server
from tests.patience import eventually
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Fault, Mirror
from tests.simulator.proxy import Proxy

FILE = "six-1.0.tar.gz"
ADA = Credentials(username="ada", password="proxy-pa55")
OWN = Credentials(username="mia", password="mirror-pa55")


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
async def fetcher(budget: CountingBudget) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, FetchSettings(silence=2), sleep=no_sleep) as fetcher:
        yield fetcher


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        mirror.add(FILE, b"six")
        yield mirror


class PunctualBudget(CountingBudget):
    """Notes how many requests were counted and had not reached the mirror when the next one was."""

    def __init__(self, mirror: Mirror) -> None:
        super().__init__()
        self.mirror = mirror
        self.ahead: list[int] = []

    async def spend(self) -> None:
        self.ahead.append(self.spent - len(self.mirror.requests))
        await super().spend()


async def test_a_request_is_counted_when_there_is_a_place_for_it(mirror: Mirror) -> None:
    mirror.fault(mirror.page_path("six"), Fault(delay=0.1))
    budget = PunctualBudget(mirror)
    here = codehosts.Mirror(url=mirror.url)
    async with HttpFetcher(budget, FetchSettings(connections_per_mirror=1)) as fetcher:
        await asyncio.gather(*(fetcher.page(here, page_url(mirror)) for _ in range(4)))
    assert budget.ahead == [0, 0, 0, 0]


async def test_waiting_for_a_place_is_no_part_of_connecting(budget: CountingBudget, mirror: Mirror) -> None:
    mirror.fault(mirror.page_path("six"), Fault(delay=0.3))
    here = codehosts.Mirror(url=mirror.url, connect_timeout=0.5, deadline=0.8)
    async with HttpFetcher(budget, FetchSettings(connections_per_mirror=1)) as fetcher:
        pages = await asyncio.gather(*(fetcher.page(here, page_url(mirror)) for _ in range(4)))
    assert [page.status for page in pages] == [200] * 4
    assert budget.spent == 4


async def test_one_mirror_does_not_wait_for_another(budget: CountingBudget, mirror: Mirror) -> None:
    async with Mirror() as slow, HttpFetcher(budget, FetchSettings(connections_per_mirror=1)) as fetcher:
        slow.fault(slow.page_path("six"), Fault(delay=600))
        waiting = asyncio.ensure_future(fetcher.page(codehosts.Mirror(url=slow.url), page_url(slow)))
        async with asyncio.timeout(60):
            await eventually(lambda: slow.requests)
            assert (await fetcher.page(codehosts.Mirror(url=mirror.url), page_url(mirror))).status == 200
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_a_request_that_was_held_up_is_counted_again(budget: CountingBudget) -> None:
    names = Names({"mirror.corp": [["127.0.0.1"]]}, delay=0.7)
    async with (
        Mirror(name="mirror.corp") as mirror,
        HttpFetcher(budget, FetchSettings(departure=0.5), resolver=names, sleep=no_sleep) as fetcher,
    ):
        assert (await fetcher.page(codehosts.Mirror(url=mirror.url), page_url(mirror))).status == 404
        assert (budget.spent, len(mirror.requests)) == (2, 1)
        # The connection stands: nothing holds the next one up.
        assert (await fetcher.page(codehosts.Mirror(url=mirror.url), page_url(mirror))).status == 404
        assert (budget.spent, len(mirror.requests)) == (3, 2)


async def test_a_request_that_is_always_too_late_is_never_sent(budget: CountingBudget, mirror: Mirror) -> None:
    async with HttpFetcher(budget, FetchSettings(departure=-1), sleep=no_sleep) as fetcher:
        with pytest.raises(Failure, match="takes more than -1 seconds to make") as caught:
            await body_of(fetcher, codehosts.Mirror(url=mirror.url), mirror.file_url(FILE))
    assert caught.value.reason is Reason.NETWORK
    assert (budget.spent, mirror.requests) == (2, [])


async def test_connecting_includes_the_name(budget: CountingBudget) -> None:
    names = Names({"mirror.corp": [["127.0.0.1"]]}, delay=5)
    here = codehosts.Mirror(url="http://mirror.corp/simple", connect_timeout=0.1)
    async with HttpFetcher(budget, resolver=names, sleep=no_sleep) as fetcher:
        with pytest.raises(Failure, match=r"connecting to http://mirror\.corp took too long"):
            await fetcher.page(here, "http://mirror.corp/simple/six/")


async def test_connecting_includes_the_handshake(fetcher: HttpFetcher) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(mute) as base:
        url = base.replace("http:", "https:")
        with pytest.raises(Failure, match=f"connecting to {url} took too long"):
            await fetcher.page(codehosts.Mirror(url=url, connect_timeout=0.1), f"{url}/six/")


@pytest.mark.parametrize("kind", ["page", "file"])
async def test_a_mirrors_own_deadline(fetcher: HttpFetcher, kind: str) -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    async with raw_server(drip) as url:
        here = codehosts.Mirror(url=url, deadline=0.2)
        with pytest.raises(Failure, match="did not finish its answer in time"):
            await (fetcher.page(here, f"{url}/six/") if kind == "page" else body_of(fetcher, here, f"{url}/six"))


async def test_own_headers_stay_with_the_own_origin(fetcher: HttpFetcher, mirror: Mirror) -> None:
    async with Mirror() as own:
        own.add(FILE, b"six")
        own.fault("/out", Fault(redirect=mirror.file_url(FILE)))
        mirror.fault("/back", Fault(redirect=own.file_url(FILE)))
        headers = (Header(name="X-Token", value="t0ken"), Header(name="Authorization", value="Bearer t0ken"))
        here = codehosts.Mirror(url=own.url, headers=headers)
        await fetcher.page(here, page_url(own))
        for url in (f"{own.base}/out", f"{mirror.base}/back", mirror.file_url(FILE)):
            assert await body_of(fetcher, here, url) == b"six"
    assert {seen.headers["x-token"] for seen in own.requests} == {"t0ken"}
    assert {seen.headers["authorization"] for seen in own.requests} == {"Bearer t0ken"}
    assert "t0ken" not in str(mirror.requests)


async def test_nothing_is_taken_from_the_environment(
    fetcher: HttpFetcher, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login eve password n3trc\ndefault login eve password n3trc\n")
    netrc.chmod(stat.S_IRUSR)
    async with Proxy() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        assert (await fetcher.page(codehosts.Mirror(url=mirror.url), page_url(mirror))).status == 200
        assert proxy.requests == []
    assert "authorization" not in mirror.requests[0].headers


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


class Proxied:
    """A mirror on plain http and one on https, a proxy on either, and entries that join them."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.authority = authority
        self.bundle = authority.bundle(folder)
        self.stack = AsyncExitStack()

    async def mirror(self, scheme: str) -> Mirror:
        context = self.authority.server("mirror.corp") if scheme == "https" else None
        mirror = Mirror(ssl_context=context, name="mirror.corp", username=OWN.username, password=OWN.password)
        mirror.add(FILE, b"six")
        return await self.stack.enter_async_context(mirror)

    async def proxy(self, scheme: str, *, username: str | None = None, refuse: int | None = None) -> Proxy:
        context = self.authority.server(clients=self.authority, required=False) if scheme == "https" else None
        proxy = Proxy(
            ssl_context=context,
            username=username,
            password=ADA.password,
            refuse=refuse,
            names={"mirror.corp": "127.0.0.1", "localhost": "127.0.0.1"},
        )
        return await self.stack.enter_async_context(proxy)

    def entry(self, mirror: Mirror, proxy: Proxy, credentials: Credentials | None = None) -> codehosts.Mirror:
        return codehosts.Mirror(
            url=mirror.url,
            credentials=OWN,
            tls=Tls(ca_bundle=self.bundle),
            proxy=codehosts.Proxy(url=proxy.url, credentials=credentials),
        )


@pytest.fixture
async def proxied(authority: Authority, tmp_path: Path) -> AsyncIterator[Proxied]:
    proxied = Proxied(authority, tmp_path)
    async with proxied.stack:
        yield proxied


SCHEMES = [("http", "http"), ("https", "http"), ("http", "https"), ("https", "https")]


@pytest.mark.parametrize(("of_mirror", "of_proxy"), SCHEMES)
async def test_through_a_proxy(
    fetcher: HttpFetcher, budget: CountingBudget, proxied: Proxied, of_mirror: str, of_proxy: str
) -> None:
    mirror, proxy = await proxied.mirror(of_mirror), await proxied.proxy(of_proxy, username=ADA.username)
    here = proxied.entry(mirror, proxy, ADA)
    # Nothing here knows the mirror's name: the proxy resolves it.
    assert (await fetcher.page(here, page_url(mirror))).status == 200
    assert await body_of(fetcher, here, mirror.file_url(FILE)) == b"six"
    assert budget.spent == len(mirror.requests) == 2
    assert {seen.headers["authorization"][:6] for seen in mirror.requests} == {"Basic "}
    assert not [seen for seen in mirror.requests if "proxy-authorization" in seen.headers]
    if of_mirror == "https":
        # One tunnel serves both; the mirror's credentials stay inside.
        assert [(asked.method, asked.target) for asked in proxy.requests] == [
            ("CONNECT", mirror.base.removeprefix("https://"))
        ]
        assert "authorization" not in proxy.requests[0].headers
    else:
        assert [(asked.method, asked.target) for asked in proxy.requests] == [
            ("GET", page_url(mirror)),
            ("GET", mirror.file_url(FILE)),
        ]


@pytest.mark.parametrize(("of_mirror", "of_proxy"), SCHEMES)
@pytest.mark.parametrize(
    ("credentials", "what"),
    [
        (None, r"the proxy \S+ wants a user name and password \(407\): give them with proxy"),
        (Credentials(username="ada", password="wr0ng"), r"the proxy \S+ does not accept the user name and password"),
    ],
)
async def test_a_proxy_that_wants_credentials(
    fetcher: HttpFetcher,
    budget: CountingBudget,
    proxied: Proxied,
    of_mirror: str,
    of_proxy: str,
    credentials: Credentials | None,
    what: str,
) -> None:
    mirror, proxy = await proxied.mirror(of_mirror), await proxied.proxy(of_proxy, username=ADA.username)
    here = proxied.entry(mirror, proxy, credentials)
    with pytest.raises(Failure, match=what) as caught:
        await fetcher.page(here, page_url(mirror))
    assert (caught.value.reason, caught.value.mirror) == (Reason.AUTH, mirror.url)
    assert proxy.url in str(caught.value)
    assert "wr0ng" not in repr(caught.value)
    assert (budget.spent, mirror.requests) == (1, [])


@pytest.mark.parametrize("of_proxy", ["http", "https"])
@pytest.mark.parametrize("status", [403, 502])
async def test_a_proxy_that_refuses_a_tunnel(
    fetcher: HttpFetcher, budget: CountingBudget, proxied: Proxied, of_proxy: str, status: int
) -> None:
    mirror, proxy = await proxied.mirror("https"), await proxied.proxy(of_proxy, refuse=status)
    here = proxied.entry(mirror, proxy, ADA)
    with pytest.raises(
        Failure, match=rf"the proxy {proxy.url} makes no connection to .+ \(it answered {status}\)"
    ) as e:
        await fetcher.page(here, page_url(mirror))
    assert e.value.reason is Reason.NETWORK
    assert budget.spent == len(proxy.requests) == 3


async def test_a_407_inside_a_tunnel_is_the_servers(fetcher: HttpFetcher, proxied: Proxied) -> None:
    mirror, proxy = await proxied.mirror("https"), await proxied.proxy("http")
    mirror.fault(mirror.page_path("six"), Fault(status=407))
    assert (await fetcher.page(proxied.entry(mirror, proxy), page_url(mirror))).status == 407


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://127.0.0.1:1", "the proxy http://127.0.0.1:1 refused the connection"),
        ("http://nowhere.invalid:1", "the name of the proxy http://nowhere.invalid:1 does not resolve"),
    ],
)
@pytest.mark.parametrize("target", ["http://mirror.corp/simple", "https://mirror.corp/simple"])
async def test_a_dead_proxy(fetcher: HttpFetcher, url: str, what: str, target: str) -> None:
    here = codehosts.Mirror(url=target, proxy=codehosts.Proxy(url=url, credentials=ADA))
    with pytest.raises(Failure, match=what) as caught:
        await fetcher.page(here, f"{target}/six/")
    assert caught.value.reason is Reason.NETWORK


async def test_a_proxy_that_says_nothing(fetcher: HttpFetcher) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(mute) as url:
        proxy = codehosts.Proxy(url=url)
        here = codehosts.Mirror(url="https://mirror.corp", proxy=proxy, connect_timeout=0.1)
        with pytest.raises(
            Failure, match=rf"connecting to https://mirror.corp took too long \(through the proxy {url}"
        ):
            await fetcher.page(here, "https://mirror.corp/six/")


async def test_a_proxy_is_shown_no_client_certificate_and_is_always_verified(
    fetcher: HttpFetcher, authority: Authority, proxied: Proxied, tmp_path: Path
) -> None:
    mirror, proxy = await proxied.mirror("https"), await proxied.proxy("https")
    files = authority.client(tmp_path, "ada")
    way = codehosts.Proxy(url=proxy.url)
    known = Tls(ca_bundle=proxied.bundle, client_certificate=files.both)
    here = codehosts.Mirror(url=mirror.url, credentials=OWN, tls=known, proxy=way)
    assert (await fetcher.page(here, page_url(mirror))).status == 200
    assert [asked.certified for asked in proxy.requests] == [False]
    blind = codehosts.Mirror(url=mirror.url, credentials=OWN, tls=Tls(verify=False), proxy=way)
    with pytest.raises(Failure, match=f"the certificate of the proxy {proxy.url} is not trusted"):
        await fetcher.page(blind, page_url(mirror))
    assert len(proxy.requests) == 1


async def test_the_certificate_behind_a_tunnel_is_the_servers(
    fetcher: HttpFetcher, authority: Authority, proxied: Proxied
) -> None:
    mirror, proxy = await proxied.mirror("https"), await proxied.proxy("http")
    here = codehosts.Mirror(url=mirror.url, proxy=codehosts.Proxy(url=proxy.url))
    with pytest.raises(Failure, match=f"the certificate of {mirror.base} is not trusted"):
        await fetcher.page(here, page_url(mirror))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "localhost..", "169.254.169.254", "2130706433", "[::1]", "127.0.0.1%a"),
        *("ip6-localhost", "wiki", "db.internal"),
    ],
)
async def test_a_proxy_is_no_way_round_the_guard(fetcher: HttpFetcher, proxied: Proxied, host: str) -> None:
    mirror, proxy = await proxied.mirror("http"), await proxied.proxy("http")
    url = mirror.file_url(FILE).replace("mirror.corp", host)
    with pytest.raises(Failure) as caught:
        await body_of(fetcher, proxied.entry(mirror, proxy), url)
    assert caught.value.reason is Reason.BLOCKED
    assert (proxy.requests, mirror.requests) == ([], [])
