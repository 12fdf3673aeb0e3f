"""How long a sync takes that finds nothing to do: the whole program on a database in which every pin is synced.

``python -m benchmarks.replan [--pins N] [--runs N] [--profile]`` records the pins as synced, runs ``codehost sync`` on
them with a mirror that refuses every connection, and prints one table; then it changes one pin, adds one and removes
one, and prints what is planned. The status is 1 when a request was sent or the plan is another one.
"""

import argparse
import asyncio
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.loopback import HOST, ROOT
from benchmarks.ours import cpu_seconds
from benchmarks.profiles import command_line, functions, imports
from benchmarks.recorded import record_as_synced
from benchmarks.table import layout

NAME = "benchmark"
_VERSIONS_EACH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A configuration file and its data directory."""

    config: Path
    data: Path

    def arguments(self, *options: str) -> list[str]:
        """The program's arguments for a sync."""
        return ["sync", str(self.config), "--data-dir", str(self.data), *options]

    def run(self, *options: str) -> "Run":
        """Sync in a process of its own, and time it from its start to its end."""
        cpu, start = cpu_seconds(), time.perf_counter()
        done = subprocess.run(
            command_line(*self.arguments(*options)), cwd=ROOT, check=False, capture_output=True, text=True
        )
        return Run(seconds=time.perf_counter() - start, cpu=cpu_seconds() - cpu, done=done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One sync: wall seconds, CPU seconds (user and system), and what it printed."""

    seconds: float
    cpu: float
    done: subprocess.CompletedProcess[str]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its tables."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary, _closed_port() as port:
        root = Path(temporary)
        site = Site(config=root / f"{NAME}.json", data=root / "data")
        pins = make_pins(options.pins)
        print(f"recording {len(pins)} pins as synced ...", file=sys.stderr)
        document = {"urls": [f"http://{HOST}:{port}/simple"], "dependencies": pins}
        _write(site, document)
        asyncio.run(record_as_synced(NAME, site.config.read_bytes(), site.data))
        unchanged = _unchanged(site, len(pins), options.runs)
        if options.profile:
            print(functions(site.arguments(), root))
            print(imports(site.arguments()))
        return max(unchanged, _changed(site, document, pins))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replan", description=__doc__)
    parser.add_argument("--pins", type=int, default=100_000, help="pins to record (%(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="how often to sync them (%(default)s)")
    parser.add_argument("--profile", action="store_true", help="show where the time goes (cProfile, -X importtime)")
    options = parser.parse_args(argv)
    if options.pins < 2 or options.runs < 1:
        parser.error("--pins must be at least 2 and --runs at least 1")
    return options


def make_pins(count: int) -> list[str]:
    """Pins of projects with up to ten versions each, the same for the same count."""
    rng = random.Random(count)
    pins: dict[str, None] = {}
    while len(pins) < count:
        project = f"sample-project-{len(pins) // _VERSIONS_EACH:06d}"
        suffix = rng.choice(("", "", "", "", "", "", "", "", ".post1", "rc2"))
        pins[f"{project}=={rng.randrange(8)}.{rng.randrange(40)}.{rng.randrange(1, 20)}{suffix}"] = None
    return list(pins)


@contextmanager
def _closed_port() -> Iterator[int]:
    """A port that refuses every connection: taken, but not listened to."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        yield port


def _write(site: Site, document: dict[str, Any]) -> None:
    site.config.write_text(json.dumps(document, indent=2))


def _summary(run: Run) -> dict[str, Any]:
    """The summary object that a sync printed."""
    if not run.done.stdout:
        raise RuntimeError(f"the sync ended with status {run.done.returncode}: {run.done.stderr[-2_000:]}")
    summary: dict[str, Any] = json.loads(run.done.stdout)
    return summary


def _unchanged(site: Site, pins: int, runs: int) -> int:
    summary = _summary(site.run("--json"))
    sent = summary["requests"]["sent"]
    timed = [site.run() for _ in range(runs)]
    seconds, cpu = [run.seconds for run in timed], [run.cpu for run in timed]
    rows = [
        ("pins", "runs", "seconds (least)", "(median)", "CPU s (least)", "(median)", "requests"),
        (
            f"{pins:,}",
            str(runs),
            *(f"{figure:.2f}" for figure in (min(seconds), median(seconds), min(cpu), median(cpu))),
            str(sent),
        ),
    ]
    print(layout(rows))
    well = [run.done.returncode for run in timed] == [0] * runs
    return _told(well and sent == 0 and summary["counts"]["unchanged"] == pins)


def _changed(site: Site, document: dict[str, Any], pins: list[str]) -> int:
    """One pin changed, one added, one removed. A paused code host plans and sends nothing."""
    edited = [f"{pins[0]}+changed", *pins[1:-1], "another-project==1.0"]
    _write(site, document | {"dependencies": edited, "rateLimit": {"requestsPerHour": 0}})
    run = site.run()
    # A second one finds the same: what was planned still waits.
    summary = _summary(site.run("--json"))
    counts = summary["counts"]
    rows = [
        ("one pin changed, one added, one removed", "value"),
        ("seconds", f"{run.seconds:.2f}"),
        ("unchanged", f"{counts['unchanged']:,}"),
        ("to sync", str(counts["unfinished"])),
        ("retired", str(counts["retired"])),
        ("requests", str(summary["requests"]["sent"])),
    ]
    print(layout(rows))
    planned = (counts["unchanged"], counts["unfinished"], counts["retired"], summary["requests"]["sent"])
    return _told(planned == (len(pins) - 2, 2, 2, 0))


def _told(well: bool) -> int:  # noqa: FBT001 - the one thing to tell
    if not well:
        print("wrong: this is not what a sync of these pins should do")
    return int(not well)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
