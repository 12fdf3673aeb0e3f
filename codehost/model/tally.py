"""The running account of a sync, from its events: what the display shows and the summary says."""

from typing import Protocol

from codehost.model.events import (
    BudgetWait,
    BytesReceived,
    Event,
    NotSynced,
    PaceWait,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.pins import Pin


class Tally:
    """Counts of one sync. Times are seconds on the caller's monotonic clock."""

    def __init__(self) -> None:
        self.total = 0
        self.started = 0.0
        self.synced = 0
        self._failed: set[Pin] = set()
        self.bytes = 0
        self.requests = 0
        self.requests_left: int | None = None
        self.waiting_seconds = 0.0
        self.in_flight: dict[Pin, Stage] = {}

    def begin(self, total: int, now: float) -> None:
        """The plan is made: so many jobs are to be done."""
        self.total = total
        self.started = now

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case StageEntered(pin=pin, stage=stage):
                self.in_flight[pin] = stage
            case BytesReceived(count=count):
                self.bytes += count
            case Synced(pin=pin):
                self.synced += 1
                self._failed.discard(pin)
                self.in_flight.pop(pin, None)
            case NotSynced(pin=pin):
                self._failed.add(pin)
                self.in_flight.pop(pin, None)
            case Returned(pin=pin):
                self.in_flight.pop(pin, None)
            case RequestSent(left=left):
                self.requests += 1
                self.requests_left = left
                self.waiting_seconds = 0.0
            case BudgetWait(seconds=seconds) | PaceWait(seconds=seconds):
                self.waiting_seconds = seconds

    @property
    def failed(self) -> int:
        """Pins whose last attempt failed: one that is tried again counts once."""
        return len(self._failed)

    @property
    def done(self) -> int:
        """Jobs that ended either way."""
        return self.synced + self.failed

    def seconds_left(self, now: float, requests_per_hour: int | None) -> float | None:
        """How long the rest takes: at the pace so far, or at the configured rate where that is slower."""
        if not self.done:
            return None
        rest = self.total - self.done
        pace = (now - self.started) / self.done * rest
        if not requests_per_hour:
            return pace
        needed = self.requests / self.done * rest
        beyond = max(0.0, needed - (self.requests_left or 0))
        return max(pace, beyond * 3600 / requests_per_hour)


class SyncView(Protocol):
    """Whoever watches a whole sync: an observer that is told of the plan and keeps the account."""

    tally: Tally

    def begin(self, *, total: int, requests_per_hour: int | None) -> None:
        """The plan is made: so many jobs are to be done, at most at this rate."""
        ...

    def notify(self, event: Event) -> None:
        """Take note of an event. Must not block and must not raise."""
        ...
