"""What follows from the record: budget, time left, who is alive, what is due."""

from dataclasses import replace

import pytest

from codehost.model.budget import COUNTED, SECOND, TICK, Spent
from codehost.model.jobs import JobState
from codehost.model.status import (
    BudgetState,
    HostRecord,
    Pace,
    SeenCodeHost,
    Status,
    budget_state,
    seconds_left,
    status_of,
)
from codehost.model.workers import RecordedWorker

HOST = SeenCodeHost(
    code_host_id=1,
    name="work",
    source="hosts",
    priority=100,
    document_sha256="a",
    applied_sha256="a",
    applied_at=10,
    sync_requested_at=None,
    paused=False,
    removed_at=None,
    problem=None,
)
RECORD = HostRecord(
    host=HOST,
    counts=dict.fromkeys(JobState, 0),
    pace=Pace(seconds=600),
    spent=Spent(tokens=0, oldest=None),
    budget_now=0,
)
NO_LIMIT = BudgetState(requests_per_hour=None, spent=0, left=None, next_in=0.0)

BUDGETS = [
    # cap, spent, oldest, now: left, next in
    (None, 0, None, 0, None, 0.0),
    (0, 0, None, 0, 0, None),
    (0, 5, 1, 2, 0, None),
    (100, 0, None, 0, 100, 0.0),
    (100, 60, 0, 5, 40, 0.0),
    (100, 100, 0, 5 * SECOND, 0, (COUNTED + TICK) / SECOND - 5),
    (100, 100, 0, COUNTED * 2, 0, 0.0),
    # The cap was lowered meanwhile.
    (100, 130, 0, COUNTED, 0, TICK / SECOND),
]


@pytest.mark.parametrize(("cap", "spent", "oldest", "now", "left", "next_in"), BUDGETS)
def test_budget(
    cap: int | None, spent: int, oldest: int | None, now: int, left: int | None, next_in: float | None
) -> None:
    found = budget_state(cap, Spent(tokens=spent, oldest=oldest), now)
    assert found == BudgetState(requests_per_hour=cap, spent=spent, left=left, next_in=next_in)


def budget(cap: int, left: int) -> BudgetState:
    return BudgetState(requests_per_hour=cap, spent=cap - left, left=left, next_in=0.0)


def pace(ended: int, requests: int = 0) -> Pace:
    return Pace(seconds=600, completed=ended - 1, errored=1, requests=requests)


LEFT = [
    # ready, in hand, pace, budget: seconds
    (0, 0, pace(10), NO_LIMIT, 0.0),
    (30, 0, pace(10), NO_LIMIT, 1800.0),
    (20, 10, pace(10), NO_LIMIT, 1800.0),
    (30, 0, Pace(seconds=600), NO_LIMIT, None),
    # The budget is enough: 60 requests for 30 jobs.
    (30, 0, pace(10, 20), budget(3600, 60), 1800.0),
    # It is not: 1,940 of 2,000 requests at one each second.
    (1000, 0, pace(1000, 2000), budget(3600, 60), 1940.0),
    # Nothing was done of late, because the budget is spent: two requests for each job.
    (1000, 0, Pace(seconds=600), budget(3600, 0), 2000.0),
    (10, 0, Pace(seconds=600), budget(3600, 100), None),
    (10, 0, pace(10), BudgetState(requests_per_hour=0, spent=0, left=0, next_in=None), None),
]


@pytest.mark.parametrize(("ready", "in_hand", "pace", "budget", "seconds"), LEFT)
def test_time_left(ready: int, in_hand: int, pace: Pace, budget: BudgetState, seconds: float | None) -> None:
    counts = {**RECORD.counts, JobState.PROCESSING: in_hand}
    record = replace(RECORD, ready=ready, counts=counts, pace=pace)
    assert seconds_left(record, budget) == seconds
    if ready:
        assert seconds_left(replace(record, host=replace(HOST, paused=True)), budget) is None


def test_a_document_that_cannot_be_read_has_no_budget() -> None:
    found = status_of(replace(RECORD, ready=1), None, readable=False)
    assert (found.budget, found.seconds_left) == (None, None)
    assert status_of(RECORD, 5).budget == budget(5, 5)


DUE = [
    (HOST, False),
    (replace(HOST, applied_sha256="b"), True),
    (replace(HOST, applied_sha256=None, applied_at=None), True),
    (replace(HOST, sync_requested_at=11), True),
    (replace(HOST, sync_requested_at=9), False),
    (replace(HOST, applied_sha256="b", removed_at=1), False),
    # One sync's file is followed by that sync.
    (replace(HOST, applied_sha256=None, source="sync"), False),
]


@pytest.mark.parametrize(("host", "due"), DUE)
def test_due(host: SeenCodeHost, *, due: bool) -> None:
    assert host.due is due


def test_who_is_alive() -> None:
    def worker(owner: str, seen_at: int) -> RecordedWorker:
        return RecordedWorker(
            owner=owner, host="m", version="1", pid=1, started_at=0, seen_at=seen_at * SECOND, stopping=False
        )

    workers = (worker("now", 100), worker("lately", 70), worker("gone", 69), worker("ahead", 131))
    status = Status(now=100 * SECOND, workers=workers)
    assert [one.owner for one in status.alive] == ["now", "lately"]


def test_pace() -> None:
    assert pace(20).ended == 20
    assert pace(20).per_minute == 2.0
    assert Pace(seconds=0).per_minute == 0.0
