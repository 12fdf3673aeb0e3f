"""The arithmetic of the hourly budget: when may how many requests go. All times are microseconds.

A *grant* is a number of tokens (one per request) handed to one worker at ``granted_at``. It may be used for
``USABLE`` and no longer. So every request of a grant is sent in ``[granted_at, granted_at + USABLE]``, and a grant
that counts as spent until ``granted_at + USABLE + WINDOW`` has left every window that a later request falls into. It
counts for ``MARGIN`` longer, because clocks are compared that do not run alike.
As long as the counted tokens never exceed the cap, no window of ``WINDOW`` holds more requests than the cap. The tokens
of a worker that died are counted like all others: nobody knows how many of them it had used. A batch is small, so that
each death costs at most 1/600 of the cap (one request for a cap below that).

*The present* is the database's clock less what the ledger keeps as ``behind``. Workers' wall clocks are never asked.
What is promised when the database's clock is set:

- Set back: the present does not go back. It goes on from where the ledger last was; the few seconds from then until the
  clock was set are lost, so that a little less is granted, never more.
- Set forward: a worker that asked before and asks again is a witness: it knows how long it has waited at most, so the
  present goes on from there. Its own clock only ever holds the present back.
- Set forward while no worker lives, or before any living one asks again: nobody can know. Once per such step, what was
  granted before it may be forgotten too early, so that up to the cap more is granted.
- Slewed (at most 1 second in 2,000, as time services do it): within ``MARGIN``.
"""

from dataclasses import dataclass

SECOND = 1_000_000
WINDOW = 3_600 * SECOND
USABLE = 10 * SECOND
# In a window two clocks that keep time drift 1.8 seconds apart at most; and each time that the database's clock is set
# forward, a witness that looks every minute concedes some hundredths of a second.
MARGIN = 5 * SECOND
COUNTED = USABLE + WINDOW + MARGIN
# A request is counted before its connection is made. It may leave so much later and no more; so what is handed out up
# to USABLE - DEPARTURE after the grant is used within USABLE.
DEPARTURE = 5 * SECOND
# The coarsest database clock ticks in milliseconds: sooner than one tick later there is nothing new to see.
TICK = SECOND // 1_000

# While nothing is granted, the ledger keeps the present so often.
KEPT_EVERY = 10 * SECOND

# What a clock may gain on a witness before it counts as set: a twentieth of a percent, and some ticks.
_SLEW = 2_000
_ROUNDING = 10 * TICK

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one worker remembers of its last question: the present that it was told, and when it began to ask.

    ``asked_at`` is on the worker's own clock, one that is never set and goes on while the machine sleeps.
    """

    present: int
    asked_at: int

    def latest(self, answered_at: int) -> int:
        """The latest present that is possible at ``answered_at`` on the worker's own clock."""
        waited = answered_at - self.asked_at
        return self.present + waited + waited // _SLEW + _ROUNDING


def batch_size(cap: int) -> int:
    """How many tokens to ask for at once: few enough to be used within ``USABLE``, at least 1."""
    return max(1, min(cap // _GRANTS_PER_HOUR, _MAX_BATCH))


def moment(clock: int, behind: int, newest: int | None, latest: int | None = None) -> int:
    """The present, from a clock that may have been set.

    Args:
        clock: the database's.
        behind: how far the present lay behind that clock when it was last found out; negative after a clock was set
            back.
        newest: the newest grant, or a later present that was kept: the present is not before it.
        latest: the present is not after this, as a witness knows, unless ``newest`` is later.
    """
    now = clock - behind
    if latest is not None:
        now = min(now, latest)
    return now if newest is None else max(now, newest)


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
