"""When a failed job is tried again. Pure: a decision that the worker obeys.

Requests are repeated within one attempt (``codehost.net.retries``); this is about the attempts, and about hours.
"""

from dataclasses import dataclass
from typing import Protocol

from codehost.model.errors import Failure, Reason

_SECOND = 1.0
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR

# Nobody means more than a day, and nobody may make a job wait for ever.
LONGEST_WORD = _DAY
# How much later than decided a job may come, at most: those that failed together shall not come back together.
SPREAD = 0.25

# A mirror that always asks to come back soon would otherwise keep a sync from ever ending.
_ATTEMPTS_IN_ONE_RUN = 3
# Far beyond every cap, and small enough for a float.
_MOST_DOUBLINGS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """``first`` seconds after the first attempt, ``factor`` times as long after each further one, at most ``cap``.

    After ``most_tries`` attempts only a plan or a person tries again; None: never given up.
    """

    first: float
    factor: float
    cap: float
    most_tries: int | None = None

    def after(self, attempt: int) -> float | None:
        """Seconds to wait after so many attempts (at least 1); None: no more."""
        if self.most_tries is not None and attempt >= self.most_tries:
            return None
        return min(self.cap, self.first * self.factor ** min(attempt - 1, _MOST_DOUBLINGS))


# What a publisher or a mirror's owner may add any day is looked for at long intervals and for ever.
_MAY_COME = Backoff(first=6 * _HOUR, factor=2, cap=7 * _DAY)

BACKOFFS: dict[Reason, Backoff] = {
    Reason.NOT_FOUND: _MAY_COME,
    Reason.VERSION_NOT_FOUND: _MAY_COME,
    Reason.NO_USABLE_FILE: _MAY_COME,
    Reason.FILE_NOT_FOUND: Backoff(first=1 * _HOUR, factor=2, cap=1 * _DAY),
    Reason.HASH_MISMATCH: Backoff(first=1 * _HOUR, factor=2, cap=1 * _DAY),
    Reason.NETWORK: Backoff(first=1 * _MINUTE, factor=2, cap=4 * _HOUR),
    Reason.SERVER_ERROR: Backoff(first=2 * _MINUTE, factor=2, cap=4 * _HOUR),
    Reason.THROTTLED: Backoff(first=1 * _MINUTE, factor=2, cap=1 * _HOUR),
    Reason.AUTH: Backoff(first=10 * _MINUTE, factor=2, cap=2 * _HOUR),
    Reason.BAD_PAGE: Backoff(first=10 * _MINUTE, factor=2, cap=6 * _HOUR),
    # A release that cannot be written although the disk can be: its path may be too long, or it too large.
    Reason.STORAGE: Backoff(first=1 * _MINUTE, factor=2, cap=4 * _HOUR),
    # A defect that six attempts meet is there for the seventh.
    Reason.INTERNAL: Backoff(first=5 * _MINUTE, factor=4, cap=1 * _DAY, most_tries=6),
}

# After how long a disk that could not be written is tried again: whoever has made room waits no longer than this.
HALTS = Backoff(first=10 * _SECOND, factor=2, cap=1 * _MINUTE)


class RetryPolicy(Protocol):
    """Decides how many seconds a job waits after a failed attempt; None: until a plan or a person queues it again."""

    def __call__(self, failure: Failure, attempt: int, jitter: float) -> float | None:
        """``attempt`` is the one that failed, counted from 1; ``jitter`` is a random number from 0 to 1."""
        ...


def in_one_run(failure: Failure, attempt: int, jitter: float) -> float | None:  # noqa: ARG001 - RetryPolicy's form
    """For a sync that ends: only what a server asks to come back for, a few times. The next plan tries the rest."""
    return failure.retry_after if attempt < _ATTEMPTS_IN_ONE_RUN else None


def for_months(failure: Failure, attempt: int, jitter: float) -> float | None:
    """For a worker that stays: by the failure's reason, and at the server's word where there is one."""
    backoff = BACKOFFS.get(failure.reason)
    delay = None if backoff is None else backoff.after(attempt)
    if delay is None:
        return None
    if failure.retry_after is not None:
        # RFC 9110, 10.2.3: the server says how long to wait. One that always says "at once" is believed once.
        word = min(max(_SECOND, failure.retry_after), LONGEST_WORD)
        delay = word if attempt == 1 else max(word, delay)
    return delay * (1 + SPREAD * jitter)
