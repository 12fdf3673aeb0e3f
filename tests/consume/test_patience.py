from codehost.consume.patience import BACKOFF, TRIES_AT_ONCE, Patience


def test_it_waits_longer_each_time_and_is_given_up_once() -> None:
    patience = Patience()
    assert patience.is_due("a", 0)
    waits = [patience.fail("a", 100.0) for _ in range(TRIES_AT_ONCE)]
    assert waits == [1, 2, 4]
    assert not patience.is_due("a", 103.9)
    assert patience.is_due("a", 104)
    assert patience.is_given_up("a")
    assert patience.is_due("b", 0)
    patience.forget("a")
    assert patience.is_due("a", 0)
    assert not patience.is_given_up("a")


def test_never_longer_than_the_cap() -> None:
    patience = Patience()
    assert max(patience.fail("a", 0) for _ in range(100)) == BACKOFF.cap


def test_how_long_nothing_is_due() -> None:
    patience = Patience()
    assert patience.until_next(10, 50) == 50
    patience.fail("a", 0)
    patience.fail("b", 9)
    patience.fail("b", 9)
    assert patience.until_next(0.5, 50) == 0.5
    assert patience.until_next(10, 50) == 0
    patience.forget("a")
    assert patience.until_next(10, 2) == 1
    patience.forget("b")
    assert patience.until_next(10, 2) == 2
