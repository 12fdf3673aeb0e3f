import asyncio

import pytest

from codehost.app.daemon.probing import Probe
from codehost.health.metrics import Metrics
from codehost.model.status import Status
from codehost.supervising import Troubles
from tests.model.statuses import STATUS


async def status() -> Status:
    return STATUS


def probe(*, begun: bool = True, stop: bool = False, trouble: str | None = None, halt: str | None = None) -> Probe:
    events = asyncio.Event(), asyncio.Event()
    for event, is_set in zip(events, (begun, stop), strict=True):
        if is_set:
            event.set()
    troubles = Troubles()
    if trouble is not None:
        troubles.fall("loop", trouble)
    return Probe(metrics_of=Metrics(status), troubles=troubles, begun=events[0], stop=events[1], halted=lambda: halt)


AWAY, FULL = "The database is away.", "Work is halted: the disk is full."


@pytest.mark.parametrize(
    ("made", "ready"),
    [
        (probe(), None),
        (probe(begun=False), "The worker is starting."),
        (probe(begun=False, trouble=AWAY), AWAY),
        (probe(trouble=AWAY, halt=FULL), AWAY),
        (probe(halt=FULL), FULL),
        (probe(stop=True, trouble=AWAY, halt=FULL), "The worker is about to end."),
    ],
)
def test_what_is_in_the_way_of_work(made: Probe, ready: str | None) -> None:
    assert made.ready() == ready
    # Nobody helps a worker by killing it while its database is away.
    assert made.healthy() is None


async def test_metrics() -> None:
    assert b"codehost_jobs{" in await probe().metrics()
