import re

import pytest

from codehost.model.searching import FileHits, LineHit, SearchRequest, Span
from codehost.search.scan.tally import Tally
from codehost.search.scan.tasks import Outcome
from codehost.search.scope import InQuestion
from tests.search.scan.library import release

LINE = LineHit(number=1, text="x", spans=(Span(start=0, end=1),))


def _tally(count: int, looked_at: int, lines: int = 10) -> Tally:
    releases = tuple(release(number, 0) for number in range(looked_at))
    scope = InQuestion(releases=releases, count=count, recorded=True)
    return Tally(request=SearchRequest(query="x", lines=lines, seconds=5), scope=scope)


@pytest.mark.parametrize(
    ("count", "looked_at", "outcomes", "expected"),
    [
        (2, 2, [Outcome.DONE] * 2, None),
        (3, 3, [Outcome.DONE, Outcome.FULL], "limit of 10 lines after 1 of 3 repositories"),
        (3, 3, [Outcome.DONE, Outcome.HUGE], "so much text was found that the search ended after 1 of 3"),
        (1_500, 1_500, [Outcome.DONE] * 3, "The time of 5 s was over after 3 of 1,500 repositories"),
        (2, 2, [Outcome.DONE, Outcome.LATE], "The time of 5 s was over after 1 of 2"),
        (3, 2, [Outcome.DONE] * 2, "Only the first 2 of 3 repositories were read"),
        (2, 2, [Outcome.DONE, Outcome.GONE], "^1 repository left out: removed"),
        (3, 3, [Outcome.DONE, Outcome.DAMAGED, Outcome.DAMAGED], "^2 repositories left out: damaged"),
        (1, 1, [Outcome.DIED], "^1 repository left out: the process"),
    ],
)
def test_why(count: int, looked_at: int, outcomes: list[Outcome], expected: str | None) -> None:
    tally = _tally(count, looked_at)
    for outcome in outcomes:
        tally.take(outcome, ())
    end = tally.searched(1.5)
    assert (end.repositories, end.in_scope, end.seconds) == (outcomes.count(Outcome.DONE), count, 1.5)
    if expected is None:
        assert end.why_incomplete is None
    else:
        assert end.why_incomplete is not None
        assert re.search(expected, end.why_incomplete)


def test_what_fills_the_limit_exactly_is_complete() -> None:
    file = FileHits(path="a", language="", lines=(LINE,) * 5)
    tally = _tally(2, 2)
    assert tally.take(Outcome.DONE, (file,)) == (file,)
    assert tally.take(Outcome.DONE, (file,)) == (file,)
    assert tally.is_over
    assert tally.searched(1).why_incomplete is None


def test_what_is_over_the_limit_is_cut() -> None:
    file = FileHits(path="a", language="", lines=(LINE,) * 8)
    tally = _tally(2, 2)
    tally.take(Outcome.DONE, (file,))
    (cut,) = tally.take(Outcome.DONE, (file, file))
    assert (len(cut.lines), cut.more) == (2, True)
    end = tally.searched(1)
    assert (end.files, end.lines, end.repositories) == (2, 10, 1)
    assert end.why_incomplete is not None


def test_nothing_was_found_out_in_time() -> None:
    tally = Tally(request=SearchRequest(query="x", seconds=5), scope=None)
    end = tally.searched(5)
    assert end.in_scope == 0
    assert end.why_incomplete is not None
    assert "before anything was read" in end.why_incomplete
