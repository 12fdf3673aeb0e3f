"""Whether what a worker does all day grows with the number of releases that are recorded.

``python -m benchmarks.queue [--sizes N ...] [--database sqlite|postgresql|both] [--pins N]`` fills databases with so
many releases each, times every step on them, and prints one table: medians in milliseconds for each size, and the
quotient of the largest and the smallest. PostgreSQL is started as the tests start it. The status is 1 when a step that
is to stay the same takes more than ``--most`` times as long on the largest as on the smallest.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import structlog

from benchmarks.filled import fill
from benchmarks.planned import Planned
from benchmarks.steps import Steps
from benchmarks.table import layout
from codehost.record.database import Database, open_database
from tests.conftest import Server, cluster

DATABASES = ("sqlite", "postgresql")
SIZES = (10_000, 100_000, 1_000_000)
# Less than this nobody feels, and a machine's noise is larger.
_UNFELT = 2.0
# Fewer have not enough queued jobs for all rounds.
_LEAST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A step on one database: milliseconds of all rounds, by size."""

    database: str
    step: str
    by_size: dict[int, list[float]]

    @property
    def growth(self) -> float:
        """The largest by the smallest, in medians."""
        return median(self.by_size[max(self.by_size)]) / median(self.by_size[min(self.by_size)])

    @property
    def least_growth(self) -> float:
        """The same of the quickest rounds: what else the machine does makes none of them quicker."""
        return min(self.by_size[max(self.by_size)]) / min(self.by_size[min(self.by_size)])


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = DATABASES if options.database == "both" else (options.database,)
    timed: list[Timed] = []
    for name in wanted:
        found: dict[str, dict[int, list[float]]] = {}
        for size in options.sizes:
            for step, rounds in asyncio.run(_measure(name, size, options.pins)):
                found.setdefault(step, {})[size] = rounds
        timed += [Timed(database=name, step=step, by_size=by_size) for step, by_size in found.items()]
    print(table(timed, options.sizes))
    grown = grows(timed, options.most)
    for one in grown:
        print(f"wrong: {one.step} on {one.database} takes {one.least_growth:.1f} times as long on the largest database")
    return int(bool(grown))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="releases (%(default)s)")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--pins", type=int, default=100_000, help="pins of the document (%(default)s)")
    parser.add_argument("--most", type=float, default=4.0, help="how much longer a step may take (%(default)s)")
    options = parser.parse_args(argv)
    if min(options.sizes) < _LEAST or options.pins < 2:
        parser.error(f"--sizes must be at least {_LEAST} and --pins at least 2")
    return options


def table(timed: Sequence[Timed], sizes: Sequence[int]) -> str:
    """A line for each step, with its medians in milliseconds."""
    rows: list[tuple[str, ...]] = [("step", "database", *(f"{size:,}" for size in sizes), "growth", "(least)")]
    for one in timed:
        figures = (*(median(one.by_size[size]) for size in sizes), one.growth, one.least_growth)
        rows.append((one.step, one.database, *(f"{figure:.2f}" for figure in figures)))
    return layout(rows)


def grows(timed: Sequence[Timed], most: float) -> list[Timed]:
    """The steps that take more than ``most`` times as long on the largest database, and so long that it is felt."""
    return [one for one in timed if one.least_growth > most and min(one.by_size[max(one.by_size)]) > _UNFELT]


async def _measure(name: str, size: int, pins: int) -> list[tuple[str, list[float]]]:
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        folder = Path(temporary)
        async with _opened(name, folder) as database:
            start = time.perf_counter()
            hosts = await fill(database, size)
            print(f"{name}: {size:,} releases in {time.perf_counter() - start:.0f} s", file=sys.stderr)
            steps = Steps(database=database, hosts=hosts, folder=folder, size=size)
            found = [(step, await _repeat(name, step, act, rounds)) for step, act, rounds in steps.all()]
            planned = Planned(database=database, folder=folder, pins=pins)
            return found + await planned.measure()


async def _repeat(name: str, step: str, act: Callable[[], Awaitable[float]], rounds: int) -> list[float]:
    """The milliseconds of several rounds; the first one warms up and does not count."""
    await act()
    found = [await act() * 1_000 for _ in range(rounds)]
    told = f"{name}: {step}: {median(found):.2f} ms, at least {min(found):.2f} ms"
    print(told, file=sys.stderr, flush=True)
    return found


@asynccontextmanager
async def _opened(name: str, folder: Path) -> AsyncIterator[Database]:
    with ExitStack() as stack:
        url = None if name == "sqlite" else stack.enter_context(fresh_postgresql())
        async with open_database(url, folder, migrate=True) as database:
            yield database


@contextmanager
def fresh_postgresql() -> Iterator[str]:
    """The URL of an empty database on a server of its own."""
    with cluster() as server:
        yield _made(server)


def _made(server: Server) -> str:
    name = f"benchmark_{uuid4().hex}"
    server.run("createdb", name)
    return server.url(name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
