from dataclasses import replace

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.ports import PageResponse
from codehost.resolve.pages import parse_page
from codehost.resolve.roots import AskListing, AskPage, Confirmed, How, Search, Unconfirmed, candidates
from codehost.resolve.words import Word
from tests.simulator.fetcher import html_page, link

URL = "https://mirror.example/x"
SIMPLE, PLUS = f"{URL}/simple", f"{URL}/+simple"
SEARCH = Search(candidates=(SIMPLE, PLUS, URL))


@pytest.mark.parametrize(
    "url",
    [
        "https://pypi.org/simple",
        "https://nexus.example/repository/pypi-all/simple",
        "https://devpi.example/root/pypi/+simple",
        "https://devpi.example/root/pypi/%2Bsimple",
    ],
)
def test_certain(url: str) -> None:
    assert candidates(url) == (url,)


@pytest.mark.parametrize(
    "url",
    [
        "https://pypi.org",
        "https://nexus.example/repository/pypi-all",
        "https://proget.example/pypi/feed",
        "https://devpi.example/root/pypi",
        "https://download.pytorch.org/whl/cu124",
        "https://mirror.example/mysimple",
        "https://simple",
    ],
)
def test_candidates(url: str) -> None:
    assert candidates(url) == (f"{url}/simple", f"{url}/+simple", url)


def has(root: str, at: str | None = None) -> Word:
    url = at or f"{root}/six/"
    return _parsed(root, html_page(url, link("six-1.0.tar.gz")))


def empty(root: str) -> Word:
    return _parsed(root, html_page(f"{root}/six/"))


def quarantined(root: str) -> Word:
    return _parsed(root, html_page(f"{root}/six/", '<meta name="pypi:project-status" content="quarantined">'))


def missing(root: str, status: int = 404) -> Word:
    return Word(root=root, url=f"{root}/six/", status=status)


def refused(root: str, status: int = 401) -> Word:
    return replace(missing(root, status), failure=Failure(Reason.AUTH, f"{status} at {root}"))


def bad(root: str, status: int = 200) -> Word:
    return replace(missing(root, status), failure=Failure(Reason.BAD_PAGE, f"bad at {root}"))


def _parsed(root: str, response: PageResponse) -> Word:
    return Word(root=root, url=response.url, status=200, page=parse_page(response, "six"))


ELSEWHERE = "https://else.example/simple/six/"


@pytest.mark.parametrize(
    "words",
    [
        (has(SIMPLE),),
        (missing(SIMPLE), has(PLUS)),
        (missing(SIMPLE, 410), empty(PLUS), has(URL)),
        # What a server says at every guess, it says for whatever it lacks.
        (refused(SIMPLE, 403), refused(PLUS, 403), has(URL)),
        (bad(SIMPLE, 406), bad(PLUS, 406), has(URL)),
        (has(SIMPLE, ELSEWHERE), missing(PLUS), has(URL)),
        (quarantined(SIMPLE),),
        # The root that was remembered is heard first, and last in order.
        (missing(URL), has(SIMPLE)),
    ],
)
def test_confirmed_by_a_project_page(words: tuple[Word, ...]) -> None:
    search = SEARCH
    for word in words[:-1]:
        search = search.heard(word)
        assert isinstance(search.next_step, AskPage)
    assert search.heard(words[-1]).next_step == Confirmed(root=words[-1].root, how=How.PROJECT_PAGE, word=words[-1])


@pytest.mark.parametrize(
    "words",
    [
        (refused(SIMPLE), has(PLUS)),
        (refused(SIMPLE, 403), has(PLUS)),
        (bad(SIMPLE), has(PLUS)),
        (refused(SIMPLE), missing(PLUS), has(URL)),
        (refused(SIMPLE), refused(PLUS), has(URL)),
        (refused(SIMPLE, 403), missing(PLUS), has(URL)),
        (refused(SIMPLE, 403), bad(PLUS), has(URL)),
        (bad(SIMPLE), missing(PLUS), has(URL)),
        (bad(SIMPLE), bad(PLUS, 406), has(URL)),
    ],
)
def test_no_other_address_speaks_for_one_that_is_ill(words: tuple[Word, ...]) -> None:
    search = replace(SEARCH, words=words).without_listings()
    assert search.next_step == Unconfirmed(word=replace(words[0], tried=SEARCH.candidates))


@pytest.mark.parametrize("word", [refused(SIMPLE), refused(SIMPLE, 403), bad(SIMPLE)])
def test_no_listing_speaks_for_an_address_that_is_ill(word: Word) -> None:
    page = replace(SEARCH, words=(word, missing(PLUS), missing(URL)))
    listing = replace(SEARCH, words=(missing(SIMPLE), missing(PLUS), missing(URL))).looked(word, lists=False)
    for begun in (page, listing):
        search = begun
        while isinstance(step := search.next_step, AskListing):
            search = search.looked(missing(step.root, 200), lists=step.root != SIMPLE)
        assert isinstance(step, Unconfirmed)


def test_what_cannot_speak_is_not_asked() -> None:
    assert SEARCH.heard(refused(SIMPLE, 403)).next_step == AskPage(root=PLUS)
    assert isinstance(SEARCH.heard(refused(SIMPLE)).next_step, Unconfirmed)
    assert SEARCH.heard(refused(SIMPLE, 403)).heard(missing(PLUS)).next_step == AskListing(root=SIMPLE)


def test_asks_each_candidate_once_in_order() -> None:
    search, asked = SEARCH, []
    while isinstance(step := search.next_step, AskPage | AskListing):
        asked.append((type(step), step.root))
        if isinstance(step, AskPage):
            search = search.heard(missing(step.root))
        else:
            search = search.looked(missing(step.root), lists=False)
    assert asked == [(kind, root) for kind in (AskPage, AskListing) for root in (SIMPLE, PLUS, URL)]


def test_a_remembered_root_is_not_asked_twice() -> None:
    search = SEARCH.heard(missing(SIMPLE))
    assert search.next_step == AskPage(root=PLUS)


@pytest.mark.parametrize("word", [missing(PLUS), empty(PLUS), refused(PLUS, 403), bad(PLUS), has(PLUS, ELSEWHERE)])
def test_confirmed_by_a_listing(word: Word) -> None:
    search = replace(SEARCH, words=(missing(SIMPLE), word, missing(URL)))
    assert search.next_step == AskListing(root=SIMPLE)
    search = search.looked(missing(SIMPLE), lists=False)
    assert search.next_step == AskListing(root=PLUS)
    search = search.looked(missing(PLUS, 200), lists=True)
    assert search.next_step == Confirmed(root=PLUS, how=How.LISTING, word=word)


def test_the_base_speaks_where_all_guesses_are_answered_alike() -> None:
    last = refused(URL, 403)
    search = replace(SEARCH, words=(refused(SIMPLE, 403), refused(PLUS, 403), last))
    search = search.looked(refused(SIMPLE, 403), lists=False).looked(refused(PLUS, 403), lists=False)
    assert search.next_step == AskListing(root=URL)
    search = search.looked(missing(URL, 200), lists=True)
    assert search.next_step == Confirmed(root=URL, how=How.LISTING, word=last)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((missing(SIMPLE), missing(PLUS), missing(URL)), 0),
        ((missing(SIMPLE), empty(PLUS), missing(URL)), 1),
        ((missing(SIMPLE), refused(PLUS), missing(URL)), 1),
        ((refused(SIMPLE, 403), refused(PLUS, 403), refused(URL)), 0),
        ((missing(SIMPLE), refused(PLUS, 403), bad(URL)), 1),
        ((bad(SIMPLE), missing(PLUS), missing(URL)), 0),
        ((missing(SIMPLE), missing(PLUS), bad(URL)), 2),
        ((bad(SIMPLE), bad(PLUS), bad(URL)), 0),
        ((bad(SIMPLE, 406), bad(PLUS, 406), bad(URL)), 0),
        ((missing(SIMPLE), has(PLUS, ELSEWHERE), has(URL, ELSEWHERE)), 1),
        ((has(SIMPLE, ELSEWHERE), refused(PLUS), missing(URL)), 0),
        ((refused(SIMPLE), missing(PLUS), has(URL, ELSEWHERE)), 0),
        ((bad(SIMPLE), has(PLUS, ELSEWHERE), missing(URL)), 0),
    ],
)
def test_the_word_that_counts_when_nothing_is_confirmed(words: tuple[Word, ...], expected: int) -> None:
    search = replace(SEARCH, words=words).without_listings()
    assert search.next_step == Unconfirmed(word=replace(words[expected], tried=SEARCH.candidates))


@pytest.mark.parametrize(
    ("words", "settled"),
    [
        ((missing(SIMPLE), empty(PLUS), missing(URL)), True),
        ((missing(SIMPLE), refused(PLUS), missing(URL)), False),
        ((missing(SIMPLE), bad(PLUS), missing(URL)), False),
        ((missing(SIMPLE), has(PLUS, ELSEWHERE), missing(URL)), False),
    ],
)
def test_settled(words: tuple[Word, ...], settled: bool) -> None:  # noqa: FBT001 - a column of the table
    assert replace(SEARCH, words=words).settled is settled


def test_without_a_project_only_listings_are_asked() -> None:
    search = replace(SEARCH, with_project=False)
    assert not search.settled
    assert search.next_step == AskListing(root=SIMPLE)
    unwelcome = refused(SIMPLE)
    assert search.looked(unwelcome, lists=False).next_step == Unconfirmed(word=unwelcome)
    search = search.looked(missing(SIMPLE), lists=False).looked(missing(PLUS), lists=False)
    assert search.next_step == AskListing(root=URL)
    found = search.looked(missing(URL, 200), lists=True)
    assert found.next_step == Confirmed(root=URL, how=How.LISTING, word=missing(URL, 200))


def test_nothing_refused_and_nothing_found() -> None:
    search = replace(SEARCH, with_project=False, with_listings=False)
    step = search.next_step
    assert isinstance(step, Unconfirmed)
    assert (step.word.failure, step.word.status) == (None, 0)
