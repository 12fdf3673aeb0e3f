import pytest

from codehost.model.circuits import (
    LONGEST_ASKED,
    PROBE,
    SECOND,
    Setback,
    Standing,
    after_setback,
    counts,
    probed,
    refusal,
    standing,
    unprobed,
)
from codehost.model.errors import Reason
from codehost.model.workers import Circuit

URL = "https://pypi.example.com/simple"
NOW = 1_000 * SECOND


def setback(reason: Reason = Reason.NETWORK, retry_after: float | None = None) -> Setback:
    return Setback(reason=reason, message="it is\ndown", project="flask", retry_after=retry_after)


def after(times: int, given: Setback, *, jitter: float = 0.0) -> Circuit:
    circuit = None
    for _ in range(times):
        circuit = after_setback(URL, circuit, given, NOW, jitter)
    assert circuit is not None
    return circuit


RESTS = [
    # failures in a row, what fails -> seconds of rest, None: it is still asked
    (1, setback(), None),
    (4, setback(), None),
    (5, setback(), 30),
    (6, setback(), 60),
    (10, setback(), 960),
    (11, setback(), 1_800),
    (500, setback(), 1_800),
    (5, setback(Reason.SERVER_ERROR, 400), 400),
    (4, setback(Reason.SERVER_ERROR, 400), None),
    (1, setback(Reason.THROTTLED), 30),
    (1, setback(Reason.THROTTLED, 7), 30),
    (1, setback(Reason.THROTTLED, 7_200), 7_200),
    (1, setback(Reason.THROTTLED, 1e12), LONGEST_ASKED // SECOND),
    (2, setback(Reason.THROTTLED), 60),
    (2, setback(Reason.AUTH), None),
    (3, setback(Reason.AUTH), 30),
    (20, setback(Reason.AUTH), 300),
]


@pytest.mark.parametrize(("failures", "given", "seconds"), RESTS)
def test_rest(failures: int, given: Setback, seconds: int | None) -> None:
    circuit = after(failures, given)
    assert circuit.open_until == (None if seconds is None else NOW + seconds * SECOND)
    assert (circuit.url, circuit.failures, circuit.reason) == (URL, failures, given.reason.value)
    assert (circuit.since, circuit.message) == (NOW, r"it is\ndown")


def test_a_part_of_the_rest_is_left_to_chance() -> None:
    assert after(5, setback(), jitter=1.0).open_until == NOW + 36 * SECOND
    assert after(1, setback(Reason.THROTTLED, 100), jitter=1.0).open_until == NOW + 100 * SECOND


def test_a_probe_that_fails_for_another_reason_opens_again() -> None:
    throttled = after(1, setback(Reason.THROTTLED))
    again = after_setback(URL, throttled, setback(Reason.NETWORK), NOW, 0.0)
    assert again.open_until == NOW + 30 * SECOND


@pytest.mark.parametrize(
    ("open_until", "expected"),
    [(None, Standing.CLOSED), (NOW + 1, Standing.OPEN), (NOW, Standing.DUE), (NOW - 1, Standing.DUE)],
)
def test_standing(open_until: int | None, expected: Standing) -> None:
    circuit = Circuit(url=URL, failures=5, since=0, open_until=open_until, reason="network", message="")
    assert standing(circuit, NOW) is expected
    assert standing(None, NOW) is Standing.CLOSED


def test_a_probe_has_its_time() -> None:
    circuit = probed(after(5, setback()), NOW)
    assert standing(circuit, NOW + PROBE - 1) is Standing.OPEN
    assert standing(circuit, NOW + PROBE) is Standing.DUE
    assert standing(unprobed(circuit, NOW), NOW) is Standing.DUE


def test_a_refusal_says_that_nobody_was_asked_and_when_to_come_again() -> None:
    failure = refusal(after(5, setback(Reason.SERVER_ERROR)), NOW + 10 * SECOND)
    assert failure.unasked
    assert failure.at("https://other.example.com").unasked
    assert (failure.reason, failure.mirror, failure.retry_after) == (Reason.SERVER_ERROR, URL, 20.0)
    assert str(failure) == (
        f"the mirror {URL} is left alone for 20 more seconds after 5 failures in a row; the last: it is\\ndown"
    )


@pytest.mark.parametrize("reason", list(Reason))
def test_what_counts_is_the_mirror(reason: Reason) -> None:
    assert counts(reason) == (reason in {Reason.NETWORK, Reason.SERVER_ERROR, Reason.THROTTLED, Reason.AUTH})
