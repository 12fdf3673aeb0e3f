"""Sync jobs: their states, and the one table of legal transitions."""

from dataclasses import dataclass
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
