import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import pytest

from codehost.model import codehosts
from codehost.model.codehosts import Credentials
from codehost.model.errors import Failure, Reason
from codehost.net.addresses import RefusedAddressError, reach_of
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.net.resolver import GuardedResolver
from tests.net.wire import CountingBudget, Names, body_of, no_sleep, page_url
from tests.simulator.mirror import Fault, Mirror

FILE = "six-1.0.tar.gz"
# An address of documentation: allowed, and nobody answers there.
NOWHERE = "203.0.113.1"


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
async def fetcher(budget: CountingBudget, names: Names) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, FetchSettings(silence=1), resolver=names, sleep=no_sleep) as fetcher:
        yield fetcher


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        yield mirror


@pytest.fixture
async def internal() -> AsyncIterator[Mirror]:
    """A service of this machine that only it may reach."""
    async with Mirror(address="127.0.0.2") as internal:
        internal.add(FILE, b"secret")
        yield internal


def entry(mirror: Mirror, *allowed: str) -> codehosts.Mirror:
    return codehosts.Mirror(url=mirror.url, allowed_hosts=frozenset(allowed), connect_timeout=0.5)


def port_of(mirror: Mirror) -> str:
    return mirror.base.rpartition(":")[2]


async def refused(fetcher: HttpFetcher, mirror: codehosts.Mirror, url: str) -> str:
    with pytest.raises(Failure) as caught:
        await body_of(fetcher, mirror, url)
    assert (caught.value.reason, caught.value.mirror) == (Reason.BLOCKED, mirror.url)
    return str(caught.value)


async def test_only_what_may_be_reached_is_passed_on() -> None:
    names = Names({"a": [["127.0.0.1", NOWHERE, "::1"]], "b": [["::1"]], "own": [["::1"]], "empty": [[]]})
    guarded = GuardedResolver(names, reach_of("own", []))
    assert [found["host"] for found in await guarded.resolve("a", 80)] == [NOWHERE]
    assert [found["host"] for found in await guarded.resolve("own", 80)] == ["::1"]
    with pytest.raises(RefusedAddressError):
        await guarded.resolve("b", 80)
    with pytest.raises(OSError, match="empty has no address"):
        await guarded.resolve("empty", 80)


async def test_a_mirror_that_was_public_does_not_become_private() -> None:
    names = Names({"own": [["10.0.0.1"], [NOWHERE, "10.0.0.1"], ["10.0.0.1"]], "allowed": [[NOWHERE], ["10.0.0.1"]]})
    guarded = GuardedResolver(names, reach_of("own", ["allowed"]))
    for expected in ("10.0.0.1", NOWHERE):
        assert [found["host"] for found in await guarded.resolve("own", 80)] == [expected]
    with pytest.raises(RefusedAddressError):
        await guarded.resolve("own", 80)
    for expected in (NOWHERE, "10.0.0.1"):
        assert [found["host"] for found in await guarded.resolve("allowed", 80)] == [expected]


async def test_the_resolver_of_this_machine_is_judged_too() -> None:
    guarded = GuardedResolver(aiohttp.ThreadedResolver(), reach_of("mirror.example.com", []))
    for host in ("localhost", "127.1", "0x7f.1", "2130706433"):
        with pytest.raises(RefusedAddressError):
            await guarded.resolve(host, 80)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.2",
        "localhost",
        "localhost.",
        "files.localhost",
        "0x7f.2",
        "0x7f000002",
        "2130706434",
        "017700000002",
        "127.2",
        "127.0.0.2.",
        "127。0。0。2",
        "[::ffff:127.0.0.2]",
        "[::127.0.0.2]",
        "[64:ff9b::7f00:2]",
        "169.254.169.254",
        "10.0.0.1",
    ],
)
@pytest.mark.parametrize("way", ["link", "redirect"])
async def test_addresses_are_refused_before_anything_is_sent(
    fetcher: HttpFetcher, budget: CountingBudget, mirror: Mirror, internal: Mirror, names: Names, host: str, way: str
) -> None:
    url = f"http://{host}:{port_of(internal)}/files/{FILE}"
    mirror.fault("/moved", Fault(redirect=url))
    what = await refused(fetcher, entry(mirror), url if way == "link" else f"{mirror.base}/moved")
    assert "allowedHosts" in what or "unusual way to write" in what
    assert (budget.spent, internal.requests, names.asked) == (1 if way == "redirect" else 0, [], [])


@pytest.mark.parametrize("address", ["127.0.0.2", "::ffff:127.0.0.2", "169.254.169.254", "fe80::1%1", "10.0.0.1"])
@pytest.mark.parametrize("way", ["link", "redirect"])
async def test_names_are_refused_by_their_addresses(
    fetcher: HttpFetcher, mirror: Mirror, internal: Mirror, names: Names, address: str, way: str
) -> None:
    names.addresses["evil.example"] = [[address]]
    url = f"http://evil.example:{port_of(internal)}/files/{FILE}"
    mirror.fault("/moved", Fault(redirect=url))
    what = await refused(fetcher, entry(mirror), url if way == "link" else f"{mirror.base}/moved")
    assert f"evil.example, which is {address}" in what
    assert "add evil.example to the mirror's allowedHosts" in what
    assert internal.requests == []


async def test_a_page_is_not_retried_when_its_address_is_refused(
    fetcher: HttpFetcher, budget: CountingBudget, mirror: Mirror, internal: Mirror
) -> None:
    mirror.fault(mirror.page_path("six"), Fault(redirect=page_url(internal)))
    with pytest.raises(Failure, match="not public"):
        await fetcher.page(entry(mirror), page_url(mirror))
    assert budget.spent == 1


async def test_a_name_that_changes_its_address(
    fetcher: HttpFetcher, mirror: Mirror, internal: Mirror, names: Names
) -> None:
    names.addresses["evil.example"] = [["127.0.0.2"], [NOWHERE, "127.0.0.2"], ["127.0.0.2"]]
    url = f"http://evil.example:{port_of(internal)}/files/{FILE}"
    await refused(fetcher, entry(mirror), url)
    for _ in range(2):
        # The address that is allowed is tried, and only it.
        with pytest.raises(Failure) as caught:
            await body_of(fetcher, entry(mirror), url)
        assert caught.value.reason is Reason.NETWORK
    assert internal.requests == []


@pytest.mark.parametrize("host", ["127.0.0.2", "files.example"])
async def test_allowed_hosts(fetcher: HttpFetcher, mirror: Mirror, internal: Mirror, names: Names, host: str) -> None:
    names.addresses["files.example"] = [["127.0.0.2"]]
    url = f"http://{host}:{port_of(internal)}/files/{FILE}"
    assert await body_of(fetcher, entry(mirror, host), url) == b"secret"
    # The connection that stands is no way round the guard for another mirror.
    await refused(fetcher, entry(mirror), url)
    assert len(internal.requests) == 1


async def test_the_own_host_may_be_anywhere_and_on_any_port(fetcher: HttpFetcher, names: Names) -> None:
    names.addresses["mirror.corp"] = [["127.0.0.1"]]
    async with Mirror(name="mirror.corp") as mirror, Mirror(name="mirror.corp") as files:
        files.add(FILE, b"six")
        mirror.fault("/moved", Fault(redirect=files.file_url(FILE)))
        assert await body_of(fetcher, entry(mirror), f"{mirror.base}/moved") == b"six"
        # But not under another name.
        await refused(fetcher, entry(mirror), files.file_url(FILE).replace("mirror.corp", "127.0.0.1"))


async def test_the_mirrors_own_url_is_judged_by_its_spelling_only(fetcher: HttpFetcher, mirror: Mirror) -> None:
    url = mirror.url.replace("127.0.0.1", "127.1")
    with pytest.raises(Failure, match=r"127\.1 is an unusual way to write an IP address"):
        await fetcher.page(
            codehosts.Mirror(url=url, credentials=Credentials(username="u", password="p")), f"{url}/six/"
        )
    assert mirror.requests == []


@contextmanager
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.2", 0)) as listening:
        listening.settimeout(0)
        yield listening


async def test_not_even_a_connection_is_made(fetcher: HttpFetcher, mirror: Mirror, names: Names) -> None:
    names.addresses["evil.example"] = [["127.0.0.2"]]
    with listener() as listening:
        port = listening.getsockname()[1]
        for host in ("evil.example", "127.0.0.2", "127.2"):
            await refused(fetcher, entry(mirror), f"http://{host}:{port}/")
        with pytest.raises(BlockingIOError):
            listening.accept()
