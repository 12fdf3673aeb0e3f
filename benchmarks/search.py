"""How long it takes from an accepted configuration to a hit, and a search then: the real server with a mirror.

``python -m benchmarks.search [--releases N ...] [--rounds N]`` gives ``codehost serve`` a document of so many pins
and prints two tables: seconds from the moment when it is accepted until each stage, as a client sees it who follows the
feed and asks ``/api/v1/search``; and the time of searches over all releases, as a median. The status is 1 when a search
does not find exactly what the releases hold.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.daemons import serving as serving_codehost
from benchmarks.keeper import Keeper
from benchmarks.loopback import HOST, free_port, serving
from benchmarks.sdists import small
from benchmarks.table import layout

_EACH = 10
_LONGEST = 900.0
_SECONDS = 60
_MOST_LINES = 5_000
_STAGES = ("first release synced", "a hit in it", "all synced", "a hit in the last")
# Each sdist has one line that begins so, and none has the word.
_SEARCHES = {"a line of each release": '"^Name: sample"', "a word that is nowhere": "zqxjkvbwpf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds from the acceptance to each stage, and those of each search, every round; ``lines``: what they found."""

    releases: int
    stages: Sequence[float]
    searches: Sequence[Sequence[float]]
    lines: Sequence[set[int]]

    @property
    def right(self) -> bool:
        """Whether each release was found once, and nothing that is nowhere."""
        return self.lines == [{self.releases}, {0}]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its tables."""
    options = _options(argv)
    measured = [_measure(count, options.rounds) for count in options.releases]
    print(layout([("releases", *_STAGES), *((str(one.releases), *_figures(one.stages)) for one in measured)]))
    print()
    rows = ((str(one.releases), *_figures(map(median, one.searches))) for one in measured)
    print(layout([("releases", *(f"{name}, s" for name in _SEARCHES)), *rows]))
    for one in measured:
        if not one.right:
            print(f"wrong: of {one.releases} releases, the searches found {one.lines} lines")
    return int(not all(one.right for one in measured))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--releases", type=int, nargs="+", default=[10, 1_000], help="pins (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each search is made (%(default)s)")
    options = parser.parse_args(argv)
    if not 1 <= min(options.releases) <= max(options.releases) <= _MOST_LINES or options.rounds < 1:
        parser.error(f"--releases must be from 1 to {_MOST_LINES}, and --rounds positive")
    return options


def _figures(seconds: Iterator[float] | Sequence[float]) -> list[str]:
    return [f"{one:.2f}" for one in seconds]


def _measure(count: int, rounds: int) -> Measured:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codehost-benchmark-")))
        files = folder / "files"
        files.mkdir()
        offered = small(files, releases=count, projects=-(-count // _EACH))
        keeper = Keeper(folder=folder, url=None, mirror=stack.enter_context(serving(files)))
        client = _Client(port=free_port())
        server = stack.enter_context(serving_codehost(folder, client.port))
        server.until(client.is_ready, _LONGEST)
        asyncio.run(keeper.pin(0, offered))
        began = time.perf_counter()
        stages: list[float] = []
        for wanted in (1, count):
            server.until(lambda wanted=wanted: client.synced() >= wanted, _LONGEST)  # type: ignore[misc]
            stages.append(time.perf_counter() - began)
            server.until(client.finds_the_last, _LONGEST)
            stages.append(time.perf_counter() - began)
        timed = [[client.timed(query) for _ in range(rounds)] for query in _SEARCHES.values()]
        return Measured(
            releases=count,
            stages=stages,
            searches=[[seconds for _, seconds in one] for one in timed],
            lines=[{found for found, _ in one} for one in timed],
        )


@dataclass(slots=True, kw_only=True)
class _Client:
    """Follows the feed of a server and searches there."""

    port: int
    cursor: str = ""
    count: int = 0
    last: tuple[str, str] = ("", "")

    def is_ready(self) -> bool:
        try:
            with urlopen(f"http://{HOST}:{self.port}/readyz", timeout=_SECONDS):
                return True
        except URLError:
            return False

    def synced(self) -> int:
        """How many releases the feed has told of."""
        page = self._get("changes", after=self.cursor, limit="1000")
        created = [entry for entry in page["items"] if entry["kind"] == "created"]
        self.cursor = page["cursor"]
        self.count += len(created)
        if created:
            _, project, version = created[-1]["name"].split("/")
            self.last = project, version
        return self.count

    def finds_the_last(self) -> bool:
        """Whether there is a hit in the release that the feed told of last."""
        project, version = self.last
        found = self._get("search", q=f'"^Name: {project}"', project=project, version=version)
        return bool(found["repositories"])

    def timed(self, query: str) -> tuple[int, float]:
        """How many lines a search over all releases finds, and its seconds."""
        began = time.perf_counter()
        found = self._get("search", q=query, latest="false", lines=str(_MOST_LINES), seconds=str(_SECONDS))
        return found["statistics"]["lines"], time.perf_counter() - began

    def _get(self, what: str, **query: str) -> Any:
        url = f"http://{HOST}:{self.port}/api/v1/{what}?{urlencode(query)}"
        with urlopen(url, timeout=2 * _SECONDS) as answer:
            return json.load(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
