import pytest

from codehost.model.searching import LineHit, Span
from codehost.search.blocks import blocks


def hit(number: int, before: str = "", after: str = "") -> LineHit:
    spans = (Span(start=0, end=1),)
    return LineHit(number=number, text=f"hit {number}", spans=spans, before=tuple(before), after=tuple(after))


CASES: list[tuple[list[LineHit], list[list[tuple[int, str]]]]] = [
    ([], []),
    ([hit(3)], [[(3, "hit 3")]]),
    ([hit(3), hit(4), hit(6)], [[(3, "hit 3"), (4, "hit 4")], [(6, "hit 6")]]),
    ([hit(2, before="a", after="bc")], [[(1, "a"), (2, "hit 2"), (3, "b"), (4, "c")]]),
    # What is context of both is told once, and a hit is none.
    ([hit(2, after="xb"), hit(3, before="y", after="z")], [[(2, "hit 2"), (3, "hit 3"), (4, "b")]]),
    ([hit(2, after="x"), hit(5, before="y")], [[(2, "hit 2"), (3, "x"), (4, "y"), (5, "hit 5")]]),
    ([hit(2, after="x"), hit(6, before="y")], [[(2, "hit 2"), (3, "x")], [(5, "y"), (6, "hit 6")]]),
]


@pytest.mark.parametrize(("hits", "expected"), CASES)
def test_lines_are_laid_out_in_blocks(hits: list[LineHit], expected: list[list[tuple[int, str]]]) -> None:
    made = [[(line.number, line.text) for line in block] for block in blocks(hits)]
    assert made == expected
    assert [line.hit for block in blocks(hits) for line in block if line.hit] == hits
