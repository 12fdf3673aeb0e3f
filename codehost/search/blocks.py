"""The lines that are found in a file laid out for people: hits among their lines of context. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from codehost.model.searching import LineHit


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """A line of a file; ``hit`` None: it is there for its neighbours only."""

    number: int
    text: str
    hit: LineHit | None


def blocks(hits: Iterable[LineHit]) -> Iterator[tuple[ShownLine, ...]]:
    """Hits and context in the file's order, each line once; the lines of a block follow each other in the file."""
    lines = _lines(hits)
    numbers = sorted(lines)
    begins = [at for at, (one, other) in enumerate(pairwise(numbers), 1) if other != one + 1]
    for start, end in pairwise([0, *begins, len(numbers)]):
        if start < end:
            yield tuple(lines[number] for number in numbers[start:end])


def _lines(hits: Iterable[LineHit]) -> dict[int, ShownLine]:
    lines: dict[int, ShownLine] = {}
    for hit in hits:
        before = enumerate(hit.before, hit.number - len(hit.before))
        for number, text in (*before, *enumerate(hit.after, hit.number + 1)):
            lines.setdefault(number, ShownLine(number=number, text=text, hit=None))
        # A hit is never told as the context of another.
        lines[hit.number] = ShownLine(number=hit.number, text=hit.text, hit=hit)
    return lines
