"""When what failed is tried again. Pure: times are those of one clock that nobody sets, in seconds."""

from dataclasses import dataclass, field

from codehost.model.retrying import Backoff

BACKOFF = Backoff(first=1, factor=2, cap=3_600)
# What ends when it is in step tries nothing more often than this.
TRIES_AT_ONCE = 3


@dataclass(slots=True, kw_only=True)
class Patience:
    """What has failed since the start, how often, and from when on it is tried again."""

    _tries: dict[str, int] = field(default_factory=dict)
    _from: dict[str, float] = field(default_factory=dict)

    def fail(self, key: str, now: float) -> float:
        """It has failed; returns how many seconds to wait."""
        self._tries[key] = self._tries.get(key, 0) + 1
        seconds = BACKOFF.after(self._tries[key]) or BACKOFF.cap
        self._from[key] = now + seconds
        return seconds

    def forget(self, key: str) -> None:
        """It went well, or is another matter now."""
        self._tries.pop(key, None)
        self._from.pop(key, None)

    def is_due(self, key: str, now: float) -> bool:
        """Whether it may be tried."""
        return self._from.get(key, now) <= now

    def is_given_up(self, key: str) -> bool:
        """Whether it was tried as often as what ends in step tries anything."""
        return self._tries.get(key, 0) >= TRIES_AT_ONCE

    def until_next(self, now: float, longest: float) -> float:
        """How many seconds nothing is due for, at most ``longest``."""
        return min([longest, *(max(0.0, moment - now) for moment in self._from.values())])
