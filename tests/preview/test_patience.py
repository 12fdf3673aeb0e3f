import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.pins import parse_pin
from codehost.model.releases import Resolution
from codehost.preview.patience import Patience
from tests.preview.values import MIRROR, resolution

OTHER = "https://other.example.com/simple"
DEAD = Failure(Reason.NETWORK, "it refused the connection", mirror=MIRROR)
OTHER_DEAD = Failure(Reason.NETWORK, "it refused the connection", mirror=OTHER)
MISSING = Failure(Reason.NOT_FOUND, "no mirror has it")
REFUSED = Failure(Reason.AUTH, "credentials are wanted", mirror=MIRROR)
FOUND = resolution(parse_pin("six==1.0"))


@pytest.mark.parametrize(
    ("answers", "ends"),
    [
        ([DEAD, DEAD], False),
        ([DEAD, DEAD, DEAD], True),
        ([FOUND, DEAD, DEAD, DEAD], True),
        ([DEAD, DEAD, FOUND, DEAD], False),
        ([DEAD, DEAD, MISSING, DEAD], False),
        ([REFUSED, REFUSED, REFUSED], False),
        ([DEAD, OTHER_DEAD, DEAD], False),
        ([DEAD, OTHER_DEAD, OTHER_DEAD, OTHER_DEAD], True),
        # The first mirror has releases, so it may have the rest.
        ([FOUND, OTHER_DEAD, OTHER_DEAD, OTHER_DEAD], False),
    ],
)
def test_when_it_ends(answers: list[Resolution | Failure], *, ends: bool) -> None:
    patience = Patience(3)
    for number, answer in enumerate(answers):
        assert patience.ended is None
        patience.heard(f"p{number}", answer)
    assert (patience.ended is not None) == ends


def test_it_is_the_same_failure_and_says_so() -> None:
    patience = Patience(2)
    for project in ("six", "six", "six", "attrs"):
        assert patience.ended is None
        patience.heard(project, DEAD)
    ended = patience.ended
    assert ended is not None
    assert (ended.reason, ended.mirror) == (Reason.NETWORK, MIRROR)
    assert ended.what == "not asked again: it refused the connection (for 2 projects in a row)"
