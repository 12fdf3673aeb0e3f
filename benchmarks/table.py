"""Measurements to one table. No input, no output."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One way over one slice of the corpus in one round. ``seconds`` of wall time, ``cpu`` seconds user and system."""

    way: str
    round: int
    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A quotient of two ways: of the sums over all rounds, and the median of the rounds' own quotients."""

    sums: float
    median: float


Figure = Callable[[Measurement], float]


def wall(measurement: Measurement) -> float:
    """Wall seconds."""
    return measurement.seconds


def cpu(measurement: Measurement) -> float:
    """CPU seconds."""
    return measurement.cpu


def total(measurements: Iterable[Measurement], way: str, figure: Figure) -> float:
    """The sum of a figure over all rounds of a way."""
    return sum(figure(one) for one in measurements if one.way == way)


def ratio(measurements: Sequence[Measurement], over: str, under: str, figure: Figure) -> Ratio:
    """``over`` divided by ``under``; both must have been measured in the same rounds."""
    above = {one.round: figure(one) for one in measurements if one.way == over}
    below = {one.round: figure(one) for one in measurements if one.way == under}
    return Ratio(
        sums=_quotient(sum(above.values()), sum(below.values())),
        median=median(_quotient(above[number], below[number]) for number in sorted(above)),
    )


def _quotient(above: float, below: float) -> float:
    return above / below if below else float("inf")


def table(measurements: Sequence[Measurement], *, ways: Sequence[str], one: str, two: str, floor: str) -> str:
    """The table in Markdown, a line for each way.

    Args:
        measurements: every way once in every round.
        ways: the names in the order wanted.
        one: the way that the first pair of ratios divides by.
        two: the way that the second pair divides by.
        floor: the way whose CPU seconds the last pair divides by.
    """
    head = ["way", "seconds", "CPU s", f"/ {one}", "(median)", f"/ {two}", "(median)", "CPU / floor", "(median)"]
    rows = [head]
    for way in ways:
        cells = [way, f"{total(measurements, way, wall):.2f}", f"{total(measurements, way, cpu):.2f}"]
        for quotient in (
            ratio(measurements, way, one, wall),
            ratio(measurements, way, two, wall),
            ratio(measurements, way, floor, cpu),
        ):
            cells += [f"{quotient.sums:.2f}", f"{quotient.median:.2f}"]
        rows.append(cells)
    return layout(rows)


def layout(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as a Markdown table; the first row is the head, the first column flush left, the others right."""
    widths = [max(3, *(len(row[column]) for row in rows)) for column in range(len(rows[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (rows[0], rule, *rows[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cells[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]
    return f"| {' | '.join(padded)} |"
