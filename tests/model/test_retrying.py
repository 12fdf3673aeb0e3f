import pytest

from codehost.model.errors import FACTS, Failure, Reason
from codehost.model.retrying import BACKOFFS, LONGEST_WORD, SPREAD, Backoff, for_months, in_one_run

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def failed(reason: Reason, retry_after: float | None = None) -> Failure:
    return Failure(reason, "no luck", retry_after=retry_after)


def test_every_reason_that_time_can_heal_has_its_intervals() -> None:
    assert set(BACKOFFS) == {reason for reason in Reason if FACTS[reason].transient}


CASES = [
    # reason, seconds after the attempts 1, 2, 3 and 10,000
    (Reason.NOT_FOUND, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY),
    (Reason.VERSION_NOT_FOUND, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY),
    (Reason.NETWORK, MINUTE, 2 * MINUTE, 4 * MINUTE, 4 * HOUR),
    (Reason.SERVER_ERROR, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 4 * HOUR),
    (Reason.AUTH, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 2 * HOUR),
    (Reason.BAD_PAGE, 10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 6 * HOUR),
    (Reason.STORAGE, 1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 4 * HOUR),
    (Reason.INTERNAL, 5 * MINUTE, 20 * MINUTE, 80 * MINUTE, None),
    (Reason.UNSAFE_ARCHIVE, None, None, None, None),
]


@pytest.mark.parametrize(("reason", "first", "second", "third", "last"), CASES)
def test_the_intervals_grow_to_their_cap(
    reason: Reason, first: float | None, second: float | None, third: float | None, last: float | None
) -> None:
    waits = [for_months(failed(reason), attempt, 0.0) for attempt in (1, 2, 3, 10_000)]
    assert waits == [first, second, third, last]


def test_jitter_spreads_the_jobs_and_never_brings_one_forward() -> None:
    assert for_months(failed(Reason.NETWORK), 1, 1.0) == MINUTE * (1 + SPREAD)
    assert for_months(failed(Reason.THROTTLED, 90), 1, 0.5) == 90 * (1 + SPREAD / 2)


def test_after_the_most_tries_nobody_tries_by_himself() -> None:
    backoff = Backoff(first=1, factor=2, cap=100, most_tries=3)
    assert [backoff.after(attempt) for attempt in (1, 2, 3)] == [1, 2, None]


@pytest.mark.parametrize(
    ("word", "attempt", "seconds"),
    [
        (90, 1, 90),
        (0, 1, 1),
        (-5, 1, 1),
        (1e9, 1, LONGEST_WORD),
        # Believed once.
        (0, 2, 2 * MINUTE),
        (600, 2, 600),
        (1e9, 9, LONGEST_WORD),
    ],
)
def test_the_servers_word(word: float, attempt: int, seconds: float) -> None:
    assert for_months(failed(Reason.THROTTLED, word), attempt, 0.0) == seconds


def test_a_run_that_ends_tries_only_what_the_server_asks_for_and_not_for_ever() -> None:
    assert [in_one_run(failed(Reason.THROTTLED, 5), attempt, 0.5) for attempt in (1, 2, 3)] == [5, 5, None]
    assert in_one_run(failed(Reason.NETWORK), 1, 0.5) is None
