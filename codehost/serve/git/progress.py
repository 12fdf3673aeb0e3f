"""How a request fares, and when it has to end. Pure; times are seconds on the caller's monotonic clock."""

from dataclasses import dataclass, field
from enum import StrEnum

from codehost.serve.git.limits import GitLimits


class Ending(StrEnum):
    """Why a request was ended before it was done."""

    GONE = "gone"
    IDLE = "idle"
    SLOW = "slow"
    LATE = "late"
    SHUTDOWN = "shutdown"


@dataclass(slots=True)
class Lane:
    """One direction. Only what the client was waited for counts: neither git's time nor what passed without a wait."""

    since: float | None = None
    waited: float = 0.0
    moved: int = 0

    def begin(self, now: float) -> None:
        """The client is waited for."""
        self.since = now

    def end(self, now: float, moved: int) -> None:
        """The client has read or written so many bytes."""
        if self.since is not None:
            self.waited += now - self.since
            self.moved += moved
            self.since = None


@dataclass(slots=True, kw_only=True)
class Progress:
    """A request under way: what was received (``up``) and sent (``down``) so far."""

    started: float
    received: int = 0
    sent: int = 0
    up: Lane = field(default_factory=Lane)
    down: Lane = field(default_factory=Lane)


def ending(progress: Progress, limits: GitLimits, now: float) -> Ending | None:
    """Why the request has to end now, or None."""
    if now - progress.started > limits.seconds:
        return Ending.LATE
    for lane in (progress.up, progress.down):
        waiting = 0.0 if lane.since is None else now - lane.since
        if waiting > limits.idle_seconds:
            return Ending.IDLE
        waited = lane.waited + waiting
        if waited > limits.slow_seconds and lane.moved < limits.bytes_per_second * waited:
            return Ending.SLOW
    return None
