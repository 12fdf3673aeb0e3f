"""Whether a worker's memory stays the same over thousands of releases.

``python -m benchmarks.memory [--releases N] [--projects N] [--marks N ...]`` starts a real worker on a configuration of
so many small sdists, served on the loopback interface, and prints one table: resident memory of its main process and of
its largest child whenever so many releases are synced. The status is 1 when the main process grows by more than
``--most`` MB between the second mark and the last, or a release is missing.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.daemons import Daemon, working
from benchmarks.loopback import serving
from benchmarks.sdists import small
from benchmarks.table import layout

_PATIENCE = 120.0
_MARKS = (1_000, 2_500, 5_000, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Resident bytes when so many releases were synced after so many seconds."""

    synced: int
    seconds: float
    main: int
    child: int


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        folder = Path(temporary)
        files = folder / "files"
        files.mkdir()
        offered = small(files, releases=options.releases, projects=options.projects)
        with serving(files) as mirror:
            document = {
                "urls": [mirror.url],
                "dependencies": [f"{release.project}=={release.version}" for release in offered],
                "rateLimit": {"enabled": False},
            }
            config = folder / "benchmark.json"
            config.write_text(json.dumps(document))
            marks = [*(mark for mark in options.marks if mark < len(offered)), len(offered)]
            with working(folder, None, "--config", str(config), "--watch-every", "0") as worker:
                measured = [_reach(worker, folder / "data" / "codehost.db", mark) for mark in marks]
    print(table(measured))
    grown = growth(measured)
    if grown > options.most:
        print(f"wrong: the main process grew by {grown:.1f} MB")
    return int(grown > options.most)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--releases", type=int, default=10_000, help="small sdists to sync (%(default)s)")
    parser.add_argument("--projects", type=int, default=1_000, help="projects that they belong to (%(default)s)")
    parser.add_argument("--marks", type=int, nargs="+", default=list(_MARKS), help="when to look (%(default)s)")
    parser.add_argument("--most", type=float, default=10.0, help="MB that the main process may grow (%(default)s)")
    options = parser.parse_args(argv)
    if not 1 <= options.projects <= options.releases or sorted(options.marks) != options.marks:
        parser.error("--projects must be at least 1 and at most --releases, and --marks must ascend")
    return options


def table(measured: Sequence[Mark]) -> str:
    """A line for each mark."""
    rows: list[tuple[str, ...]] = [("synced", "seconds", "main process, MB (RSS)", "largest child, MB (RSS)")]
    for mark in measured:
        sizes = (f"{size / 1e6:.1f}" for size in (mark.main, mark.child))
        rows.append((f"{mark.synced:,}", f"{mark.seconds:.0f}", *sizes))
    return layout(rows)


def growth(measured: Sequence[Mark]) -> float:
    """MB that the main process grew by from the second mark to the last: the first one sees it warm up."""
    from_ = measured[min(1, len(measured) - 1)]
    return (measured[-1].main - from_.main) / 1e6


def _reach(worker: Daemon, file: Path, mark: int) -> Mark:
    began = time.perf_counter()
    newest = (0, began)

    def reached() -> bool:
        nonlocal newest
        synced = _synced(file)
        if synced > newest[0]:
            newest = synced, time.perf_counter()
        if time.perf_counter() - newest[1] > _PATIENCE:
            raise RuntimeError(f"stuck at {newest[0]} releases: {worker.errors.read_text()[-2_000:]}")
        return synced >= mark

    seconds = worker.until(reached, float("inf"))
    own, child = worker.memory()
    found = Mark(synced=mark, seconds=seconds, main=own, child=child)
    print(f"{mark:,} after {seconds:.0f} s more: {own / 1e6:.1f} MB, {child / 1e6:.1f} MB", file=sys.stderr, flush=True)
    return found


def _synced(file: Path) -> int:
    if not file.exists():
        return 0
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        query = "SELECT sum(number) FROM tallies WHERE kind = 'completed'"
        return int(connection.execute(query).fetchone()[0] or 0)
    except sqlite3.OperationalError:  # the tables are being made
        return 0
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
