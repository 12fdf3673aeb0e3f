"""What a worker costs that has nothing to do, and how soon it begins when there is something.

``python -m benchmarks.idle [--hosts N ...] [--seconds S] [--rounds N] [--database sqlite|postgresql|both]`` starts real
workers that follow so many code hosts, all of whose releases are synced, and prints one table: CPU seconds per minute
while nothing is due; and the time from the commit of a document with one pin more to the first request that a mirror on
the loopback interface gets. The status is 1 when work begins later than after a second.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.daemons import Daemon, working
from benchmarks.keeper import Keeper
from benchmarks.loopback import Loopback, serving
from benchmarks.queue import DATABASES, fresh_postgresql
from benchmarks.sdists import Offered, small
from benchmarks.table import layout

_SOON = 1.0
_SETTLED = 5.0
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """One worker. ``cpu``: seconds per minute; ``begins``: seconds from the commit to the request, each round."""

    database: str
    hosts: int
    cpu: float
    begins: list[float]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    wanted = DATABASES if options.database == "both" else (options.database,)
    measured = [_measure(name, count, options) for name in wanted for count in options.hosts]
    rows: list[tuple[str, ...]] = [
        ("database", "code hosts", "CPU s per minute", "begins after s (median)", "(latest)")
    ]
    for one in measured:
        figures = (one.cpu, median(one.begins), max(one.begins))
        rows.append((one.database, str(one.hosts), *(f"{figure:.2f}" for figure in figures)))
    print(layout(rows))
    late = [one for one in measured if median(one.begins) > _SOON]
    for one in late:
        print(f"wrong: with {one.hosts} code hosts on {one.database} work begins later than after {_SOON:g} s")
    return int(bool(late))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--hosts", type=int, nargs="+", default=[1, 20], help="code hosts (%(default)s)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long nothing is done (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="how often work is given (%(default)s)")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    options = parser.parse_args(argv)
    if min(options.hosts) < 1 or options.rounds < 1 or options.seconds <= 0:
        parser.error("--hosts, --rounds and --seconds must be positive")
    return options


def _measure(name: str, hosts: int, options: argparse.Namespace) -> Idle:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codehost-benchmark-")))
        url = None if name == "sqlite" else stack.enter_context(fresh_postgresql())
        files = folder / "files"
        files.mkdir()
        offered = small(files, releases=hosts + options.rounds + 1, projects=hosts + options.rounds + 1)
        mirror = stack.enter_context(serving(files))
        keeper = Keeper(folder=folder, url=url, mirror=mirror)
        for number in range(hosts):
            asyncio.run(keeper.pin(number, [offered[number]]))
        worker = stack.enter_context(working(folder, url))
        worker.until(lambda: asyncio.run(keeper.completed()) == hosts, _START_SECONDS)
        cpu = _idle(worker, options.seconds)
        begins = [_begin(keeper, mirror, worker, offered[0], one) for one in offered[hosts : hosts + options.rounds]]
        return Idle(database=name, hosts=hosts, cpu=cpu, begins=begins)


def _idle(worker: Daemon, seconds: float) -> float:
    time.sleep(_SETTLED)
    before, start = worker.cpu(), time.perf_counter()
    time.sleep(seconds)
    return (worker.cpu() - before) / (time.perf_counter() - start) * 60


def _begin(keeper: Keeper, mirror: Loopback, worker: Daemon, first: Offered, more: Offered) -> float:
    before = mirror.requests().total
    asyncio.run(keeper.pin(0, [first, more]))
    start = time.perf_counter()
    worker.until(lambda: mirror.requests().total > before, _START_SECONDS)
    seconds = time.perf_counter() - start
    # What follows is not to meet the end of this.
    time.sleep(2 * _SOON)
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
