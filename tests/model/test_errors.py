import pytest

from codehost.model.errors import FACTS, Failure, Reason, reason_of_status


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_says_who_can_act_and_how(reason: Reason) -> None:
    facts = FACTS[reason]
    assert facts.who.value
    assert facts.advice.endswith(".")
    assert facts.advice[0].isupper()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.AUTH),
        (403, Reason.AUTH),
        (407, Reason.AUTH),
        (404, Reason.NOT_FOUND),
        (410, Reason.NOT_FOUND),
        (429, Reason.THROTTLED),
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
        (599, Reason.SERVER_ERROR),
        (302, Reason.BAD_PAGE),
        (406, Reason.BAD_PAGE),
    ],
)
def test_reason_of_status(status: int, reason: Reason) -> None:
    assert reason_of_status(status) is reason


def test_message_names_the_mirror() -> None:
    failure = Failure(Reason.AUTH, "the page answered 401", mirror="https://m/simple")
    assert str(failure) == "the page answered 401 (mirror https://m/simple)"
    assert str(Failure(Reason.AUTH, "the page answered 401")) == "the page answered 401"


def test_the_first_mirror_stays() -> None:
    failure = Failure(Reason.THROTTLED, "wait", retry_after=3.0).at("https://a").at("https://b")
    assert (failure.mirror, failure.retry_after, failure.what) == ("https://a", 3.0, "wait")


def test_only_what_time_can_heal_is_transient() -> None:
    permanent = {reason for reason in Reason if not FACTS[reason].transient}
    assert permanent == {
        Reason.DIGEST_CHANGED,
        Reason.UNSUPPORTED_FORMAT,
        Reason.UNSAFE_ARCHIVE,
        Reason.TOO_LARGE,
        Reason.BLOCKED,
        Reason.CRASHED,
    }
