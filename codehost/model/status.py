"""How code hosts and workers stand at a moment: what ``codehost status`` and the metrics tell. Pure.

All moments are integer microseconds on the database's clock; durations are seconds.
"""

from dataclasses import dataclass, field

from codehost.model.budget import SECOND, Spent, allot
from codehost.model.jobs import JobState
from codehost.model.records import Source
from codehost.model.workers import Circuit, RecordedWorker

# Over so long the pace of the work is taken.
PACE_SECONDS = 600.0
# Who was seen within so long is alive.
ALIVE_SECONDS = 30.0
# Before any job is done: the page of its project and its file.
_REQUESTS_EACH = 2.0
_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCodeHost:
    """A code host without its document. ``due``: there is something to plan; ``problem``: why it cannot be."""

    code_host_id: int
    name: str
    source: str
    priority: int
    document_sha256: str
    applied_sha256: str | None
    applied_at: int | None
    sync_requested_at: int | None
    paused: bool
    removed_at: int | None
    problem: str | None

    @property
    def due(self) -> bool:
        """Whether a worker has something to plan: another document, or a sync that was asked for since."""
        if self.source == Source.SYNC or self.removed_at is not None:
            return False
        asked = self.sync_requested_at is not None and self.sync_requested_at > (self.applied_at or 0)
        return asked or self.document_sha256 != self.applied_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """One of the next jobs. ``position`` counts from 1 within the code host; ``again``: an earlier try failed."""

    position: int
    repository: str
    project: str
    pinned_version: str
    queued_at: int
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The attempts that ended within the last ``seconds``, and the requests that were granted meanwhile."""

    seconds: float
    completed: int = 0
    errored: int = 0
    failed: int = 0
    requests: int = 0

    @property
    def ended(self) -> int:
        """All of them."""
        return self.completed + self.errored + self.failed

    @property
    def per_minute(self) -> float:
        """How many of them a minute."""
        return self.ended * 60 / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetState:
    """The hourly budget. Without a limit ``requests_per_hour`` and ``left`` are None; 0 means paused.

    ``next_in``: after how many seconds the next request may go; None when none ever may.
    """

    requests_per_hour: int | None
    spent: int
    left: int | None
    next_in: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """How many wanted releases bear which mark, and the first alarms: repository and sentence."""

    yanked: int = 0
    quarantined: int = 0
    gone: int = 0
    alarmed: int = 0
    alarms: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """What the database says of a code host.

    ``counts``: wanted releases by state, all states present. ``reasons``: of the errored and failed ones, by state and
    reason. ``ready`` counts the jobs that may be claimed now, the ``next`` ones being their first. ``later`` counts
    those that are tried again when their time has come, ``later_at`` first. ``budget_now`` is the ledger's present.
    """

    host: SeenCodeHost
    counts: dict[JobState, int]
    reasons: dict[tuple[JobState, str], int] = field(default_factory=dict)
    retired: int = 0
    ready: int = 0
    next: tuple[QueuedJob, ...] = ()
    later: int = 0
    later_at: int | None = None
    pace: Pace
    spent: Spent
    budget_now: int
    circuits: tuple[Circuit, ...] = ()
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """A code host's record, with what follows from it and from the document's rate limit.

    ``budget`` is None when the document cannot be read. ``seconds_left``: how long what is ready or in hand takes; 0
    when there is nothing, None when nobody can know.
    """

    record: HostRecord
    budget: BudgetState | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Everything at one moment. ``workers`` are those seen within a day; ``leases``: jobs in hand by owner."""

    now: int
    hosts: tuple[HostStatus, ...] = ()
    workers: tuple[RecordedWorker, ...] = ()
    leases: dict[str, int] = field(default_factory=dict)

    @property
    def alive(self) -> tuple[RecordedWorker, ...]:
        """The workers that were seen a short while ago."""
        return tuple(worker for worker in self.workers if is_alive(worker, self.now))


def is_alive(worker: RecordedWorker, now: int) -> bool:
    """Whether the worker was seen a short while ago. One seen in time to come was seen before the clock was set."""
    return abs(now - worker.seen_at) <= ALIVE_SECONDS * SECOND


def budget_state(requests_per_hour: int | None, spent: Spent, now: int) -> BudgetState:
    """What an hourly budget still allows.

    Args:
        requests_per_hour: the cap; None means no limit, 0 paused.
        spent: what counts now.
        now: the present on the ledger's clock.
    """
    if requests_per_hour is None:
        return BudgetState(requests_per_hour=None, spent=spent.tokens, left=None, next_in=0.0)
    left = max(requests_per_hour - spent.tokens, 0)
    next_in: float | None = 0.0
    if requests_per_hour == 0:
        next_in = None
    elif not left:
        leaves_at = allot(requests_per_hour, spent).leaves_at
        next_in = None if leaves_at is None else max(leaves_at - now, 0) / SECOND
    return BudgetState(requests_per_hour=requests_per_hour, spent=spent.tokens, left=left, next_in=next_in)


def status_of(record: HostRecord, requests_per_hour: int | None, *, readable: bool = True) -> HostStatus:
    """What follows from a record; ``readable``: whether the document said what its rate limit is."""
    if not readable:
        return HostStatus(record=record, budget=None, seconds_left=None)
    budget = budget_state(requests_per_hour, record.spent, record.budget_now)
    return HostStatus(record=record, budget=budget, seconds_left=seconds_left(record, budget))


def seconds_left(record: HostRecord, budget: BudgetState) -> float | None:
    """How long the rest takes: at the pace of late, or at the budget where that is slower."""
    rest = record.ready + record.counts[JobState.PROCESSING]
    if not rest:
        return 0.0
    if record.host.paused or budget.requests_per_hour == 0:
        return None
    pace = record.pace
    at_pace = pace.seconds / pace.ended * rest if pace.ended else None
    cap = budget.requests_per_hour
    if cap is None:
        return at_pace
    each = pace.requests / pace.ended if pace.ended else _REQUESTS_EACH
    beyond = max(0.0, each * rest - (budget.left or 0))
    if at_pace is None and not beyond:
        return None
    return max(at_pace or 0.0, beyond * _HOUR / cap)
