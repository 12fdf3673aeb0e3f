"""Whether listing and following cost the same however many releases there are.

``python -m benchmarks.feed [--sizes N ...] [--database-url URL]`` fills a database with so many releases each, asks the
server for pages at the beginning, in the middle and at the end, reads the whole list for Sourcegraph, and prints one
table: medians in milliseconds for each size, the seconds of the whole list, and by how much the process grew over it
when the list had been read before.
The database is SQLite in a temporary folder; a URL must name one that may be filled and emptied again. The status is 1
when a page takes more than ``--most`` times as long on the largest as on the smallest.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.table import layout
from codehost.record.clock import read_clock
from codehost.record.database import Database, open_database
from codehost.record.feed import Feed, drop_superseded
from codehost.record.hosts import CodeHosts
from codehost.record.tables import metadata
from codehost.record.urls import SQLITE
from codehost.serve.feed.cursors import write_cursor
from tests.serve.api.feeding import Served, served

SIZES = (10_000, 100_000, 1_000_000)
_HOSTS = 4
_ROUNDS = 15
_UNTIL_CACHED = 3
# Less than this nobody feels, and a machine's noise is larger.
_UNFELT = 5.0
_MIB = 2**20
_DAY = 86_400_000_000

_HOST = f"(1 + (i / 10) % {_HOSTS})"
_STATE = "CASE WHEN i % 50 = 7 THEN 'failed' ELSE 'completed' END"
_NAME = f"'host-' || {_HOST} || '/p' || (i / 10) || '/1.' || (i % 10)"
_COMMIT = "CASE WHEN i % 50 <> 7 THEN '0123456789012345678901234567890123456789' END"
_TABLES = {
    "releases": {
        "id": "i",
        "code_host_id": _HOST,
        "project": "'p' || (i / 10)",
        "version": "'1.' || (i % 10)",
        "pinned_version": "'1.' || (i % 10)",
        "repository": _NAME,
        "wanted": "i % 100 <> 3",
        '"commit"': _COMMIT,
        "created_at": ":now",
    },
    "jobs": {
        "id": "i",
        "release_id": "i",
        "code_host_id": _HOST,
        "project": "'p' || (i / 10)",
        "state": _STATE,
        "priority": "100",
        "attempts": "1",
        "epoch": "1",
        "queued_at": ":now",
    },
    "changes": {
        "sequence": "i",
        "code_host_id": _HOST,
        "code_host": f"'host-' || {_HOST}",
        "repository": _NAME,
        "project": "'p' || (i / 10)",
        "version": "'1.' || (i % 10)",
        "kind": "'created'",
        "at": f":now - {_DAY * 40} + i",
    },
}

Figures = dict[str, float]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its table."""
    options = _options(argv)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = {size: asyncio.run(_measure(size, options.database_url)) for size in options.sizes}
    print(table(found))
    grown = grows(found, options.most)
    for name in grown:
        print(f"wrong: {name} takes more than {options.most} times as long on the largest database")
    return int(bool(grown))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feed", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="releases (%(default)s)")
    parser.add_argument("--database-url", help="an empty database; SQLite without it")
    parser.add_argument("--most", type=float, default=4.0, help="how much longer a page may take (%(default)s)")
    return parser.parse_args(argv)


def table(found: dict[int, Figures]) -> str:
    """A line for each figure, a column for each size."""
    rows = [("what", *(f"{size:,}" for size in found))]
    rows += [(name, *(f"{figures[name]:.1f}" for figures in found.values())) for name in next(iter(found.values()))]
    return layout(rows)


def grows(found: dict[int, Figures], most: float) -> list[str]:
    """The pages that take more than ``most`` times as long on the largest database, and so long that it is felt."""
    least, largest = found[min(found)], found[max(found)]
    pages = [name for name in least if name.endswith(" ms")]
    return [name for name in pages if largest[name] > max(most * least[name], _UNFELT)]


async def _measure(size: int, url: str | None) -> Figures:
    with tempfile.TemporaryDirectory(prefix="codehost-benchmark-") as temporary:
        folder = Path(temporary)
        place = url or f"sqlite:///{folder}/benchmark.db"
        async with open_database(place, folder, migrate=True) as database, _filled(database, size):
            return await _pages(database, place, folder, size) | await _whole(place, folder)


async def _pages(database: Database, place: str, folder: Path, size: int) -> Figures:
    figures: Figures = {}
    async with served(place, folder) as server:
        for name, path in _paths(size, await _cursors(database, size)).items():
            figures[f"{name} ms"] = await _median(lambda path=path: _ask(server, path))  # type: ignore[misc]
    figures["dropping, nothing superseded ms"] = await _median(lambda: drop_superseded(database))
    return figures


async def _cursors(database: Database, size: int) -> tuple[str, str]:
    feed = Feed(database)
    middle = (await feed.page(size // 2, 1)).end
    return write_cursor(await feed.identity(), middle), write_cursor(await feed.identity(), await feed.newest())


def _paths(size: int, cursors: tuple[str, str]) -> dict[str, str]:
    middle, end = cursors
    half = f"after={size // 2}"
    return {
        "repos, first page": "/api/v1/repos",
        "repos, in the middle": f"/api/v1/repos?{half}",
        "repos of a code host, in the middle": f"/api/v1/repos?codeHost=host-2&{half}",
        "repos that failed, in the middle": f"/api/v1/repos?state=failed&{half}",
        "repos of a project": f"/api/v1/repos?project=p{size // 20}",
        "one repository": f"/api/v1/repos/host-1/p{size // 20 // 4 * 4}/1.0",
        "changes, first page": "/api/v1/changes",
        "changes, in the middle": f"/api/v1/changes?after={middle}",
        "changes of a code host, in the middle": f"/api/v1/changes?after={middle}&codeHost=host-3",
        "changes, nothing new": f"/api/v1/changes?after={end}",
    }


async def _ask(server: Served, path: str) -> None:
    status, answer = await server.get(path)
    if status != 200:
        raise RuntimeError(f"{path}: {answer}")


async def _median(act: Callable[[], Awaitable[object]]) -> float:
    await act()
    rounds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        await act()
        rounds.append((time.perf_counter() - start) * 1_000)
    return median(rounds)


async def _whole(place: str, folder: Path) -> Figures:
    async with served(place, folder) as server:
        # SQLite keeps up to 32 MiB of pages for each connection: what is left to grow then would be ours.
        for _ in range(_UNTIL_CACHED):
            await _list(server)
        before, start = _resident(), time.perf_counter()
        size, most = await _list(server)
        seconds = time.perf_counter() - start
    return {"the whole list s": seconds, "its size MiB": size / _MIB, "grown by MiB": (most - before) / _MIB}


async def _list(server: Served) -> tuple[int, int]:
    """The bytes of the list, and the most of memory that was in use meanwhile."""
    size, most = 0, 0
    response = await server.open("/v1/list-repos")
    async for chunk in response.content.iter_any():
        size += len(chunk)
        most = max(most, _resident())
    return size, most


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096


@asynccontextmanager
async def _filled(database: Database, count: int) -> AsyncIterator[None]:
    start = time.perf_counter()
    for number in range(1, _HOSTS + 1):
        await CodeHosts(database).save(f"host-{number}", "{}")
    for name, columns in _TABLES.items():
        async with database.write() as connection:
            await _insert(connection, name, columns, count)
    async with database.write() as connection:
        await connection.execute(text("UPDATE counters SET value = :n WHERE name = 'changes'"), {"n": count})
        if database.dialect != SQLITE:
            for name in metadata.tables:
                await connection.execute(text(f"ANALYZE {name}"))
    while await _settled(database) < count:
        await drop_superseded(database)
    print(f"{count:,} releases in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    yield
    if database.dialect != SQLITE:
        async with database.write() as connection:
            names = "releases, jobs, attempts, skips, changes, code_hosts"
            await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            await connection.execute(text("UPDATE counters SET value = 0 WHERE name IN ('changes', 'feed-settled')"))


async def _settled(database: Database) -> int:
    async with database.read() as connection:
        found = await connection.execute(text("SELECT value FROM counters WHERE name = 'feed-settled'"))
        return int(found.scalar_one())


async def _insert(connection: AsyncConnection, name: str, columns: dict[str, str], count: int) -> None:
    now = str(await read_clock(connection))
    numbers = f"WITH RECURSIVE n(i) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
    made = ", ".join(columns.values()).replace(":now", now)
    await connection.execute(text(f"INSERT INTO {name} ({', '.join(columns)}) {numbers} SELECT {made} FROM n"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
