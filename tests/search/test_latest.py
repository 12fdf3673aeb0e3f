from itertools import permutations

import pytest

from codehost.search.latest import Candidate, newest


def release(number: int, version: str, *, yanked: bool = False) -> Candidate:
    return Candidate(id=number, version=version, yanked=yanked)


PROJECTS = [
    ([release(1, "1.0")], 1),
    ([release(1, "1.9"), release(2, "1.10")], 2),
    ([release(1, "1.0"), release(2, "2.0rc1")], 1),
    ([release(1, "1.0"), release(2, "2.0.dev3")], 1),
    ([release(1, "2.0a1"), release(2, "2.0b1")], 2),
    ([release(1, "1.0"), release(2, "1.0.post1")], 2),
    ([release(1, "1.0"), release(2, "1!0.5")], 2),
    ([release(1, "2.4.0"), release(2, "2.4.0+cu124")], 2),
    ([release(1, "1.0"), release(2, "2.0", yanked=True)], 1),
    ([release(1, "1.0rc1"), release(2, "2.0", yanked=True)], 1),
    ([release(1, "1.0", yanked=True), release(2, "2.0", yanked=True)], 2),
    ([release(2, "1.0"), release(1, "1.0.0")], 1),
    ([release(1, "0.1a1"), release(2, "2009-final")], 1),
    ([release(2, "what"), release(1, "ever")], 1),
]


@pytest.mark.parametrize(("releases", "expected"), PROJECTS)
def test_the_newest_in_any_order(releases: list[Candidate], expected: int) -> None:
    assert {newest(order) for order in permutations(releases)} == {expected}


def test_of_nothing_there_is_none() -> None:
    with pytest.raises(ValueError, match="empty"):
        newest([])
