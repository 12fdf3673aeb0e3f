import pytest

from codehost.model.codehosts import IndexStrategy, Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.model.releases import Answer
from codehost.resolve.pages import parse_page
from codehost.resolve.verdict import decided, judge, nobody_to_ask, nowhere, won
from codehost.resolve.words import Word
from tests.simulator.fetcher import html_page, link

MIRROR = Mirror(url="https://mirror.example/x")
ROOT = f"{MIRROR.url}/simple"
PAGE, ELSEWHERE = f"{ROOT}/six/", "https://else.example/simple/six/"
PIN = parse_pin("six==1.16")


def word(*anchors: str, url: str = PAGE) -> Word:
    return Word(root=ROOT, url=url, status=200, page=parse_page(html_page(url, *anchors), "six"))


def marked(status: str) -> str:
    return f'<meta name="pypi:project-status" content="{status}">'


NEW, OLD, BUILT = link("six-1.16.0.zip"), link("six-1.15.tar.gz"), link("six-1.16.win32.exe")


@pytest.mark.parametrize(
    ("heard", "said", "knows"),
    [
        (word(NEW, OLD), "has six-1.16.0.zip", True),
        (word(NEW, url=ELSEWHERE), "has six-1.16.0.zip, by redirect to https://else.example", False),
        (word(NEW, marked("active")), "has six-1.16.0.zip", True),
        (word(NEW, marked("archived")), "has six-1.16.0.zip, the project is archived", True),
        (
            word(NEW, marked("deprecated"), url=ELSEWHERE),
            "has six-1.16.0.zip, by redirect to https://else.example, the project is deprecated",
            False,
        ),
    ],
)
def test_has_it(heard: Word, said: str, knows: bool) -> None:  # noqa: FBT001 - a column of the table
    verdict = judge(heard, PIN, MIRROR)
    assert verdict.chosen is not None
    assert (verdict.said, verdict.knows, verdict.chosen[1]) == (said, knows, "the only sdist")


TRIED = f"; no simple API found at {ROOT}/ and {MIRROR.url}/"


@pytest.mark.parametrize(
    ("heard", "said", "reason", "knows"),
    [
        (Word(root=ROOT, url=PAGE, status=410), "410 for the project", Reason.NOT_FOUND, False),
        (
            Word(root=ROOT, url=PAGE, status=404, tried=(ROOT, MIRROR.url)),
            f"404 for the project{TRIED}",
            Reason.NOT_FOUND,
            False,
        ),
        (
            Word(root=ROOT, url=ELSEWHERE, status=404),
            "404 for the project, by redirect to https://else.example",
            Reason.NOT_FOUND,
            False,
        ),
        (word(), "a page without files", Reason.NOT_FOUND, False),
        (word(OLD), "does not list 1.16", Reason.VERSION_NOT_FOUND, True),
        (word(OLD, marked("archived")), "does not list 1.16, the project is archived", Reason.VERSION_NOT_FOUND, True),
        (
            word(OLD, url=ELSEWHERE),
            "does not list 1.16, by redirect to https://else.example",
            Reason.VERSION_NOT_FOUND,
            False,
        ),
        (word(BUILT), "has 1.16 without an sdist, wheel or egg", Reason.NO_USABLE_FILE, True),
    ],
)
def test_lacks_it(heard: Word, said: str, reason: Reason, knows: bool) -> None:  # noqa: FBT001 - a column of the table
    verdict = judge(heard, PIN, MIRROR)
    assert (verdict.chosen, verdict.said, verdict.lacking, verdict.knows) == (None, said, reason, knows)


@pytest.mark.parametrize("url", [PAGE, ELSEWHERE])
def test_a_quarantined_project_stops_the_search(url: str) -> None:
    with pytest.raises(Failure, match="six is quarantined there") as caught:
        judge(word(NEW, marked("quarantined"), url=url), PIN, MIRROR)
    assert (caught.value.reason, caught.value.mirror) == (Reason.NO_USABLE_FILE, MIRROR.url)


@pytest.mark.parametrize(
    ("strategy", "before", "after", "why"),
    [
        (IndexStrategy.FIRST_MATCH, 0, 0, "the only mirror"),
        (IndexStrategy.FIRST_INDEX, 0, 0, "the only mirror"),
        (IndexStrategy.FIRST_MATCH, 0, 1, "the first mirror asked"),
        (IndexStrategy.FIRST_MATCH, 1, 0, "the first mirror with the release"),
        (IndexStrategy.FIRST_INDEX, 1, 1, "the first mirror that knows the project"),
    ],
)
def test_won(strategy: IndexStrategy, before: int, after: int, why: str) -> None:
    assert won(strategy, before, after) == why


def answer(mirror: str, said: str) -> Answer:
    return Answer(mirror=mirror, page_url=f"{mirror}/six/", said=said)


ONE, TWO = answer("https://one.example", "404 for the project"), answer("https://two.example", "does not list 1.16")


@pytest.mark.parametrize(
    ("asked", "lacking", "reason", "mirror"),
    [
        ((ONE,), (Reason.NOT_FOUND,), Reason.NOT_FOUND, ONE.mirror),
        ((ONE, TWO), (Reason.NOT_FOUND, Reason.VERSION_NOT_FOUND), Reason.VERSION_NOT_FOUND, None),
        ((ONE, TWO), (Reason.NO_USABLE_FILE, Reason.VERSION_NOT_FOUND), Reason.NO_USABLE_FILE, None),
    ],
)
def test_nowhere(asked: tuple[Answer, ...], lacking: tuple[Reason, ...], reason: Reason, mirror: str | None) -> None:
    failure = nowhere(PIN, asked, lacking)
    said = "; ".join(f"{answer.mirror}: {answer.said}" for answer in asked)
    assert (failure.reason, failure.what, failure.mirror) == (reason, f"no mirror has six==1.16 ({said})", mirror)


def test_decided() -> None:
    failure = decided(PIN, (ONE, TWO), Reason.VERSION_NOT_FOUND)
    assert (failure.reason, failure.mirror) == (Reason.VERSION_NOT_FOUND, TWO.mirror)
    assert failure.what == (
        "indexStrategy is first-index, and https://two.example is the first mirror that knows six: the search for "
        "six==1.16 ended there (https://one.example: 404 for the project; https://two.example: does not list 1.16)"
    )


@pytest.mark.parametrize(
    ("mirrors", "why"), [((), "urls is empty"), ((Mirror(url="https://m", enabled=False),), "is disabled")]
)
def test_nobody_to_ask(mirrors: tuple[Mirror, ...], why: str) -> None:
    failure = nobody_to_ask(PIN, mirrors)
    assert failure.reason is Reason.NOT_FOUND
    assert why in failure.what
