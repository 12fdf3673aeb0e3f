import pytest

from codehost.model.jobs import JobState
from tests.cli.pins import MISSING, SIX
from tests.desk import Desk, Ran


def failing(desk: Desk) -> None:
    desk.configure(SIX, MISSING)
    assert desk.sync().status == 1


def state(desk: Desk, expected: JobState) -> bool:
    return f"1 {expected}" in desk.stored("status").out


def test_retry(desk: Desk) -> None:
    failing(desk)
    assert desk.stored("retry", MISSING) == Ran(status=0, out="python/no-such/1.0: queued\n", err="")
    assert state(desk, JobState.QUEUED)


def test_cancel_and_retry_again(desk: Desk) -> None:
    failing(desk)
    cancelled = Ran(status=0, out="python/no-such/1.0: cancelled\n", err="")
    assert desk.stored("cancel", "python/no-such/1.0") == cancelled
    assert state(desk, JobState.CANCELLED)
    again = desk.stored("cancel", MISSING)
    assert (again.status, again.err) == (1, "codehost: python/no-such/1.0 is cancelled already.\n")
    assert desk.stored("retry", MISSING).status == 0


@pytest.mark.parametrize(
    ("options", "out"),
    [
        ((), "python/no-such/1.0: queued\n"),
        (("--reason", "not-found"), "python/no-such/1.0: queued\n"),
        (("--reason", "auth"), "Nothing is queued: there is no such job.\n"),
    ],
)
def test_retry_of_all_that_failed(desk: Desk, options: tuple[str, ...], out: str) -> None:
    failing(desk)
    assert desk.stored("retry", "--failed", *options) == Ran(status=0, out=out, err="")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Give pins or repositories, or --failed."),
        (("--failed", SIX), "Give pins or repositories, or --failed."),
        (("--reason", "auth", SIX), "--reason goes with --failed."),
        (("--failed", "--reason", "bad luck"), "is not one of"),
    ],
)
def test_what_cannot_be_asked_for(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = desk.stored("retry", *arguments)
    assert ran.status == 2
    assert said in ran.err


def test_what_is_not_there(desk: Desk) -> None:
    failing(desk)
    ran = desk.stored("cancel", "a\x1b[31mb")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("codehost: There is no pinned release a\\x1b[31mb: give a pin")
