import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import FoundRoot, PageResponse
from codehost.resolve.mirror_pages import MirrorPages, NoMemory
from codehost.resolve.roots import How
from codehost.resolve.words import Kind, Word
from tests.simulator.fetcher import MemoryFetcher, MemoryRoots, html_page, link

URL = "https://mirror.example/x"
SIMPLE, PLUS = f"{URL}/simple", f"{URL}/+simple"
ELSEWHERE = "https://else.example/simple/six/"
MIRROR = Mirror(url=URL)

Answers = dict[str, PageResponse | Failure]


def has(root: str, project: str = "six") -> Answers:
    return {f"{root}/{project}/": html_page(f"{root}/{project}/", link(f"{project}-1.0.tar.gz"))}


def lists(root: str) -> Answers:
    return {f"{root}/": html_page(f"{root}/", '<a href="other/">other</a>')}


def status(code: int, *addresses: str) -> Answers:
    return {url: PageResponse(status=code, url=url, content_type="", body=b"") for url in addresses}


def pages_of(*roots: str, project: str = "six") -> tuple[str, ...]:
    return tuple(f"{root}/{project}/" for root in roots)


EVERY_PAGE = pages_of(SIMPLE, PLUS, URL)
EVERY_LISTING = (f"{SIMPLE}/", f"{PLUS}/", f"{URL}/")


@dataclass(slots=True)
class Run:
    """One run against a mirror that answers from memory."""

    answers: Answers
    mirror: Mirror = MIRROR
    roots: MemoryRoots = field(default_factory=MemoryRoots)
    fetcher: MemoryFetcher = field(init=False)
    pages: MirrorPages = field(init=False)

    def __post_init__(self) -> None:
        self.fetcher = MemoryFetcher(pages={url: [answer] for url, answer in self.answers.items()})
        self.pages = MirrorPages(self.fetcher, self.roots)

    async def ask(self, project: str = "six") -> Word:
        return await self.pages.ask(self.mirror, project)

    async def kind(self, project: str = "six") -> Kind | Reason:
        try:
            return (await self.ask(project)).kind
        except Failure as failure:
            return failure.reason

    def asked(self) -> list[str]:
        """What was asked since the last time."""
        urls = [url for _, url in self.fetcher.asked]
        self.fetcher.asked.clear()
        return urls

    def answer(self, answers: Answers) -> None:
        """From now on, answer nothing but so."""
        self.fetcher.pages = {url: [answer] for url, answer in answers.items()}


# What the mirror answers, what is asked before its root is known, and the root.
CONFIRMED_BY_PAGE: dict[str, tuple[Answers, tuple[str, ...], str]] = {
    "its base": (has(SIMPLE), EVERY_PAGE[:1], SIMPLE),
    "devpi's index": (has(PLUS) | has(URL), EVERY_PAGE[:2], PLUS),
    "the root under another name": (has(URL), EVERY_PAGE, URL),
    "403 for what it lacks": (has(URL) | status(403, *EVERY_PAGE[:2]), EVERY_PAGE, URL),
    "406 outside of the root": (has(URL) | status(406, *EVERY_PAGE[:2]), EVERY_PAGE, URL),
    "410 outside of the root": (has(PLUS) | status(410, *EVERY_PAGE[:1]), EVERY_PAGE[:2], PLUS),
    "an empty page for all": (has(PLUS) | {EVERY_PAGE[0]: html_page(EVERY_PAGE[0])}, EVERY_PAGE[:2], PLUS),
    "one web page for all": (has(URL) | {url: html_page(url, "<form>") for url in EVERY_PAGE[:2]}, EVERY_PAGE, URL),
    "redirects elsewhere": (
        has(URL) | {url: html_page(ELSEWHERE, link("six-1.0.tar.gz")) for url in EVERY_PAGE[:2]},
        EVERY_PAGE,
        URL,
    ),
}


@pytest.mark.parametrize("name", CONFIRMED_BY_PAGE)
async def test_the_first_page_with_releases_confirms_the_root(name: str) -> None:
    answers, asked, root = CONFIRMED_BY_PAGE[name]
    run = Run(answers | has(root, "attrs"))
    word = await run.ask()
    assert (word.kind, word.root, word.url) == (Kind.HERE, root, f"{root}/six/")
    assert run.asked() == list(asked)
    assert run.roots.found == {URL: FoundRoot(root=root, witness=f"{root}/six/")}
    assert await run.pages.locate(MIRROR) == (root, How.PROJECT_PAGE)
    # Every further project costs one request, and so does every project of a later run.
    assert await run.kind("attrs") is Kind.HERE
    later = Run(has(root), roots=run.roots)
    assert await later.kind() is Kind.HERE
    assert (run.asked(), later.asked()) == ([f"{root}/attrs/"], [f"{root}/six/"])
    assert run.roots.remembers == 1


@pytest.mark.parametrize(
    "url", ["https://pypi.example/simple", "https://devpi.example/root/pypi/+simple", "https://x.example/a/simple"]
)
async def test_a_url_that_names_the_root_is_taken_at_its_word(url: str) -> None:
    run = Run(has(url), mirror=Mirror(url=url))
    assert (await run.kind(), await run.kind("other")) == (Kind.HERE, Kind.MISSING)
    assert run.asked() == [f"{url}/six/", f"{url}/other/"]
    assert (run.roots.recalls, run.roots.remembers) == (0, 0)
    assert await run.pages.locate(run.mirror) == (url, How.WRITTEN)


@pytest.mark.parametrize(
    ("answers", "root", "expected"),
    [
        (lists(SIMPLE), SIMPLE, Kind.MISSING),
        (lists(PLUS), PLUS, Kind.MISSING),
        (lists(URL), URL, Kind.MISSING),
        (lists(URL) | status(403, *EVERY_PAGE, *EVERY_LISTING[:2]), URL, Reason.AUTH),
        (lists(PLUS) | {EVERY_PAGE[0]: html_page(ELSEWHERE, link("six-1.0.tar.gz"))}, PLUS, Kind.MISSING),
        (lists(SIMPLE) | {EVERY_PAGE[0]: html_page(ELSEWHERE, link("six-1.0.tar.gz"))}, SIMPLE, Kind.ELSEWHERE),
        (lists(PLUS) | status(501, f"{URL}/"), PLUS, Kind.MISSING),
    ],
)
async def test_a_listing_confirms_the_root(answers: Answers, root: str, expected: Kind | Reason) -> None:
    run = Run(answers | has(root, "attrs"))
    assert await run.kind() is expected
    assert run.asked() == [*EVERY_PAGE, *EVERY_LISTING[: EVERY_LISTING.index(f"{root}/") + 1]]
    assert run.roots.found == {URL: FoundRoot(root=root, witness=f"{root}/")}
    assert await run.kind("attrs") is Kind.HERE
    assert run.asked() == [f"{root}/attrs/"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, Kind.MISSING),
        (status(403, EVERY_PAGE[0]), Reason.AUTH),
        (status(401, EVERY_PAGE[2]), Reason.AUTH),
        ({url: html_page(url, "<form></form>") for url in EVERY_PAGE}, Reason.BAD_PAGE),
        ({url: Failure(Reason.BAD_PAGE, "circle") for url in EVERY_PAGE}, Reason.BAD_PAGE),
        (status(400, *EVERY_PAGE), Reason.BAD_PAGE),
        ({EVERY_PAGE[1]: html_page(ELSEWHERE, link("six-1.0.tar.gz"))}, Kind.ELSEWHERE),
        ({f"{SIMPLE}/": html_page("https://else.example/simple/", '<a href="a/">a</a>')}, Kind.MISSING),
    ],
)
async def test_nothing_is_confirmed(answers: Answers, expected: Kind | Reason) -> None:
    run = Run(answers)
    assert await run.kind() is expected
    assert run.roots.found == {}
    assert await run.pages.locate(MIRROR) is None
    # The listings are asked once; the next project is searched for.
    run.asked()
    assert await run.kind("other") is Kind.MISSING
    assert run.asked() == list(pages_of(SIMPLE, PLUS, URL, project="other"))


async def test_words_name_what_was_tried() -> None:
    word = await Run({}).ask()
    assert word.tried == (SIMPLE, PLUS, URL)
    run = Run({url: html_page(url, "<form></form>") for url in EVERY_PAGE})
    with pytest.raises(Failure) as caught:
        await run.ask()
    assert caught.value.what.endswith(f"; no simple API found at {SIMPLE}/, {PLUS}/ and {URL}/")


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda url: Failure(Reason.NETWORK, f"{url} refused"), Reason.NETWORK),
        (lambda url: Failure(Reason.BLOCKED, f"{url} blocked"), Reason.BLOCKED),
        (lambda url: status(503, url)[url], Reason.SERVER_ERROR),
        (lambda url: status(429, url)[url], Reason.THROTTLED),
    ],
)
async def test_no_answer_stops_the_search(
    at: int, answer: Callable[[str], PageResponse | Failure], reason: Reason
) -> None:
    url = (*EVERY_PAGE, *EVERY_LISTING)[at]
    # A 403 everywhere: listings can still tell whose it is.
    doubtful: Answers = status(403, *EVERY_PAGE) if at >= 3 else {}
    run = Run({**doubtful, url: answer(url)})
    assert await run.kind() is reason
    assert len(run.asked()) == at + 1
    # Nothing was learnt, the next one searches from the start.
    run.answer(lists(PLUS) | has(PLUS))
    assert await run.kind() is Kind.HERE
    assert run.roots.found[URL].root == PLUS


@pytest.mark.parametrize("listing", [status(501, f"{SIMPLE}/"), {f"{SIMPLE}/": Failure(Reason.NETWORK, "timed out")}])
async def test_a_listing_that_fails_does_not_matter_where_the_project_is_missing(listing: Answers) -> None:
    run = Run(listing)
    assert await run.kind() is Kind.MISSING
    # It may say something later.
    run.answer(lists(SIMPLE))
    assert await run.pages.locate(MIRROR) == (SIMPLE, How.LISTING)


async def test_each_project_is_searched_for_until_one_is_found() -> None:
    run = Run({})
    costs = []
    for number in range(5):
        assert await run.kind(f"project-{number}") is Kind.MISSING
        costs.append(len(run.asked()))
    assert costs == [6, 3, 3, 3, 3]
    assert (await run.ask("late")).tried == (SIMPLE, PLUS, URL)
    assert await run.pages.locate(MIRROR) is None
    run.answer(has(SIMPLE))
    assert await run.kind() is Kind.HERE
    assert run.roots.found == {URL: FoundRoot(root=SIMPLE, witness=f"{SIMPLE}/six/")}


FOLDERS: Answers = {f"{URL}/": html_page(f"{URL}/", '<a href="simple/">simple/</a><a href="packages/">packages/</a>')}


@pytest.mark.parametrize("ill", [status(401, EVERY_PAGE[0]), status(403, EVERY_PAGE[0]), status(400, EVERY_PAGE[0])])
@pytest.mark.parametrize("other", [{}, has(PLUS), has(URL), lists(PLUS), lists(URL), FOLDERS])
async def test_a_private_mirror_that_is_ill_is_never_taken_for_one_that_lacks(ill: Answers, other: Answers) -> None:
    """Or a public release of the same name would be taken from the next mirror."""
    run = Run(other | ill)
    for _ in range(4):
        assert await run.kind() in {Reason.AUTH, Reason.BAD_PAGE}
    assert run.roots.found == {}
    run.answer(has(SIMPLE))
    assert await run.kind() is Kind.HERE


async def test_a_folder_of_roots_is_no_root() -> None:
    run = Run(FOLDERS)
    assert await run.kind() is Kind.MISSING
    assert run.roots.found == {}


async def test_a_refused_mirror_stays_refused() -> None:
    run = Run({})
    for number in range(5):
        project = f"project-{number}"
        run.answer(status(401, *pages_of(PLUS, project=project)))
        assert await run.kind(project) is Reason.AUTH


async def test_a_404_does_not_speak_for_an_empty_page() -> None:
    run = Run({})
    for number in range(5):
        url = f"{PLUS}/project-{number}/"
        run.answer({url: html_page(url)})
        assert (await run.ask(f"project-{number}")).url == url


@pytest.mark.parametrize(("answers", "cost"), [(has(PLUS), 2), (lists(PLUS), 5)])
async def test_whoever_asks_meanwhile_waits_for_the_search(answers: Answers, cost: int) -> None:
    projects = [f"project-{number}" for number in range(20)]
    run = Run({**answers, **{url: page for project in projects for url, page in has(PLUS, project).items()}})
    if cost == 5:
        run.answer({url: page for url, page in run.answers.items() if "project-0" not in url})
    else:
        projects[0] = "six"
    kinds = await asyncio.gather(*map(run.kind, projects))
    assert set(kinds[1:]) == {Kind.HERE}
    assert len(run.asked()) == cost + 19
    assert run.roots.remembers == 1


async def test_a_search_that_fails_is_not_the_others_failure() -> None:
    run = Run({})
    run.fetcher.pages = {EVERY_PAGE[0]: [Failure(Reason.NETWORK, "refused"), has(SIMPLE)[EVERY_PAGE[0]]]}
    first, second = await asyncio.gather(run.kind(), run.kind())
    assert (first, second) == (Reason.NETWORK, Kind.HERE)


async def test_two_mirrors_are_searched_by_themselves() -> None:
    other = Mirror(url="https://other.example", position=1)
    run = Run({**has(SIMPLE), **has(f"{other.url}/+simple")})
    words = await asyncio.gather(run.ask(), run.pages.ask(other, "six"))
    assert [word.root for word in words] == [SIMPLE, f"{other.url}/+simple"]


BY_PAGE = FoundRoot(root=SIMPLE, witness=f"{SIMPLE}/attrs/")
BY_LISTING = FoundRoot(root=SIMPLE, witness=f"{SIMPLE}/")


def later(answers: Answers, found: FoundRoot = BY_PAGE) -> Run:
    return Run(answers, roots=MemoryRoots({URL: found}))


@pytest.mark.parametrize(
    ("found", "answers", "expected"),
    [
        (BY_PAGE, has(SIMPLE, "attrs"), Kind.MISSING),
        (BY_LISTING, lists(SIMPLE), Kind.MISSING),
        # An error tells nothing of a move.
        (BY_PAGE, has(PLUS) | status(401, BY_PAGE.witness), Kind.MISSING),
        (BY_PAGE, has(PLUS) | status(503, BY_PAGE.witness), Kind.MISSING),
        (BY_PAGE, has(PLUS) | {BY_PAGE.witness: Failure(Reason.BAD_PAGE, "circle")}, Kind.MISSING),
    ],
)
async def test_a_mirror_that_has_not_moved(found: FoundRoot, answers: Answers, expected: Kind | Reason) -> None:
    run = later(answers, found)
    assert await run.kind() is expected
    assert run.asked() == [EVERY_PAGE[0], found.witness]
    # The witness is asked once.
    assert await run.kind("other") is Kind.MISSING
    assert run.asked() == [f"{SIMPLE}/other/"]
    assert run.roots.found == {URL: found}


@pytest.mark.parametrize("code", [400, 401, 403])
async def test_an_error_at_a_remembered_root_is_no_move(code: int) -> None:
    run = later(has(PLUS) | status(code, EVERY_PAGE[0]))
    assert await run.kind() in {Reason.AUTH, Reason.BAD_PAGE}
    assert run.asked() == [EVERY_PAGE[0]]
    assert run.roots.found == {URL: BY_PAGE}


async def test_no_witness_is_asked_where_the_root_has_proved_itself() -> None:
    run = later(has(SIMPLE))
    assert [await run.kind(), await run.kind("other")] == [Kind.HERE, Kind.MISSING]
    assert run.asked() == [EVERY_PAGE[0], f"{SIMPLE}/other/"]


@pytest.mark.parametrize(
    ("answers", "cost", "expected", "witness"),
    [
        (has(PLUS), 3, Kind.HERE, f"{PLUS}/six/"),
        (has(PLUS) | {BY_PAGE.witness: html_page(BY_PAGE.witness, "<form>")}, 3, Kind.HERE, f"{PLUS}/six/"),
        (lists(PLUS), 6, Kind.MISSING, f"{PLUS}/"),
        # The witness is gone, the mirror is where it was.
        (lists(SIMPLE), 5, Kind.MISSING, f"{SIMPLE}/"),
    ],
)
async def test_a_mirror_that_has_moved_is_found_again(
    answers: Answers, cost: int, expected: Kind, witness: str
) -> None:
    run = later(answers)
    assert await run.kind() is expected
    # The answer that raised the doubt is not asked for again; the witness is one more.
    assert len(run.asked()) == cost
    assert run.roots.found[URL].witness == witness


async def test_a_mirror_that_is_not_found_again() -> None:
    run = later({})
    assert await run.kind() is Kind.MISSING
    assert len(run.asked()) == 1 + 1 + 2 + 3
    assert run.roots.found == {URL: BY_PAGE}
    # It may be anywhere: the others are searched for, not believed to be missing where the mirror was.
    run.answer(has(PLUS, "other"))
    assert await run.kind("other") is Kind.HERE


async def test_the_first_answer_stands_when_nothing_better_is_found() -> None:
    assert await later(status(403, EVERY_PAGE[1])).kind() is Kind.MISSING


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({BY_PAGE.witness: Failure(Reason.NETWORK, "refused")}, Reason.NETWORK),
        (status(502, EVERY_PAGE[1]), Reason.SERVER_ERROR),
        (status(429, EVERY_PAGE[1]), Reason.THROTTLED),
    ],
)
async def test_a_doubt_that_cannot_be_settled_stays(trouble: Answers, reason: Reason) -> None:
    run = later(trouble)
    assert await run.kind() is reason
    assert await run.pages.locate(MIRROR) == (SIMPLE, How.REMEMBERED)
    run.answer(has(PLUS))
    assert await run.kind() is Kind.HERE
    assert run.roots.found[URL].root == PLUS


async def test_many_who_miss_their_projects_ask_the_witness_once() -> None:
    projects = [f"project-{number}" for number in range(20)]
    stays = later(has(SIMPLE, "attrs"))
    assert set(await asyncio.gather(*map(stays.kind, projects))) == {Kind.MISSING}
    assert len(stays.asked()) == 21
    moved = later({url: page for project in projects for url, page in has(PLUS, project).items()})
    assert set(await asyncio.gather(*map(moved.kind, projects))) == {Kind.HERE}
    # Each at the old root; the witness and the new root, for the first; each other one at the new root.
    assert len(moved.asked()) == 20 + 2 + 19


@pytest.mark.parametrize("root", ["https://evil.example/simple", f"{URL}/other"])
async def test_a_remembered_root_that_cannot_be_is_not_used(root: str) -> None:
    run = later(has(SIMPLE), FoundRoot(root=root, witness=f"{root}/six/"))
    assert await run.kind() is Kind.HERE
    assert run.asked() == [EVERY_PAGE[0]]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [(lists(SIMPLE), (SIMPLE, How.LISTING)), (lists(URL), (URL, How.LISTING)), ({}, None)],
)
async def test_located_by_listings_alone(answers: Answers, expected: tuple[str, How] | None) -> None:
    run = Run(answers)
    assert await run.pages.locate(MIRROR) == expected
    assert set(run.asked()) <= set(EVERY_LISTING)


async def test_located_where_credentials_are_wanted() -> None:
    with pytest.raises(Failure, match="wants credentials and urls gives none") as caught:
        await Run(status(401, *EVERY_LISTING)).pages.locate(MIRROR)
    assert caught.value.reason is Reason.AUTH


async def test_ignored_statuses_mean_missing() -> None:
    mirror = Mirror(url=URL, ignore_status_codes=frozenset({403, 503}))
    run = Run(lists(URL) | status(403, *EVERY_PAGE[:2]) | status(503, EVERY_PAGE[2]), mirror=mirror)
    word = await run.ask()
    assert (word.kind, word.status, word.root) == (Kind.MISSING, 503, URL)


async def test_without_a_memory_each_run_searches() -> None:
    fetcher = MemoryFetcher(pages={url: [page] for url, page in has(PLUS).items()})
    for _ in range(2):
        pages = MirrorPages(fetcher, NoMemory())
        assert [(await pages.ask(MIRROR, "six")).kind for _ in range(2)] == [Kind.HERE, Kind.HERE]
    assert len(fetcher.asked) == 6
