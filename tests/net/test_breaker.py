"""What a breaking fetcher tells the circuits, and what it lets through."""

from dataclasses import dataclass, field

import pytest

from codehost.model.circuits import Setback, Ticket
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.model.ports import PageResponse, Validators
from codehost.net.breaker import BreakingFetcher
from codehost.resolve.mirror_pages import NoMemory
from codehost.resolve.resolver import Resolver
from tests.simulator.fetcher import MemoryFetcher, MemoryFile, html_page, link

MIRROR = Mirror(url="https://pypi.example.com/simple", ignore_status_codes=frozenset({403}))
PAGE = f"{MIRROR.url}/flask/"
FILE = "https://files.example.com/a/flask-1.0.tar.gz"


@dataclass(slots=True)
class Told:
    """Circuits that write down what they hear."""

    closed: bool = True
    heard: list[str] = field(default_factory=list)
    setbacks: list[Setback] = field(default_factory=list)
    mirrors: set[str] = field(default_factory=set)

    def _hear(self, ticket: Ticket, what: str) -> None:
        self.heard.append(what)
        self.mirrors.add(ticket.url)

    async def admit(self, url: str) -> Ticket:
        if not self.closed:
            raise Failure(Reason.NETWORK, "left alone", mirror=url, retry_after=5.0, unasked=True)
        return Ticket(url=url)

    async def succeeded(self, ticket: Ticket) -> None:
        self._hear(ticket, "succeeded")

    async def failed(self, ticket: Ticket, setback: Setback) -> None:
        self._hear(ticket, f"failed: {setback.reason.value} of {setback.project}")
        self.setbacks.append(setback)

    async def withdrawn(self, ticket: Ticket) -> None:
        self._hear(ticket, "withdrawn")


def page(status: int, retry_after: float | None = None) -> PageResponse:
    return PageResponse(status=status, url=PAGE, content_type="text/html", body=b"", retry_after=retry_after)


ANSWERS: list[tuple[PageResponse | Failure, str]] = [
    (page(200), "succeeded"),
    (page(304), "succeeded"),
    (page(404), "succeeded"),
    (page(410), "succeeded"),
    (page(403), "succeeded"),  # by ignoreStatusCodes
    (page(418), "succeeded"),  # whatever it means, the mirror is there
    (page(401), "failed: auth of flask"),
    (page(429, 60.0), "failed: throttled of flask"),
    (page(503), "failed: server-error of flask"),
    (Failure(Reason.NETWORK, "no answer"), "failed: network of flask"),
    (Failure(Reason.AUTH, "a proxy wants a password"), "failed: auth of flask"),
    (Failure(Reason.BAD_PAGE, "too long"), "withdrawn"),
    (Failure(Reason.BLOCKED, "not public"), "withdrawn"),
]


@pytest.mark.parametrize(("answer", "told"), ANSWERS)
async def test_pages(answer: PageResponse | Failure, told: str) -> None:
    for ask in ("page", "beginning"):
        circuits = Told()
        fetcher = BreakingFetcher(MemoryFetcher(pages={PAGE: [answer]}), circuits)
        if isinstance(answer, Failure):
            with pytest.raises(Failure) as caught:
                await getattr(fetcher, ask)(MIRROR, PAGE)
            assert caught.value is answer
        else:
            assert await getattr(fetcher, ask)(MIRROR, PAGE) == answer
            assert [setback.retry_after for setback in circuits.setbacks] in ([], [answer.retry_after])
        assert circuits.heard == [told]
        assert circuits.mirrors == {MIRROR.url}


BROKEN = Failure(Reason.NETWORK, "it broke off")
FILES: list[tuple[MemoryFile | Failure, list[str]]] = [
    (MemoryFile(pieces=[b"a"]), ["succeeded"]),
    (MemoryFile(pieces=[b"a"], broken=BROKEN), ["succeeded", "failed: network of flask"]),
    (MemoryFile(pieces=[b"a"], broken=Failure(Reason.HASH_MISMATCH, "other bytes")), ["succeeded"]),
    (MemoryFile(pieces=[b"a"], broken=Failure(Reason.STORAGE, "our disk is full")), ["succeeded"]),
    (MemoryFile(status=404), ["succeeded"]),
    (MemoryFile(status=500, broken=Failure(Reason.SERVER_ERROR, "500")), ["failed: server-error of flask"]),
    (BROKEN, ["failed: network of flask"]),
    (Failure(Reason.BLOCKED, "not public"), ["withdrawn"]),
]


@pytest.mark.parametrize(("answer", "told"), FILES)
async def test_files(answer: MemoryFile | Failure, told: list[str]) -> None:
    circuits = Told()
    fetcher = BreakingFetcher(MemoryFetcher(files={FILE: [answer]}), circuits)
    try:
        async with fetcher.file(MIRROR, FILE) as response:
            async for _ in response.chunks():
                pass
    except Failure as failure:
        assert failure is answer or failure is getattr(answer, "broken", None)  # noqa: PT017 - some cases raise none
    assert circuits.heard == told


async def test_a_mirror_that_is_left_alone_is_not_asked() -> None:
    circuits, inner = Told(closed=False), MemoryFetcher()
    fetcher = BreakingFetcher(inner, circuits)
    for ask in (fetcher.page(MIRROR, PAGE, Validators(etag="x")), fetcher.beginning(MIRROR, PAGE)):
        with pytest.raises(Failure) as caught:
            await ask
        assert caught.value.unasked
    with pytest.raises(Failure):
        async with fetcher.file(MIRROR, FILE):
            pass
    assert inner.asked == []
    assert circuits.heard == []


@pytest.mark.parametrize(
    ("url", "project"),
    [
        ("https://m.example.com/simple/Flask/", "flask"),
        ("https://m.example.com/simple/my-project", "my-project"),
        ("https://m.example.com/f/Flask-1.0.tar.gz?token=x", "flask"),
        ("https://m.example.com/", ""),
    ],
)
async def test_what_was_asked_for_is_known(url: str, project: str) -> None:
    circuits = Told()
    with pytest.raises(Failure):
        await BreakingFetcher(MemoryFetcher(pages={url: [BROKEN]}), circuits).page(MIRROR, url)
    assert circuits.setbacks[0].project == project


async def test_no_other_mirror_stands_in_for_one_that_is_left_alone() -> None:
    first, second = Mirror(url="https://private.example.com/simple"), Mirror(url=MIRROR.url, position=1)
    inner = MemoryFetcher(pages={PAGE: [html_page(PAGE, link("flask-1.0.tar.gz"))]})
    resolver = Resolver(BreakingFetcher(inner, Told(closed=False)), (first, second), NoMemory())
    with pytest.raises(Failure) as caught:
        await resolver.resolve(parse_pin("flask==1.0"))
    assert caught.value.unasked
    assert caught.value.mirror == first.url
    assert inner.asked == []
