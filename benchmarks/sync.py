"""How fast a whole sync is, and how much memory it takes: the real program against a mirror on the loopback interface.

``python -m benchmarks.sync [--releases N] [--projects N] [--large [MB]] [--html] [--profile]`` generates sdists, serves
them, syncs them into a fresh data directory without a rate limit, and prints one table. ``--large`` adds three sdists
of 300 MB unpacked, which are first in the queue and so in work at the same time. The status is 1 when a release is not
completed or the requests are not one for each project and one for each release.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.loopback import ROOT, Loopback, Requests, serving
from benchmarks.processes import Watched, read_stats, watch
from benchmarks.profiles import command_line, functions
from benchmarks.sdists import Offered, large, small
from benchmarks.table import layout
from codehost.housekeeping import published
from codehost.model.datadir import DataDirectory
from codehost.model.jobs import JobState
from codehost.record.database import open_database
from codehost.record.hosts import CodeHosts
from codehost.record.reports import Reports

NAME = "benchmark"
LARGE = 3
_MB = 10**6
_SHOWN_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one sync did. ``mirror_cpu``: seconds that the mirror's process took, which shares the machine."""

    watched: Watched
    requests: Requests
    mirror_cpu: float
    completed: int
    repositories: int


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        root = Path(temporary)
        files = root / "files"
        files.mkdir()
        print("generating the sdists ...", file=sys.stderr)
        offered = large(files, count=LARGE, size=options.large * _MB) if options.large else []
        offered += small(files, releases=options.releases, projects=options.projects)
        _describe(files, offered, options)
        with serving(files, html=options.html) as mirror:
            outcome = _sync(root, mirror, offered)
            print(table(outcome, len(offered)))
            if options.profile:
                data = root / "profiled"
                print(functions(["sync", str(root / f"{NAME}.json"), "--data-dir", str(data)], root, order="tottime"))
    return judge(outcome, offered)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sync", description=__doc__)
    parser.add_argument("--releases", type=int, default=1_000, help="small sdists to sync (%(default)s)")
    parser.add_argument("--projects", type=int, default=100, help="projects that they belong to (%(default)s)")
    parser.add_argument("--large", type=int, nargs="?", const=300, metavar="MB", help="add large sdists (%(const)s)")
    parser.add_argument("--html", action="store_true", help="project pages in HTML instead of JSON")
    parser.add_argument("--profile", action="store_true", help="sync once more under cProfile (main thread)")
    options = parser.parse_args(argv)
    if not 1 <= options.projects <= options.releases:
        parser.error("--projects must be at least 1 and at most --releases")
    return options


def _describe(files: Path, offered: Sequence[Offered], options: argparse.Namespace) -> None:
    packed = sum((files / release.filename).stat().st_size for release in offered)
    huge = f", {LARGE} of them about {options.large} MB unpacked" if options.large else ""
    print(
        f"machine: {os.cpu_count()} cores, {platform.machine()}, {platform.python_implementation()} "
        f"{platform.python_version()}; SQLite; {len(offered)} sdists{huge}, {packed:,} bytes; "
        f"{'HTML' if options.html else 'JSON'} pages"
    )


def _sync(root: Path, mirror: Loopback, offered: Sequence[Offered]) -> Outcome:
    document = {
        "urls": [mirror.url],
        "dependencies": [f"{release.project}=={release.version}" for release in offered],
        "rateLimit": {"enabled": False},
    }
    config, data = root / f"{NAME}.json", root / "data"
    config.write_text(json.dumps(document, indent=2))
    before = read_stats()[mirror.pid].cpu
    watched = watch(command_line("sync", str(config), "--data-dir", str(data)), ROOT, outputs=root)
    return Outcome(
        watched=watched,
        requests=mirror.requests(),
        mirror_cpu=read_stats()[mirror.pid].cpu - before,
        completed=asyncio.run(_completed(data)),
        repositories=sum(1 for _ in published(DataDirectory(data))),
    )


async def _completed(data: Path) -> int:
    async with open_database(None, data) as database:
        host = await CodeHosts(database).find(NAME)
        return 0 if host is None else (await Reports(database).counts(host.code_host_id))[JobState.COMPLETED]


def table(outcome: Outcome, releases: int) -> str:
    """The figures in Markdown, a line for each."""
    watched, requests = outcome.watched, outcome.requests
    rows = [
        ("figure", "value"),
        ("releases", f"{releases:,}"),
        ("seconds", f"{watched.seconds:.2f}"),
        ("releases per second", f"{releases / watched.seconds:.1f}"),
        ("requests (counted by the mirror)", f"{requests.total:,}"),
        ("... project pages", f"{requests.pages:,}"),
        ("... distribution files", f"{requests.files:,}"),
        ("peak memory, main process (RSS), MB", _megabytes(watched.main_peak)),
        ("peak memory, largest child (RSS), MB", _megabytes(watched.child_peak)),
        ("peak memory, all processes together (PSS), MB", _megabytes(watched.together_peak)),
        ("CPU seconds, main process", f"{watched.main_cpu:.2f}"),
        ("CPU seconds, children", f"{watched.children_cpu:.2f}"),
        ("CPU seconds, mirror (not part of the sync)", f"{outcome.mirror_cpu:.2f}"),
    ]
    return layout(rows)


def _megabytes(size: int) -> str:
    return f"{size / _MB:.1f}"


def judge(outcome: Outcome, offered: Sequence[Offered]) -> int:
    """Say whether all is as it should be; 1 if not."""
    projects = len({release.project for release in offered})
    wrong = [] if outcome.watched.status == 0 else [f"the sync ended with status {outcome.watched.status}"]
    if (outcome.completed, outcome.repositories) != (len(offered), len(offered)):
        wrong.append(f"{outcome.completed} releases are completed, {outcome.repositories} repositories are there")
    if outcome.requests != Requests(pages=projects, files=len(offered), others=0):
        wrong.append(f"there should be {projects} requests for pages and {len(offered)} for files")
    if wrong:
        print(*(f"wrong: {what}" for what in wrong), sep="\n")
        print(*outcome.watched.errors.splitlines()[-_SHOWN_LINES:], outcome.watched.output, sep="\n", file=sys.stderr)
        return 1
    print(f"all {len(offered)} releases are completed, with a request for each and for each of {projects} projects")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
