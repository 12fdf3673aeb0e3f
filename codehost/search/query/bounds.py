"""How much is told of one document, and how long its matches are looked at."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

# Of a part of a text: its first byte, and the one behind its last.
Piece = tuple[int, int]

# After so many matches, the time is looked at. One may cost milliseconds, when a whole long line has to be read for it.
_LOOK = 64


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is left out beyond these is said: ``FileHits.more``.

    Attributes:
        context: so many lines before and after each hit.
        lines: at most so many hits; None: no bound.
        memory_bytes: no further hit is told once they take about so much; None: no bound.
        matches: at most so many matches are looked at, of which thousands may stand on one line.
        is_over: asked now and then: whether the time is over, so that what was found until then is all.
    """

    context: int = 0
    lines: int | None = None
    memory_bytes: int | None = None
    matches: int = 100_000
    is_over: Callable[[], bool] = _never


UNBOUND = Bounds()


class Looking:
    """The matches of all parts of a query in one document, until a bound is met; then ``stopped``."""

    __slots__ = ("_bounds", "_count", "stopped")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._count = 0
        self.stopped = False

    def at(self, matches: Iterable[Piece]) -> Iterator[Piece]:
        """Those of one part."""
        for match in matches:
            if self.stopped or self._met():
                return
            self._count += 1
            yield match

    def _met(self) -> bool:
        over = self._count > 0 and self._count % _LOOK == 0 and self._bounds.is_over()
        self.stopped = over or self._count >= self._bounds.matches
        return self.stopped
