"""The arithmetic of the hourly budget: when may how many requests go. All times are microseconds.

A *grant* is a number of tokens (one per request) handed to one worker at ``granted_at``. It may be used for
``USABLE`` and no longer. So every request of a grant is sent in ``[granted_at, granted_at + USABLE]``, and a grant
that counts as spent until ``granted_at + USABLE + WINDOW`` has left every window that a later request falls into.
As long as the counted tokens never exceed the cap, no window of ``WINDOW`` holds more requests than the cap.
"""

from dataclasses import dataclass

SECOND = 1_000_000
WINDOW = 3_600 * SECOND
USABLE = 10 * SECOND
COUNTED = USABLE + WINDOW
# A request is counted before its connection is made. It may leave so much later and no more; so what is handed out up
# to USABLE - DEPARTURE after the grant is used within USABLE.
DEPARTURE = 5 * SECOND
# The coarsest database clock ticks in milliseconds: sooner than one tick later there is nothing new to see.
TICK = SECOND // 1_000

_GRANTS_PER_HOUR = 600
_MAX_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What counts at a moment: the tokens of all counted grants, and when the oldest of these was granted."""

    tokens: int
    oldest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """The answer to a request for tokens.

    ``left`` is what the window still allows beyond this grant. With no ``tokens``, ``leaves_at`` is the moment on the
    database's clock from which asking again can help.
    """

    tokens: int
    left: int
    leaves_at: int | None = None


def batch_size(cap: int) -> int:
    """How many tokens to ask for at once: few enough to be used within ``USABLE``, at least 1."""
    return max(1, min(cap // _GRANTS_PER_HOUR, _MAX_BATCH))


def moment(clock: int, newest: int | None) -> int:
    """The present: the database's clock, but never before the newest grant (clocks are set back at times)."""
    return clock if newest is None else max(clock, newest)


def counted_from(now: int) -> int:
    """Grants made at or after this moment still count at ``now``; older ones can be forgotten."""
    return now - COUNTED


def allot(cap: int, spent: Spent) -> Allotment:
    """Grant a batch, or what is left of one, or nothing until the oldest counted grant leaves the window."""
    room = cap - spent.tokens
    if room > 0 or spent.oldest is None:
        tokens = min(room, batch_size(cap))
        return Allotment(tokens=tokens, left=room - tokens)
    return Allotment(tokens=0, left=0, leaves_at=spent.oldest + COUNTED + TICK)
