"""Pages that are asked for with validators, below the simple roots of mirrors."""

from dataclasses import replace

import pytest

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import FoundRoot, PageResponse, Validators
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.words import Kind
from tests.simulator.fetcher import MemoryFetcher, MemoryRoots, html_page, link

BASE = "https://mirror.example"
ROOT = f"{BASE}/simple"
PAGE = f"{ROOT}/six/"
TAG = Validators(etag='"one"')


def pages_of(
    answer: PageResponse, *, base: str = ROOT, known: bool = False
) -> tuple[MirrorPages, Mirror, MemoryFetcher]:
    fetcher = MemoryFetcher({PAGE: [answer]})
    roots = MemoryRoots({base: FoundRoot(root=ROOT, witness=PAGE)} if known else {})
    return MirrorPages(fetcher, roots), Mirror(url=base), fetcher


FULL = replace(html_page(PAGE, link("six-1.0.tar.gz")), etag='"one"', last_modified="today")


async def test_a_page_carries_its_validators() -> None:
    pages, mirror, _ = pages_of(FULL)
    word = await pages.ask(mirror, "six")
    assert (word.validators, word.unchanged) == (Validators(etag='"one"', last_modified="today"), False)


@pytest.mark.parametrize(("base", "known"), [(ROOT, False), (BASE, True)])
async def test_an_unchanged_page_is_one_request(base: str, *, known: bool) -> None:
    pages, mirror, fetcher = pages_of(FULL, base=base, known=known)
    word = await pages.ask(mirror, "six", TAG)
    assert (word.unchanged, word.page, word.validators, word.kind) == (True, None, TAG, Kind.HERE)
    assert fetcher.asked == [(base, PAGE)]
    assert pages.knows_root(mirror)


async def test_a_root_that_has_to_be_searched_for_is_asked_without_conditions() -> None:
    pages, mirror, _ = pages_of(FULL, base=BASE)
    assert not pages.knows_root(mirror)
    word = await pages.ask(mirror, "six", TAG)
    assert (word.unchanged, word.kind) == (False, Kind.HERE)
    assert pages.knows_root(mirror)


async def test_an_unchanged_page_from_elsewhere_is_from_elsewhere() -> None:
    pages, mirror, _ = pages_of(replace(FULL, url="https://else.example/simple/six/"))
    assert (await pages.ask(mirror, "six", TAG)).kind is Kind.ELSEWHERE


async def test_unchanged_is_no_answer_to_a_request_without_conditions() -> None:
    pages, mirror, _ = pages_of(replace(FULL, status=304))
    with pytest.raises(Failure, match="answered 304") as caught:
        await pages.ask(mirror, "six")
    assert caught.value.reason is Reason.BAD_PAGE


async def test_a_mirror_that_moved_away_has_no_known_root() -> None:
    fetcher = MemoryFetcher()
    roots = MemoryRoots({BASE: FoundRoot(root=ROOT, witness=f"{ROOT}/")})
    pages, mirror = MirrorPages(fetcher, roots), Mirror(url=BASE)
    assert (await pages.ask(mirror, "six")).kind is Kind.MISSING
    assert not pages.knows_root(mirror)
