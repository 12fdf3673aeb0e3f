import pytest

from codehost.model.members import MIB
from codehost.search.scan.batches import batches
from tests.search.scan.library import release


@pytest.mark.parametrize(
    ("sizes", "alone", "expected"),
    [
        ([], 2, []),
        ([1, 1, 1, 1], 2, [1, 1, 2]),
        ([1] * 70, 0, [32, 32, 6]),
        ([5 * MIB, 2 * MIB, 2 * MIB, 100 * MIB, 1], 0, [2, 1, 1, 1]),
        ([0] * 10, 0, [8, 2]),
    ],
)
def test_batches(sizes: list[int], alone: int, expected: list[int]) -> None:
    releases = [release(number, size) for number, size in enumerate(sizes)]
    made = list(batches(releases, alone))
    assert [len(batch) for batch in made] == expected
    assert [release for batch in made for release in batch] == releases
