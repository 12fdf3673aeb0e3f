"""What a hostile mirror names must not be connected to: listeners on this machine that must see nobody."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from codehost.model import codehosts
from codehost.model.codehosts import Credentials
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.resolve.pages import parse_page
from tests.net.wire import CountingBudget, Names, no_sleep, page_url
from tests.simulator.mirror import Fault, Mirror

FILE = "six-1.0.tar.gz"
# An address of documentation: allowed, and nobody answers there.
NOWHERE = "203.0.113.1"
SECRET = Credentials(username="ada", password="pa55word")

# PORT is that of the listener; the mirror is mirror.example, and on this machine.
SPELLINGS = [
    # Plain, and as inet_aton reads it: decimal, octal, hexadecimal, mixed, short.
    "http://127.0.0.1:PORT",
    "http://127.255.255.254:PORT",
    "http://2130706433:PORT",
    "http://017700000001:PORT",
    "http://0x7f000001:PORT",
    "http://0X7F000001:PORT",
    "http://0x7f.0.0.1:PORT",
    "http://0177.0.0.1:PORT",
    "http://0177.0.0x0.1:PORT",
    "http://127.0.0.01:PORT",
    "http://127.1:PORT",
    "http://127.0.1:PORT",
    "http://0:PORT",
    "http://00:PORT",
    "http://0x0:PORT",
    "http://0.0.0.0:PORT",
    "http://0.0.0.1:PORT",
    "http://4294967296:PORT",
    "http://127.0.0.1.:PORT",
    "http://127.0.0.1..:PORT",
    # IPv6, and IPv4 within it: mapped, compatible, translated, NAT64, 6to4, Teredo.
    "http://[::1]:PORT",
    "http://[::]:PORT",
    "http://[0:0:0:0:0:0:0:1]:PORT",
    "http://[0000::0001]:PORT",
    "http://[::ffff:127.0.0.1]:PORT",
    "http://[::FFFF:7F00:1]:PORT",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT",
    "http://[::127.0.0.1]:PORT",
    "http://[::ffff:0:127.0.0.1]:PORT",
    "http://[64:ff9b::127.0.0.1]:PORT",
    "http://[64:ff9b:1::127.0.0.1]:PORT",
    "http://[2002:7f00:1::]:PORT",
    "http://[2001:0:7f00:1::]:PORT",
    "http://[2001:0:808:808::80ff:fffe]:PORT",
    "http://[::1%25lo]:PORT",
    "http://[::1%lo]:PORT",
    "http://[::1%251]:PORT",
    "http://[fe80::1%25lo]:PORT",
    "http://[::ffff:127.0.0.1%25lo]:PORT",
    "http://::1:PORT",
    # Names of this machine.
    "http://localhost:PORT",
    "http://localhost.:PORT",
    "http://LOCALHOST:PORT",
    "http://LocalHost..:PORT",
    "http://files.localhost:PORT",
    "http://a.b.localhost.:PORT",
    "http://localhost.localdomain:PORT",
    "http://ip6-localhost:PORT",
    "http://loopback.evil.example:PORT",
    "http://LOOPBACK.evil.example.:PORT",
    # Characters that IDNA folds, and percent signs.
    "http://\N{FULLWIDTH DIGIT ONE}27.0.0.1:PORT",
    "http://①②⑦.⓪.⓪.①:PORT",
    "http://127。0。0。1:PORT",
    "http://127\N{FULLWIDTH FULL STOP}0\N{HALFWIDTH IDEOGRAPHIC FULL STOP}0.1:PORT",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT",
    "http://loc\N{SOFT HYPHEN}alhost:PORT",
    "http://\N{FULLWIDTH LATIN SMALL LETTER L}ocalhost:PORT",
    "http://[::\N{FULLWIDTH DIGIT ONE}]:PORT",
    "http://%31%32%37.0.0.1:PORT",
    "http://127.0.0.1%2e:PORT",
    "http://127%2E0%2E0%2E1:PORT",
    "http://%6cocalhost:PORT",
    "http://127.0.0.1%00.public.example:PORT",
    "http://127.0.0.1%20:PORT",
    # User information, and where one reader sees the host and another one does not.
    "http://public.example@127.0.0.1:PORT",
    "http://public.example:80@127.0.0.1:PORT",
    "http://public.example%40@127.0.0.1:PORT",
    "http://a@b@127.0.0.1:PORT",
    "http://127.0.0.1:PORT#@public.example",
    "http://127.0.0.1:PORT?@public.example",
    "http://127.0.0.1:PORT/@public.example",
    "http://127.0.0.1:PORT\\@public.example",
    "http://127.0.0.1:PORT;@public.example",
    "http://public.example\\@127.0.0.1:PORT",
    "http://public.example#@127.0.0.1:PORT",
    "http:\\\\127.0.0.1:PORT",
    "http:/\\127.0.0.1:PORT",
    "//127.0.0.1:PORT",
    "\\\\127.0.0.1:PORT",
    "/\\127.0.0.1:PORT",
    "///127.0.0.1:PORT",
    "////127.0.0.1:PORT",
    "http:///127.0.0.1:PORT",
    "http:////127.0.0.1:PORT",
    "http:127.0.0.1:PORT",
    "http:/127.0.0.1:PORT",
    "HTTP://127.0.0.1:PORT",
    " http://127.0.0.1:PORT",
    "ht\ttp://127.0.0.1:PORT",
    "http://127.0\t.0.1:PORT",
    "http://127.0.0.1:PORT:80",
    "http://127.0.0.1:0PORT",
    "http://127.0.0.1: PORT",
    "http://127.0.0.1:+PORT",
    "http://[127.0.0.1]:PORT",
    "http://{127.0.0.1}:PORT",
    # Nobody listens there, and nobody should be asked.
    "http://169.254.169.254",
    "http://169.254.169.254:80",
    "http://2852039166",
    "http://0xa9fea9fe",
    "http://0251.0376.0251.0376",
    "http://[::ffff:169.254.169.254]",
    "http://[fe80::a9fe:a9fe]",
    "http://[fd00:ec2::254]",
    "http://metadata.evil.example",
    "http://10.0.0.1",
    "http://172.16.0.1",
    "http://192.168.0.1",
    "http://100.64.0.1",
    "http://198.18.0.1",
    "http://192.0.0.1",
    "http://224.0.0.1",
    "http://239.255.255.255",
    "http://240.0.0.1",
    "http://255.255.255.255",
    "http://[fc00::1]",
    "http://[fec0::1]",
    "http://[ff02::1]",
    "http://[100::1]",
    # Other schemes.
    "https://127.0.0.1:PORT",
    "ftp://127.0.0.1:PORT",
    "gopher://127.0.0.1:PORT",
    "ws://127.0.0.1:PORT",
    "dict://127.0.0.1:PORT",
    "file:///etc/passwd",
    "file://127.0.0.1:PORT",
    "data:application/gzip;base64,AAAA",
    "javascript:fetch('http://127.0.0.1:PORT')",
    "jar:http://127.0.0.1:PORT!",
    "url:http://127.0.0.1:PORT",
    "unix:///run/docker.sock",
]


class Naive(AbstractResolver):
    """A resolver that helps as much as it can: numbers in every spelling, and all names of this machine.

    It does not know public.example: where an address leads there, nothing is sent at all.
    """

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - the interface's
    ) -> list[ResolveResult]:
        known = {"mirror.example": "127.0.0.1", "metadata.evil.example": "169.254.169.254"}
        name = host.rstrip(".").lower()
        local = "localhost" in name or name.startswith("loopback.")
        try:
            address = known.get(name) or ("127.0.0.1" if local else socket.inet_ntoa(socket.inet_aton(name)))
        except OSError:
            raise OSError(f"{host} is unknown") from None
        found = ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
        return [found]

    async def close(self) -> None:
        pass


@dataclass(slots=True)
class Listener:
    """Listens on every address of this machine, of both families, and notes who comes."""

    port: int = 0
    seen: list[str] = field(default_factory=list)

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.append(str(writer.get_extra_info("sockname")))
        await reader.read(10_000)
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    both = socket.has_dualstack_ipv6()
    family, address = (socket.AF_INET6, "::") if both else (socket.AF_INET, "0.0.0.0")
    bound = socket.create_server((address, 0), family=family, dualstack_ipv6=both)
    listener.port = bound.getsockname()[1]
    async with await asyncio.start_server(listener.greet, sock=bound):
        yield listener


def entry(mirror: Mirror, *allowed: str) -> codehosts.Mirror:
    return codehosts.Mirror(
        url=mirror.url, credentials=SECRET, allowed_hosts=frozenset(allowed), connect_timeout=0.1, deadline=2
    )


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror(name="mirror.example", username=SECRET.username, password=SECRET.password) as mirror:
        yield mirror


@asynccontextmanager
async def fetching(resolver: AbstractResolver) -> AsyncIterator[HttpFetcher]:
    settings = FetchSettings(silence=1)
    async with HttpFetcher(CountingBudget(), settings, resolver=resolver, sleep=no_sleep) as fetcher:
        yield fetcher


async def complaint(mirror: Mirror, asking: Awaitable[str]) -> str | None:
    """What is wrong with how an address was treated; right is a refusal, or that it leads to the mirror itself."""
    try:
        reached = await asking
    except Failure as failure:
        says = str(failure)
        fine = failure.reason is Reason.BLOCKED or failure.what == "the name of http://public.example does not resolve"
        return None if fine and says.isprintable() and "pa55word" not in says else f"{failure.reason}: {says}"
    return None if reached.startswith(f"{mirror.base}/") else f"reached {reached}"


async def file_at(fetcher: HttpFetcher, here: codehosts.Mirror, url: str) -> str:
    async with fetcher.file(here, url) as answer:
        return answer.url


async def page_at(fetcher: HttpFetcher, here: codehosts.Mirror, url: str) -> str:
    return (await fetcher.page(here, url)).url


async def links(fetcher: HttpFetcher, mirror: Mirror, address: str) -> set[str]:
    """The addresses that project pages with this link give the file, in HTML and in JSON; none when it is left out."""
    found: set[str] = set()
    mirror.projects.clear()
    mirror.add(FILE, b"six", url=address)
    for mirror.html in (True, False):
        # It may be no project page at all when its only link leads nowhere.
        with suppress(Failure):
            page = parse_page(await fetcher.page(entry(mirror), page_url(mirror)), "six")
            found |= {file.url for files in page.files.values() for file in files}
    return found


@pytest.mark.parametrize("rest", [f"/{FILE}", ""])
async def test_no_spelling_leads_to_this_machine_or_its_network(listener: Listener, mirror: Mirror, rest: str) -> None:
    assert len(set(SPELLINGS)) == len(SPELLINGS) > 100
    wrong: dict[str, str] = {}
    followed = 0

    async def note(what: str, asking: Awaitable[str]) -> None:
        if said := await complaint(mirror, asking):
            wrong[what] = said

    async with fetching(Naive()) as fetcher:
        for spelling in SPELLINGS:
            address = spelling.replace("PORT", str(listener.port)) + rest
            for link in await links(fetcher, mirror, address):
                followed += 1
                await note(f"link {spelling}", file_at(fetcher, entry(mirror), link))
            mirror.faults |= {path: Fault(redirect=address) for path in (mirror.page_path("gone"), "/files/gone")}
            await note(f"page {spelling}", page_at(fetcher, entry(mirror), page_url(mirror, "gone")))
            await note(f"file {spelling}", file_at(fetcher, entry(mirror), mirror.file_url("gone")))
    assert wrong == {}
    assert listener.seen == []
    # Otherwise the pages would be tested alone.
    assert followed > 100 or not rest


async def test_the_listener_hears_whoever_comes(listener: Listener, mirror: Mirror) -> None:
    """Proof that the test above can fail: what is allowed gets through."""
    for host in ("127.0.0.1", "127.0.0.3", "localhost", "loopback.evil.example", "[::1]"):
        listener.seen.clear()
        async with fetching(Naive()) as fetcher:
            with pytest.raises(Failure, match=r"without an answer|refused the connection"):
                await file_at(fetcher, entry(mirror, host.strip("[]")), f"http://{host}:{listener.port}/{FILE}")
        assert listener.seen or (host == "[::1]" and not socket.has_dualstack_ipv6())


@pytest.mark.parametrize(
    ("allowed", "hosts"),
    [
        ("127.0.0.2", ["127.0.0.1", "127.0.0.3", "127.2", "[::ffff:127.0.0.2]", "localhost", "loopback.evil.example"]),
        ("loopback.evil.example", ["127.0.0.1", "other.loopback.evil.example", "loopback.evil.example.evil.example"]),
        ("localhost", ["127.0.0.1", "files.localhost", "[::1]"]),
        ("files.localhost", ["localhost", "more.files.localhost"]),
        ("::1", ["127.0.0.1", "[::]", "localhost", "[::ffff:127.0.0.1]", "[::2]"]),
    ],
)
async def test_an_allowed_host_opens_nothing_else(
    listener: Listener, mirror: Mirror, allowed: str, hosts: list[str]
) -> None:
    async with fetching(Naive()) as fetcher:
        for host in hosts:
            asking = file_at(fetcher, entry(mirror, allowed), f"http://{host}:{listener.port}/{FILE}")
            with pytest.raises(Failure) as caught:
                await asking
            # A name that nobody knows is no refusal, and no connection either.
            assert caught.value.reason is Reason.BLOCKED or "does not resolve" in caught.value.what
    assert listener.seen == []


async def test_the_mirrors_own_host_is_open_on_every_port_and_only_under_its_name(
    listener: Listener, mirror: Mirror
) -> None:
    async with fetching(Naive()) as fetcher:
        with pytest.raises(Failure, match="closed the connection without an answer"):
            await file_at(fetcher, entry(mirror), f"http://mirror.example:{listener.port}/{FILE}")
        assert len(listener.seen) == 1
        for host in ("www.mirror.example", "mirror.example.evil.example", "127.0.0.1"):
            with pytest.raises(Failure):
                await file_at(fetcher, entry(mirror), f"http://{host}:{listener.port}/{FILE}")
    assert len(listener.seen) == 1


LOOPBACK = "127.0.0.1"
REBINDING: dict[str, list[list[str]]] = {
    "first public, then not": [[NOWHERE], [LOOPBACK]],
    "first refused, then public, then not": [[LOOPBACK], [NOWHERE], [LOOPBACK]],
    "one of several": [[NOWHERE, LOOPBACK]],
    "the first of several": [[LOOPBACK, NOWHERE]],
    "both families": [["::1", LOOPBACK, NOWHERE, "::ffff:127.0.0.1"]],
    "alternating": [[NOWHERE], [LOOPBACK]] * 2,
    "only private ones": [["10.0.0.1", "::1", "fe80::1%1"]],
}


@pytest.mark.parametrize("answers", REBINDING.values(), ids=REBINDING)
@pytest.mark.parametrize("way", ["link", "page", "file"])
async def test_no_answer_of_a_name_leads_there(
    listener: Listener, mirror: Mirror, answers: list[list[str]], way: str
) -> None:
    names = Names({"mirror.example": [[LOOPBACK]], "evil.example": [list(answer) for answer in answers]})
    url = f"http://evil.example:{listener.port}/{FILE}"
    mirror.faults |= {path: Fault(redirect=url) for path in (mirror.page_path("gone"), "/files/gone")}

    async def fail(fetcher: HttpFetcher) -> None:
        ways = {"link": (file_at, url), "file": (file_at, mirror.file_url("gone"))}
        asking, address = ways.get(way, (page_at, page_url(mirror, "gone")))
        with pytest.raises(Failure) as caught:
            await asking(fetcher, entry(mirror), address)
        assert caught.value.reason in {Reason.BLOCKED, Reason.NETWORK}

    # The library keeps what a name resolved to for a while; a new fetcher asks again.
    async with fetching(names) as fetcher:
        await fail(fetcher)
        await fail(fetcher)
    for _ in answers:
        async with fetching(names) as fetcher:
            await fail(fetcher)
    assert listener.seen == []
    assert names.asked.count("evil.example") > len(answers)
