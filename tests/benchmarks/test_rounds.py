from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.archives import Distribution
from benchmarks.rounds import order, slices
from benchmarks.ways import Floor, Way


def distributions(sizes: list[int]) -> list[Distribution]:
    return [Distribution(path=Path(f"{n}.zip"), sha256="", members=1, size=size) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(24, 6, 3), (24, 2, 2), (7, 6, 1), (1, 6, 1), (63, 6, 6)],
)
def test_slices_are_the_whole_corpus_and_balanced(count: int, most: int, expected: int) -> None:
    corpus = distributions([100 + 10 * n for n in range(count)])
    dealt = slices(corpus, most)
    assert len(dealt) == expected
    assert sorted(one.path for slice_ in dealt for one in slice_) == sorted(one.path for one in corpus)
    totals = [sum(one.size for one in slice_) for slice_ in dealt]
    assert max(totals) - min(totals) <= max(one.size for one in corpus)


def test_each_way_comes_first_and_the_order_turns_round() -> None:
    ways: list[Way] = [Floor() for _ in range(4)]
    orders = [[ways.index(way) for way in order(ways, number)] for number in range(8)]
    assert orders[:3] == [[0, 1, 2, 3], [0, 3, 2, 1], [2, 3, 0, 1]]
    assert all(sorted(turn) == [0, 1, 2, 3] for turn in orders)
    # Over two turns every way has run directly after at least two others.
    before: dict[int, set[int]] = {way: set() for way in range(4)}
    for turn in orders:
        for first, second in pairwise(turn):
            before[second].add(first)
    assert all(len(others) >= 2 for others in before.values())
