"""Circuit breakers: when a mirror that fails is left alone, for how long, and who asks it again first. Pure.

A mirror that fails again and again is not asked for a while (its circuit is open). When the while is over, one request
may go, the probe; what comes of it decides: an answer closes the circuit, a failure opens it for twice as long. What
counts is whether the mirror answers as it should, so 404 is an answer like any other.

Of a mirror that is left alone nothing is known. So whatever needs it waits: no other mirror is asked in its place.

All times are integer microseconds on the database's clock.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from codehost.model.errors import Failure, Reason
from codehost.model.texts import printable
from codehost.model.workers import Circuit

SECOND = 1_000_000
FIRST_REST = 30 * SECOND
LONGEST_REST = 1_800 * SECOND
# Projects that may be seen wait behind probes for those that may not.
LONGEST_REST_AFTER_AUTH = 300 * SECOND
# A server may ask for more patience than we would have by ourselves, but not for days.
LONGEST_ASKED = 86_400 * SECOND
# Whoever probes has so long before another one may: it may have died.
PROBE = 20 * SECOND
# So much of a rest is left to chance, so that mirrors that failed together are not asked together again.
_JITTER = 0.2
_MOST_DOUBLINGS = 10
_SHOWN = 500

# How many failures in a row open a circuit. Throttling is the mirror's own word. What one project may not see says
# nothing of the others, so failures of log-in count once for each project.
THRESHOLDS = {Reason.NETWORK: 5, Reason.SERVER_ERROR: 5, Reason.THROTTLED: 1, Reason.AUTH: 3}


class Standing(Enum):
    """How a mirror may be asked: ``OPEN``: not at all; ``DUE``: by one request that claims to be the probe."""

    CLOSED = auto()
    OPEN = auto()
    DUE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """A request to a mirror that failed. ``project`` is what was asked for; ``retry_after`` is in seconds."""

    reason: Reason
    message: str
    project: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Leave to send one request to the mirror at ``url``. ``probe``: its outcome decides on an open circuit."""

    url: str
    probe: bool = False


def counts(reason: Reason) -> bool:
    """Whether a failure of this kind is the mirror's, and not that of one release."""
    return reason in THRESHOLDS


def standing(circuit: Circuit | None, now: int) -> Standing:
    """How the mirror may be asked."""
    if circuit is None or circuit.open_until is None:
        return Standing.CLOSED
    return Standing.OPEN if now < circuit.open_until else Standing.DUE


def after_setback(url: str, circuit: Circuit | None, setback: Setback, now: int, jitter: float) -> Circuit:
    """What a failure makes of the mirror's circuit.

    Args:
        url: the mirror's.
        circuit: as it was; None without failures.
        setback: what happened. Of an open circuit, it must be the probe's.
        now: the present.
        jitter: a random number from 0 to 1.
    """
    failures = 1 if circuit is None else circuit.failures + 1
    threshold = THRESHOLDS[setback.reason]
    reopened = circuit is not None and circuit.open_until is not None
    return Circuit(
        url=url,
        failures=failures,
        since=now if circuit is None else circuit.since,
        open_until=now + _rest(failures, setback, jitter) if reopened or failures >= threshold else None,
        reason=setback.reason.value,
        message=printable(setback.message, _SHOWN),
    )


def probed(circuit: Circuit, now: int) -> Circuit:
    """The circuit while one request probes the mirror."""
    return replace(circuit, open_until=now + PROBE)


def unprobed(circuit: Circuit, now: int) -> Circuit:
    """The circuit after a probe that brought no news: the next request may be one."""
    return replace(circuit, open_until=now)


def refusal(circuit: Circuit, now: int) -> Failure:
    """Why a request is not sent: the failure of the circuit, which says nothing of what was asked for."""
    until = circuit.open_until or now
    seconds = max(until - now, 0) / SECOND
    times = "failure" if circuit.failures == 1 else f"{circuit.failures} failures in a row"
    what = (
        f"the mirror {circuit.url} is left alone for {seconds:.0f} more seconds after {times}; the last: "
        f"{circuit.message}"
    )
    return Failure(Reason(circuit.reason), what, mirror=circuit.url, retry_after=seconds, unasked=True)


def _rest(failures: int, setback: Setback, jitter: float) -> int:
    doublings = min(max(failures - THRESHOLDS[setback.reason], 0), _MOST_DOUBLINGS)
    longest = LONGEST_REST_AFTER_AUTH if setback.reason is Reason.AUTH else LONGEST_REST
    rest = min(FIRST_REST << doublings, longest)
    rest += round(rest * _JITTER * jitter)
    asked = round((setback.retry_after or 0) * SECOND)
    # RFC 9110, 10.2.3: the server says how long it wants to be left alone.
    return max(rest, min(asked, LONGEST_ASKED))
