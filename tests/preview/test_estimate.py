import pytest

from codehost.model.budget import COUNTED, SECOND
from codehost.model.errors import Failure, Reason
from codehost.model.pins import Pin, parse_pin
from codehost.model.releases import Resolution
from codehost.preview.estimate import estimate_asked, estimate_unasked, least_seconds
from codehost.preview.intent import Action, Intent, Step
from tests.preview.values import MIRROR, resolution

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
        (57_600, 57_600, None, 3593.75),
        (57_601, 57_600, None, HOUR),
        # The burst goes at once, the rest is spread.
        (10, 20, None, 0.0),
        (15, 20, None, 900.0),
        (20, 20, None, 1800.0),
        (21, 20, None, HOUR),
        # Less is left than the hour allows.
        (10, 20, 9, HOUR),
        (10, 20, 0, HOUR),
        (30, 20, 10, HOUR),
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
    assert made.seconds == HOUR


def test_asked_the_same_pages_again_and_a_file_for_each_found() -> None:
    six, attrs = parse_pin("six==1"), parse_pin("attrs==1")
    answers: dict[Pin, Resolution | Failure] = {
        six: resolution(six),
        attrs: Failure(Reason.NOT_FOUND, "no mirror has attrs==1"),
    }
    made = estimate_asked(answers, 7, 1000, left=8)
    assert (made.pages, made.files, made.seconds) == (7, 1, 0.0)
    assert estimate_asked(answers, 7, 1000, left=7).seconds == HOUR


OTHER = "https://other.example.com/simple"
DEAD = Failure(Reason.NETWORK, "it refused the connection", mirror=MIRROR)
OTHER_DEAD = Failure(Reason.SERVER_ERROR, "it answered 500", mirror=OTHER)
LATER = Failure(Reason.THROTTLED, "it answered 429", mirror=MIRROR, retry_after=600.0)
UNASKED = Failure(Reason.NETWORK, "not asked again", mirror=OTHER, unasked=True)
FOUND = resolution(parse_pin("a==1"))


@pytest.mark.parametrize(
    ("answers", "sent", "pages"),
    [
        # Each page that does not come is asked for three times.
        ({"a==1": DEAD, "b==1": DEAD}, 6, 2),
        ({"a==1": DEAD, "a==2": DEAD}, 6, 1),
        ({"a==1": DEAD, "b==1": UNASKED, "b==2": UNASKED, "c==1": UNASKED}, 3, 3),
        # One pin is on the first mirror, the other only on one that was given up.
        ({"a==1": FOUND, "a==2": UNASKED}, 1, 2),
        # The second pin got the page after all.
        ({"a==1": DEAD, "a==2": FOUND}, 4, 1),
        # Another mirror's page did not come.
        ({"a==1": OTHER_DEAD, "a==2": FOUND}, 4, 2),
        # What asks for a long wait is not retried.
        ({"a==1": LATER, "b==1": LATER}, 2, 2),
        ({}, 0, 0),
    ],
)
def test_retries_are_no_pages(answers: dict[str, Resolution | Failure], sent: int, pages: int) -> None:
    assert estimate_asked({parse_pin(pin): answer for pin, answer in answers.items()}, sent, None).pages == pages
