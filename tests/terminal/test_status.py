"""Lines about code hosts and workers."""

from dataclasses import replace

import pytest

from codehost.model.budget import SECOND, Spent
from codehost.model.jobs import JobState
from codehost.model.status import HostRecord, Status, status_of
from codehost.model.workers import RecordedWorker
from codehost.terminal.status import host_lines, status_lines, worker_lines
from tests.model.statuses import ALIVE, BUSY, BUSY_RECORD, GONE, NOW, QUIET, QUIET_RECORD, STATUS

LINES = """\
busy: 7 queued, 1 processing, 3 errored, 1 failed, 2 retired
  paused: codehost hosts resume busy lets its jobs go on
  problem: The file is not valid.
  budget: 600 of 600 requests spent, 0 left; the next request may go in 10 min 15 s
  pace: 10 synced and 5 not synced within 10 min 0 s, 1.5 a minute
  next: 1. a==1 (again), 2. b==2 and 6 more
  later: 2 failed jobs to try again, the first in 1 min 30 s
  mirror https://mirror.example.com/simple is left alone for 25 s (5 failures, server-error): answered 500
  mirror https://other.example.com failed of late and is asked again (1 failure, server-error): answered 500
  marked: 3 yanked, 1 gone, 2 alarmed
  alarm python/c/3: Other bytes.
  and 1 more alarm
  not synced: 3 errored (network), 1 failed (blocked)
quiet: 3 completed
  budget: no limit
worker machine:7:abc (process 7 on machine, 0.1.0, stopping): 1 job in hand
  download python/d/4 for 3 s
  waits for the hourly budget of busy, since 5 min 0 s, 12 s more
  waits for the pace of busy, which spreads its budget over the hour, since 0 s
  waits for the mirror https://mirror.example.com/simple of busy, which is left alone, since 0 s, 25 s more
worker gone:1:def is gone without a word, last seen 2 min 0 s ago; its 2 jobs in hand will go to others
"""


def test_everything() -> None:
    assert "".join(f"{line}\n" for line in status_lines(STATUS)) == LINES


def test_without_anything() -> None:
    assert list(status_lines(Status(now=NOW))) == []
    empty = replace(QUIET_RECORD, counts=dict.fromkeys(JobState, 0))
    assert next(status_lines(Status(now=NOW, hosts=(status_of(empty, 5),)))) == "quiet: no releases"


FOLLOWED = replace(QUIET_RECORD, host=replace(QUIET, source="hosts", applied_sha256=QUIET.document_sha256))

SHORT = [
    # Nothing goes on: nothing is said.
    (QUIET_RECORD, 600, ()),
    (replace(QUIET_RECORD, host=replace(QUIET, source="hosts")), 600, ("its document is still to be planned",)),
    (replace(QUIET_RECORD, host=replace(BUSY, removed_at=1)), 600, ("it is being removed",)),
    (replace(QUIET_RECORD, spent=Spent(tokens=9, oldest=NOW)), 600, ()),
    # The budget is spent: that is why nothing goes on.
    (
        replace(QUIET_RECORD, spent=Spent(tokens=600, oldest=NOW - 3_000 * SECOND)),
        600,
        ("budget: 600 of 600 requests spent, 0 left; the next request may go in 10 min 15 s",),
    ),
    (replace(FOLLOWED, ready=1), None, ("budget: no limit",)),
    (replace(FOLLOWED, ready=1), 0, ("budget: 0 requests an hour, which pauses the code host",)),
    (replace(FOLLOWED, ready=5), 4, ("budget: 0 of 4 requests spent, 4 left", "time left: about 1 h 30 min")),
    # What a sync left in the queue waits for the next one.
    (replace(QUIET_RECORD, ready=1), 600, ()),
    (replace(QUIET_RECORD, ready=1), 0, ()),
    (
        replace(QUIET_RECORD, counts={**QUIET_RECORD.counts, JobState.PROCESSING: 1}),
        600,
        ("budget: 0 of 600 requests spent, 600 left",),
    ),
]


@pytest.mark.parametrize(("record", "cap", "lines"), SHORT)
def test_only_what_there_is_to_say(record: HostRecord, cap: int | None, lines: tuple[str, ...]) -> None:
    status = Status(now=NOW, hosts=(status_of(record, cap),))
    assert tuple(host_lines(status.hosts[0], status, full=False)) == lines


def test_while_a_worker_is_alive_the_budget_is_told() -> None:
    status = Status(now=NOW, hosts=(status_of(QUIET_RECORD, 600),), workers=(ALIVE,))
    assert list(host_lines(status.hosts[0], status, full=False)) == ["budget: 0 of 600 requests spent, 600 left"]


def test_a_document_that_cannot_be_read_says_nothing_of_a_budget() -> None:
    status = Status(now=NOW, hosts=(status_of(QUIET_RECORD, None, readable=False),))
    assert list(host_lines(status.hosts[0], status, full=True)) == []


def test_a_worker_with_much_in_hand() -> None:
    busy = replace(ALIVE, doing=ALIVE.doing * 10, waits=(), stopping=False)
    lines = list(worker_lines(Status(now=NOW, workers=(busy,), leases={busy.owner: 10})))
    assert lines[0] == "worker machine:7:abc (process 7 on machine, 0.1.0): 10 jobs in hand"
    assert (len(lines), lines[-1]) == (10, "  and 2 more")


NEEDED = [
    (replace(BUSY_RECORD, host=replace(BUSY, applied_sha256="a")), (), True),
    (replace(QUIET_RECORD, host=replace(BUSY, applied_sha256="b")), (GONE,), True),
    (replace(QUIET_RECORD, host=replace(BUSY, applied_sha256="a")), (), False),
    # Its repositories are still to go.
    (replace(QUIET_RECORD, host=replace(BUSY, applied_sha256="a", removed_at=NOW)), (), True),
    (BUSY_RECORD, (ALIVE,), False),
    # codehost sync works on this one.
    (replace(BUSY_RECORD, host=QUIET), (), False),
]


@pytest.mark.parametrize(("record", "workers", "needed"), NEEDED)
def test_that_a_worker_is_missing(record: HostRecord, workers: tuple[RecordedWorker, ...], *, needed: bool) -> None:
    status = Status(now=NOW, hosts=(status_of(record, 600),), workers=workers)
    assert ("no worker is alive: start codehost worker" in worker_lines(status)) is needed
