import pytest

from codehost.model.events import BudgetWait, Event, MirrorBack, MirrorRests, PaceWait, RequestSent
from codehost.model.waits import SECOND, Waits
from codehost.model.workers import Wait, WaitKind

URL = "https://pypi.example.com/simple"
RESTS = MirrorRests(mirror=URL, seconds=30.0, message="it is down")

# What happens at which second; then what is waited for at which second: kind, since, until.
CASES: list[tuple[list[tuple[int, Event]], int, list[tuple[WaitKind, int, int]]]] = [
    ([], 0, []),
    ([(5, BudgetWait(seconds=100))], 6, [(WaitKind.BUDGET, 5, 105)]),
    ([(5, BudgetWait(seconds=100)), (65, BudgetWait(seconds=41))], 66, [(WaitKind.BUDGET, 5, 106)]),
    ([(5, BudgetWait(seconds=100)), (7, RequestSent(left=0))], 8, []),
    # Its work was stopped: a waiter says so every minute.
    ([(5, BudgetWait(seconds=1000))], 96, []),
    ([(5, BudgetWait(seconds=1000)), (200, BudgetWait(seconds=805))], 201, [(WaitKind.BUDGET, 200, 1005)]),
    ([(5, PaceWait(seconds=1000))], 1000, [(WaitKind.PACE, 5, 1005)]),
    ([(5, PaceWait(seconds=1000))], 1100, []),
    ([(5, PaceWait(seconds=9)), (6, RequestSent(left=3)), (6, PaceWait(seconds=9))], 7, [(WaitKind.PACE, 6, 15)]),
    ([(5, PaceWait(seconds=9)), (14, BudgetWait(seconds=80))], 15, [(WaitKind.BUDGET, 14, 94)]),
    ([(5, RESTS), (9, RequestSent(left=3))], 34, [(WaitKind.MIRROR, 5, 35)]),
    ([(5, RESTS)], 35, []),
    ([(5, RESTS), (6, MirrorBack(mirror=URL))], 7, []),
    ([(5, RESTS), (6, BudgetWait(seconds=10))], 7, [(WaitKind.MIRROR, 5, 35), (WaitKind.BUDGET, 6, 16)]),
]


@pytest.mark.parametrize(("events", "at", "expected"), CASES)
def test_waits(events: list[tuple[int, Event]], at: int, expected: list[tuple[WaitKind, int, int]]) -> None:
    now = 0
    waits = Waits("one", lambda: now * SECOND)
    for when, event in events:
        now = when
        waits.notify(event)
    now = at
    assert waits.current() == tuple(
        Wait(
            kind=kind,
            code_host="one",
            since=since * SECOND,
            until=until * SECOND,
            mirror=URL if kind is WaitKind.MIRROR else None,
        )
        for kind, since, until in expected
    )
