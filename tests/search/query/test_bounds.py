from itertools import islice

from codehost.search.query.bounds import Bounds, Looking

MATCHES = [(at, at + 1) for at in range(1_000)]


def test_all_parts_count_together() -> None:
    looking = Looking(Bounds(matches=5))
    one, other = looking.at(MATCHES), looking.at(MATCHES)
    assert len(list(islice(one, 3))) == 3
    assert not looking.stopped
    assert len(list(other)) == 2
    assert looking.stopped
    assert not list(one)


def test_what_fits_is_all() -> None:
    looking = Looking(Bounds(matches=1_000))
    assert list(looking.at(MATCHES)) == MATCHES
    assert not looking.stopped


def test_time_is_over() -> None:
    looking = Looking(Bounds(is_over=lambda: True))
    found = list(looking.at(MATCHES))
    assert 0 < len(found) < 1_000
    assert looking.stopped
