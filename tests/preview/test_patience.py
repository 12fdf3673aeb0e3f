import pytest

from codehost.model.circuits import Setback, Ticket
from codehost.model.errors import Failure, Reason
from codehost.preview.patience import Patience
from tests.preview.values import MIRROR

OTHER = "https://other.example.com/simple"
REACHED = None


def setback(project: str, reason: Reason = Reason.NETWORK) -> Setback:
    return Setback(reason=reason, message="it refused the connection", project=project)


async def hear(patience: Patience, url: str, said: Setback | None) -> None:
    ticket = Ticket(url=url)
    await (patience.succeeded(ticket) if said is None else patience.failed(ticket, said))


async def left_alone(patience: Patience, url: str) -> str | None:
    try:
        await patience.admit(url)
    except Failure as raised:
        failure = raised
    else:
        return None
    assert (failure.reason, failure.mirror, failure.unasked) == (Reason.NETWORK, url, True)
    return failure.what


SIX, ATTRS, IDNA = setback("six"), setback("attrs"), setback("idna")


@pytest.mark.parametrize(
    ("heard", "ends"),
    [
        ([SIX, ATTRS], False),
        ([SIX, ATTRS, IDNA], True),
        ([REACHED, SIX, ATTRS, IDNA], True),
        ([SIX, ATTRS, REACHED, IDNA], False),
        ([SIX, ATTRS, setback("six", Reason.SERVER_ERROR), IDNA], False),
        ([setback(project, Reason.AUTH) for project in ("six", "attrs", "idna")], False),
        ([SIX, SIX, SIX, ATTRS], False),
        # What was under way when it was given up changes nothing any more.
        ([SIX, ATTRS, IDNA, REACHED], True),
    ],
)
async def test_when_a_mirror_is_left_alone(heard: list[Setback | None], *, ends: bool) -> None:
    patience = Patience(3)
    for said in heard:
        await hear(patience, MIRROR, said)
    assert (await left_alone(patience, MIRROR) is not None) == ends
    assert await left_alone(patience, OTHER) is None


async def test_mirrors_are_counted_apart() -> None:
    patience = Patience(2)
    await hear(patience, MIRROR, SIX)
    await hear(patience, OTHER, ATTRS)
    assert await left_alone(patience, MIRROR) is None
    await hear(patience, MIRROR, ATTRS)
    assert await left_alone(patience, OTHER) is None
    assert await left_alone(patience, MIRROR) == (
        "not asked again: it refused the connection (for 2 projects in a row)"
    )
