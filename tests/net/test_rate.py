import pytest

from codehost.net.rate import LeastRate, RateMeter

# 60 bytes a minute; a slice of the meter is a second.
RATE = LeastRate(least=60, window=60.0)


@pytest.mark.parametrize(
    ("came", "patience", "brought"),
    [
        ([], 60, 0),
        ([(0, 0)], 60, 0),
        ([(30, 0)], 30, 0),
        ([(30, 59)], 30, 59),
        # A full measure: from the slice in which it came, another window.
        ([(30, 60)], 61, 0),
        ([(0, 1_000_000)], 61, 0),
        ([(0, 1_000_000), (60, 0)], 1, 0),
        ([(60, 0)], 0, 0),
        ([(500, 0)], 0, 0),
        # One byte every twenty seconds.
        ([(20, 1), (20, 1), (19, 1)], 1, 3),
        # The oldest bytes fall out of the window first.
        ([(10, 30), (20, 30)], 41, 30),
        ([(10, 30), (20, 30), (20, 30)], 41, 30),
        ([(10, 30), (20, 30), (41, 0)], 0, 30),
        # Exactly the least rate may go on for ever.
        ([(1, 1)] * 1000, 2, 59),
        ([(0.5, 1)] * 2000, 31, 59),
        # What came at once does not buy the patience of hours.
        ([(1, 10**9), (61, 0)], 0, 0),
    ],
)
def test_patience(came: list[tuple[float, int]], patience: float, brought: int) -> None:
    meter = RateMeter(RATE)
    for waited, count in came:
        meter.took(waited, count)
    assert meter.patience == pytest.approx(patience)
    assert meter.brought == brought


def test_patience_is_over_for_a_drip_and_never_for_the_least_rate() -> None:
    for per_second, lasts in ((0.05, 60), (0.95, 60), (1.1, None)):
        meter, seconds, sent = RateMeter(RATE), 0, 0
        while meter.patience > 1 and seconds < 10_000:
            seconds += 1
            count = int(seconds * per_second) - sent
            sent += count
            meter.took(1, count)
        assert (seconds < 65) if lasts else (seconds == 10_000)


def test_the_meter_remembers_no_more_than_a_window() -> None:
    meter = RateMeter(LeastRate(least=10**9, window=60.0))
    for _ in range(100_000):
        meter.took(0.0005, 1)
    assert len(meter._came) <= 62  # noqa: SLF001 - what it holds is what this is about
