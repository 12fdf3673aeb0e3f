import pytest

from codehost.model.budget import COUNTED, SECOND
from codehost.model.errors import Failure, Reason
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import Resolution
from codehost.preview.estimate import estimate_asked, estimate_unasked, least_seconds
from codehost.preview.intent import Action, Intent, Step
from tests.preview.values import resolution

HOUR = COUNTED / SECOND


@pytest.mark.parametrize(
    ("requests", "per_hour", "left", "seconds"),
    [
        (10**6, None, None, None),
        (10**6, 0, None, None),
        (0, 1, None, 0.0),
        (1, 1, None, 0.0),
        (2, 1, None, HOUR),
        (5, 1, None, 4 * HOUR),
        (100, 57_600, None, 0.0),
        (100, 57_600, 57_600, 0.0),
        (57_600, 57_600, None, 3600.0),
        (57_601, 57_600, None, HOUR),
        # The burst goes at once, the rest is spread.
        (10, 20, None, 0.0),
        (15, 20, None, 1800.0),
        (20, 20, None, 3600.0),
        (21, 20, None, 3960.0),
        # Less is left than the hour allows.
        (10, 20, 9, HOUR),
        (10, 20, 0, HOUR),
        (30, 20, 10, 7200.0),
        (10, 20, 500, 0.0),
    ],
)
def test_least_seconds(requests: int, per_hour: int | None, left: int | None, seconds: float | None) -> None:
    assert least_seconds(requests, per_hour, left) == (None if seconds is None else pytest.approx(seconds))


def step(text: str, *, due: bool = True) -> Step:
    pin = parse_pin(text)
    return Step(pin=pin, action=Action.ADD, repository=pin.repository(), due=due)


def test_unasked_a_page_for_each_project_and_a_file_for_each_release() -> None:
    intent = Intent(steps=(step("six==1"), step("six==2"), step("attrs==1"), step("idna==1", due=False)), unchanged=9)
    made = estimate_unasked(intent, 4)
    assert (made.pages, made.files, made.requests) == (2, 3, 5)
    assert made.seconds == pytest.approx(5400.0)


def test_asked_the_same_pages_again_and_a_file_for_each_found() -> None:
    six, attrs = parse_pin("six==1"), parse_pin("attrs==1")
    answers: dict[Pin, Resolution | Failure] = {
        six: resolution(six),
        attrs: Failure(Reason.NOT_FOUND, "no mirror has attrs==1"),
    }
    made = estimate_asked(answers, 7, 1000, left=8)
    assert (made.pages, made.files, made.seconds) == (7, 1, 0.0)
    assert estimate_asked(answers, 7, 1000, left=7).seconds == HOUR
