"""Time as it passes: for durations that must hold although somebody sets the clock or the machine sleeps."""

import time

# Linux has a clock that goes on while the machine sleeps; the monotonic one stands still meanwhile.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def elapsed() -> float:
    """Seconds on a clock that is never set and, where there is one, goes on while the machine sleeps."""
    return time.clock_gettime(_CLOCK)
