"""The least rate of an answer: how slowly its bytes may come before it is given up. Pure.

A deadline long enough for the largest file, and a bound on silence, still leave one byte every few seconds: a place
for a connection would be held for hours. So every window of waiting must bring some bytes. Only time that is spent
waiting for the mirror counts; while our own disk is slow, nothing is waited for.
"""

from collections import deque
from dataclasses import dataclass

# The meter knows no finer than this when bytes came: a mirror may be given so much of a window too much.
_SLICES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastRate:
    """``least`` bytes, 1 or more, in every ``window`` seconds of waiting."""

    least: int
    window: float


class RateMeter:
    """Measures the body of one answer. The first window is granted whole."""

    def __init__(self, rate: LeastRate) -> None:
        self._rate = rate
        self._slice = rate.window / _SLICES
        self._waited = 0.0
        # What came in which slice of the waiting time, no further back than a full measure needs. The first entry
        # stands for all that came before the wait began.
        self._came = deque([(-1, rate.least)])
        self._sum = rate.least

    def took(self, waited: float, count: int) -> None:
        """Note that ``count`` bytes came after another ``waited`` seconds."""
        self._waited += waited
        self._sum += count
        now = int(self._waited / self._slice)
        if self._came[-1][0] == now:
            count += self._came.pop()[1]
        self._came.append((now, count))
        while self._sum - self._came[0][1] >= self._rate.least:
            self._sum -= self._came.popleft()[1]

    @property
    def patience(self) -> float:
        """How many seconds the next byte may take: until a window holds too little. 0 when that is so already."""
        oldest_ends = (self._came[0][0] + 1) * self._slice
        return max(0.0, oldest_ends + self._rate.window - self._waited)

    @property
    def brought(self) -> int:
        """The bytes of the window that holds too little, once the patience is over."""
        return self._sum - self._came[0][1]
