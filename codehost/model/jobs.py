"""Sync jobs: their states, and the one table of legal transitions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from codehost.model.pins import Pin


class JobState(StrEnum):
    """Where a sync job stands. ``errored`` will be tried again, ``failed`` will not without a person."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERRORED = "errored"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.PROCESSING, JobState.CANCELLED}),
    # Back to queued: a graceful stop or a lease that ran out returns the job untouched.
    JobState.PROCESSING: frozenset(
        {JobState.COMPLETED, JobState.ERRORED, JobState.FAILED, JobState.QUEUED, JobState.CANCELLED}
    ),
    # A completed job is queued again when its repository is found damaged.
    JobState.COMPLETED: frozenset({JobState.QUEUED}),
    JobState.ERRORED: frozenset({JobState.QUEUED, JobState.PROCESSING, JobState.CANCELLED}),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.CANCELLED: frozenset({JobState.QUEUED}),
}


# A job whose worker goes away so often in a row fails: it may well be what ends the workers.
MOST_LOSSES = 3

# Of queued jobs the one with the smaller number goes first: what a person asked for, then what a plan added.
ASKED_FOR = 0
PLANNED = 100


class LeaseLostError(Exception):
    """A worker wrote to a job that is no longer its own: the lease ran out and another took it, or it was cancelled."""

    def __init__(self, pin: Pin, epoch: int) -> None:
        super().__init__(pin, epoch)
        self.pin = pin
        self.epoch = epoch

    def __str__(self) -> str:
        return f"the lease on {self.pin} (epoch {self.epoch}) is lost; its result was not recorded"


def sources_of(after: JobState) -> frozenset[JobState]:
    """The states from which a job may become ``after``: the condition of the SQL update."""
    return frozenset(before for before, afters in TRANSITIONS.items() if after in afters)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedJob:
    """A job in hand. Every later write names ``epoch``; an older epoch is refused (fencing).

    ``recorded_sha256`` is the digest of ``recorded_file`` that an earlier sync of the same release recorded, if any;
    ``attempt`` counts from 1.
    """

    job_id: int
    release_id: int
    code_host_id: int
    pin: Pin
    repository: str
    epoch: int
    attempt: int
    recorded_sha256: str | None = None
    recorded_file: str | None = None

    @property
    def files(self) -> str:
        """What its files in the spool and the staging area are called: no two attempts of any jobs share a name."""
        return f"{self.job_id}-{self.epoch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """What a person's request did to a job: its repository, the state before, and whether anything changed."""

    repository: str
    before: JobState
    changed: bool


@dataclass(slots=True)
class Turns:
    """Whose turn it is among code hosts that share workers; kept in memory by each worker for itself.

    Rounds: a code host that was served goes behind all that were not, whatever their priority, so nobody starves.
    Within a round the smaller priority goes first, then who was served longest ago. Who had nothing to do for a while
    has saved up no turns.
    """

    _round: dict[int, int] = field(default_factory=dict)
    _served: dict[int, int] = field(default_factory=dict)
    _count: int = 0

    def order(self, priorities: dict[int, int]) -> list[int]:
        """The code hosts, given with their priorities, in the order in which they are to be served."""
        return sorted(
            priorities,
            key=lambda host: (self._last_round(host), priorities[host], self._served.get(host, 0), host),
        )

    def served(self, hosts: Iterable[int]) -> None:
        """These got jobs in the last claim."""
        for host in hosts:
            self._count += 1
            self._served[host] = self._count
            self._round[host] = self._last_round(host) + 1

    def _last_round(self, host: int) -> int:
        """The last round that the code host was served in, at least the one before the newest."""
        before_newest = max(self._round.values(), default=1) - 1
        return max(self._round.get(host, before_newest), before_newest)
