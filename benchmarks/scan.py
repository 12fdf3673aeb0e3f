"""Search by scanning: MB a second and the time to the first result, against ``git grep`` over the same repositories.

``python -m benchmarks.scan [--releases N] [--files N] [--data-dir FOLDER] [--rounds N]`` makes releases as a sync
makes them, or takes the repositories of a data directory, which is only read. A rare word, a common word, a regular
expression and a word with ``case:yes`` are asked for in three ways that take turns: the engine told to tell everything,
the engine with its usual limit of lines, and ``git grep`` with a process for each repository, as many at a time as
there are processors. It prints one table; times are medians of the rounds, in which the children run already. MB are
those of the files, unpacked; lines are what was told, and differ where ``git grep`` reads files that the engine leaves
out.

At first it asks for the commonest letter with as many lines and as much context as anybody may ask for over HTTP, reads
the answer slowly, and says how much memory that took at most: of this process, which holds what is not told yet, and
of the largest child.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from benchmarks.gitrun import environment
from benchmarks.processes import Account, resident
from benchmarks.recorded import record_as_synced
from benchmarks.table import layout
from codehost.model.datadir import DataDirectory
from codehost.model.members import IngestRequest, Limits, Member, MemberKind
from codehost.model.searching import DEFAULT_LINES, MOST_CONTEXT, MOST_LINES, RepositoryHits, SearchRequest, SearchScope
from codehost.pack.build import build_repository
from codehost.reading.snapshot import open_snapshot
from codehost.record.database import open_database
from codehost.search.scan.engine import ScanEngine
from codehost.search.scan.limits import ScanLimits

GREP = "git grep"
OURS = "codehost, all lines"
LIMITED = f"codehost, {DEFAULT_LINES} lines"
RARE = "needle_in_a_haystack"
_EVERYTHING = 100_000_000
_LONG = 3_600.0
_PAUSE = 0.2
_BOUNDLESS = ScanLimits(text_bytes=1 << 40)

# A name for the table, the query, and what git grep is asked.
QUERIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("rare word", f"content:{RARE}", ("-i", "-F", "-e", RARE)),
    ("common word", "content:return", ("-i", "-F", "-e", "return")),
    ("regexp", r"content:def.\w+\(v", ("-i", "-P", "-e", r"def.\w+\(v")),
    ("case:yes", "content:Return case:yes", ("-F", "-e", "Return")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One query by one way: seconds in all and to the first result (all, if there is none), and lines."""

    seconds: float
    first: float
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of a search that finds much: lines, and bytes that were resident, in this process before it and at most."""

    lines: int
    before: int
    most: int
    child: int

    def __str__(self) -> str:
        before, most, child = (f"{size / 1e6:.1f} MB" for size in (self.before, self.most, self.child))
        asked = f"{MOST_LINES:,} lines with {MOST_CONTEXT} of context"
        return f"memory | {asked}: {self.lines:,} told | this process {before} before, {most} at most | a child {child}"


Way = Callable[[str, tuple[str, ...]], Awaitable[Run]]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        root = Path(temporary)
        data = DataDirectory(options.data_dir or root / "data")
        names = _names(data) if options.data_dir else _make(data, options.releases, options.files)
        if not names:
            print(
                f"There is no repository named python/<project>/<version>.git in {data.repositories}.", file=sys.stderr
            )
            return 1
        total = sum(_bytes(data, name) for name in names)
        memory, runs = asyncio.run(_measure(data, names, root, options.rounds))
    print(f"{len(names):,} repositories, {total / 1e6:,.1f} MB of files.\n")
    print(table(runs, total))
    print(f"\n{memory}")
    return 0


def table(runs: dict[tuple[str, str], list[Run]], total: int) -> str:
    """A line for each query and way; ``git grep`` has to be among the ways."""
    rows = [("query", "way", "seconds", "MB/s", "first, ms", "lines", "git grep / this")]
    for (query, way), found in runs.items():
        seconds, grep = (median(run.seconds for run in part) for part in (found, runs[query, GREP]))
        first = median(run.first for run in found) * 1000
        rows.append(
            (
                *(query, way, f"{seconds:.3f}", f"{total / 1e6 / seconds:.1f}", f"{first:.1f}"),
                *(f"{found[0].lines:,}", f"{grep / seconds:.2f}"),
            )
        )
    return layout(rows)


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan", description=__doc__)
    parser.add_argument("--releases", type=int, default=1_000, help="releases to make (%(default)s)")
    parser.add_argument("--files", type=int, default=40, help="files of each, 4 kB (%(default)s)")
    parser.add_argument("--data-dir", type=Path, help="search these repositories instead")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (%(default)s)")
    options = parser.parse_args(argv)
    if min(options.releases, options.files, options.rounds) < 1:
        parser.error("all numbers must be at least 1")
    return options


def _names(data: DataDirectory) -> list[str]:
    return sorted(
        str(path.relative_to(data.repositories)).removesuffix(".git")
        for path in data.repositories.glob("python/*/*.git")
    )


def _make(data: DataDirectory, releases: int, files: int) -> list[str]:
    chance = random.Random(1)
    names = []
    for number in range(releases):
        members = [_member(chance, file) for file in range(files)]
        if number % 100 == releases % 100 // 2:
            members[0] = _file(b"sample/needle.py", f"{RARE} = 1\n".encode())
        name = f"python/sample-{number}/1.0"
        path = data.repository(name)
        path.parent.mkdir(parents=True)
        request = IngestRequest(
            archive="", filename="s-1.tar.gz", sha256="0" * 64, repository=str(path), tag="v1.0", limits=Limits()
        )
        build_repository(members, request, lambda members=members: members)  # type: ignore[misc]
        names.append(name)
    return names


def _member(chance: random.Random, file: int) -> Member:
    """A file of about 4 kB in which each common word stands twice."""
    functions = []
    for _ in range(2):
        body = "".join(f"    value = other_{chance.randrange(10**6)}(value)\n" for _ in range(55))
        functions.append(f"def function_{chance.randrange(10**6)}(value):\n{body}    return value\n\n")
    return _file(b"sample/module%d.py" % file, "".join(functions).encode())


def _file(path: bytes, content: bytes) -> Member:
    return Member(
        path=path,
        kind=MemberKind.FILE,
        executable=False,
        mtime=1_600_000_000,
        size=len(content),
        content=content,
        deflated=None,
        target=b"",
    )


def _bytes(data: DataDirectory, name: str) -> int:
    snapshot = open_snapshot(data, name)
    if snapshot is None:
        raise RuntimeError(name)
    return sum(len(stored.content or b"") for stored in snapshot.documents(lambda _: True, 1 << 40))


async def _measure(
    data: DataDirectory, names: list[str], root: Path, rounds: int
) -> tuple[Memory, dict[tuple[str, str], list[Run]]]:
    record = root / "record"
    pins = ["==".join(name.split("/")[1:]) for name in names]
    document = orjson.dumps({"urls": ["http://127.0.0.1:9/simple"], "dependencies": pins})
    await record_as_synced("benchmark", document, record)
    runs: dict[tuple[str, str], list[Run]] = {}
    async with open_database(None, record) as database, ScanEngine(database, data) as engine:
        memory = await _memory(engine)
    async with open_database(None, record) as database, ScanEngine(database, data, _BOUNDLESS) as engine:
        ways: dict[str, Way] = {
            GREP: _grep(data, names, root),
            OURS: _scan(engine, _EVERYTHING),
            LIMITED: _scan(engine, DEFAULT_LINES),
        }
        # The children start with the first search; that is no part of any other.
        await ways[OURS]("content:^$x", ())
        for _ in range(rounds):
            for query, ours, greps in QUERIES:
                for name, way in ways.items():
                    runs.setdefault((query, name), []).append(await way(ours, greps))
    return memory, runs


async def _memory(engine: ScanEngine) -> Memory:
    before = resident(os.getpid())
    account = Account(root=os.getpid())
    lines = 0
    request = SearchRequest(
        query="content:e", scope=SearchScope(latest=False), lines=MOST_LINES, context=MOST_CONTEXT, seconds=_LONG
    )
    async for one in engine.search(request):
        # The children go on until as much waits to be read as may.
        await asyncio.sleep(_PAUSE)
        account.sample()
        lines += sum(len(file.lines) for file in one.files) if isinstance(one, RepositoryHits) else 0
    most = account.peaks.pop(os.getpid())
    return Memory(lines=lines, before=before, most=most, child=max(account.peaks.values(), default=0))


def _scan(engine: ScanEngine, lines: int) -> Way:
    async def run(query: str, _: tuple[str, ...]) -> Run:
        request = SearchRequest(query=query, scope=SearchScope(latest=False), lines=lines, seconds=_LONG)
        start = time.perf_counter()
        first, found = None, 0
        async for one in engine.search(request):
            if isinstance(one, RepositoryHits):
                first = first or time.perf_counter() - start
                found += sum(len(file.lines) for file in one.files)
        seconds = time.perf_counter() - start
        return Run(seconds=seconds, first=first or seconds, lines=found)

    return run


def _grep(data: DataDirectory, names: list[str], root: Path) -> Way:
    home = root / "home"
    home.mkdir()
    variables = environment(home) | {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    gate = asyncio.Semaphore(len(os.sched_getaffinity(0)))

    async def one(name: str, arguments: tuple[str, ...]) -> tuple[float, int]:
        path = data.repository(name)
        command = ["git", "-c", f"safe.directory={path}", f"--git-dir={path}", "grep", "-I", "-n", "--threads=1"]
        async with gate:
            process = await asyncio.create_subprocess_exec(
                *command, *arguments, "HEAD", env=variables, stdout=asyncio.subprocess.PIPE
            )
            output, _ = await process.communicate()
        return time.perf_counter(), output.count(b"\n")

    async def run(_: str, arguments: tuple[str, ...]) -> Run:
        start = time.perf_counter()
        found = await asyncio.gather(*(one(name, arguments) for name in names))
        seconds = time.perf_counter() - start
        first = min((at - start for at, lines in found if lines), default=seconds)
        return Run(seconds=seconds, first=first, lines=sum(lines for _, lines in found))

    return run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
