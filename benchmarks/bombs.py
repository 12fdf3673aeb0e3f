"""What hostile archives and project pages cost: one bomb of each kind, fed to the program as it runs.

``python -m benchmarks.bombs [--only TEXT]`` makes each bomb in a temporary directory, which needs 2 GB, and gives it to
a child process of its own under the default limits; pages come from a server on the loopback interface and are read in
a process of their own. It prints what became of each, the most memory that was ever resident in that process, and the
seconds. The status is 1 when a bomb got through or ended its process, when a harmless archive was refused, or when the
next archive on the same pool did not become a repository.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bombkinds import MIB, Bomb
from benchmarks.bombpages import KINDS, ask, serving
from benchmarks.bombtars import tar_bombs
from benchmarks.bombzips import zip_bombs
from benchmarks.processes import Account
from benchmarks.table import layout
from codehost.children import ChildPool, child_limits
from codehost.model.errors import Failure, Reason
from codehost.model.members import IngestRequest, Limits

_INTERVAL = 0.05
_SENTENCE = 90
_HOLE = bytes(MIB)
_HEAD = ("kind", "archive", "would unpack to", "MiB", "seconds", "next", "right", "stopped by", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a bomb. ``reason`` is None when it became a repository; ``peak`` in bytes."""

    size: int
    reason: Reason | None
    sentence: str
    peak: int
    seconds: float
    next_works: bool


def main(argv: Sequence[str]) -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bombs", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="only the kinds whose name has this in it")
    only = parser.parse_args(argv).only
    limits = Limits()
    with tempfile.TemporaryDirectory(prefix="bombs-") as folder:
        bombs = [bomb for bomb in (*zip_bombs(limits), *tar_bombs(limits)) if only in bomb.kind]
        well = report(bombs, limits, Path(folder))
        return int(not (report_pages(only) and well))


def report(bombs: Sequence[Bomb], limits: Limits, folder: Path) -> bool:
    """Feed the bombs to children and print the table; whether all went as it should."""
    rows: list[Sequence[str]] = [_HEAD]
    well = True
    for bomb in bombs:
        print(f"{bomb.kind} ...", file=sys.stderr, flush=True)
        outcome = asyncio.run(feed(bomb, limits, folder))
        right = is_right(bomb, outcome)
        well = well and right and outcome.next_works
        rows.append(_row(bomb, outcome, right=right))
    if bombs:
        print(layout(rows), flush=True)
    return well


def report_pages(only: str) -> bool:
    """Have the pages read and print the table; whether all were refused in order."""
    rows: list[Sequence[str]] = [("page", "MiB", "seconds", "right", "outcome")]
    well = True
    with serving() as url:
        for kind, page in KINDS.items():
            if only in kind:
                print(f"{kind} ...", file=sys.stderr, flush=True)
                asked = ask(f"{url}/{page.path}")
                right = asked.reason == page.reason
                well = well and right
                cells = (f"{asked.peak / MIB:.0f}", f"{asked.seconds:.1f}", "yes" if right else "NO")
                rows.append((kind, *cells, f"{asked.reason or 'resolved'}: {asked.sentence[:_SENTENCE]}"))
    if len(rows) > 1:
        print(layout(rows), flush=True)
    return well


def is_right(bomb: Bomb, outcome: Outcome) -> bool:
    """Whether the bomb ended as a bomb of its kind should."""
    return outcome.reason in bomb.refused if bomb.refused else outcome.reason is None


async def feed(bomb: Bomb, limits: Limits, folder: Path) -> Outcome:
    """Give the bomb to a fresh child, then a good archive to the same pool."""
    path = folder / bomb.filename
    size = write(bomb, path)
    repository = folder / "bomb.git"
    async with ChildPool(1, child_limits(limits)) as pool:
        await pool.ingest(_good(folder, limits, "first"))
        reason, sentence = None, ""
        account = Account(root=os.getpid())
        start = time.perf_counter()
        with _watched(account):
            try:
                made = await pool.ingest(_request(path, repository, limits))
                sentence = f"{made.files} files, {made.skipped} skipped"
            except Failure as failure:
                reason, sentence = failure.reason, str(failure)
            seconds = time.perf_counter() - start
        next_works = (await pool.ingest(_good(folder, limits, "next"))).files == 1
    path.unlink()
    shutil.rmtree(repository, ignore_errors=True)
    peak = max((peak for pid, peak in account.peaks.items() if pid != account.root), default=0)
    return Outcome(size=size, reason=reason, sentence=sentence, peak=peak, seconds=seconds, next_works=next_works)


def write(bomb: Bomb, path: Path) -> int:
    """Make the archive; returns its size. Long stretches of zeros take no room on the disk."""
    with path.open("wb") as file:
        for piece in bomb.write():
            if piece == _HOLE:
                file.seek(MIB, 1)
            else:
                file.write(piece)
        return file.tell()


def _good(folder: Path, limits: Limits, name: str) -> IngestRequest:
    bomb = next(one for one in zip_bombs(limits) if one.kind == "zip: zips in zips")
    path = folder / f"{name}.zip"
    write(bomb, path)
    repository = folder / f"{name}.git"
    shutil.rmtree(repository, ignore_errors=True)
    return _request(path, repository, limits)


def _request(path: Path, repository: Path, limits: Limits) -> IngestRequest:
    return IngestRequest(
        archive=str(path), filename=path.name, sha256="0" * 64, repository=str(repository), tag="v1", limits=limits
    )


@contextmanager
def _watched(account: Account) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_INTERVAL):
            account.sample()

    sampler = threading.Thread(target=watch)
    sampler.start()
    try:
        yield
    finally:
        # What is still there shows the most that it ever had.
        over.set()
        sampler.join()
        account.sample()


def _row(bomb: Bomb, outcome: Outcome, *, right: bool) -> tuple[str, ...]:
    return (
        bomb.kind,
        _size(outcome.size),
        _size(bomb.unpacks) if bomb.unpacks else "",
        f"{outcome.peak / MIB:.0f}",
        f"{outcome.seconds:.1f}",
        "works" if outcome.next_works else "FAILS",
        "yes" if right else "NO",
        bomb.bound,
        f"{outcome.reason or 'repository'}: {outcome.sentence[:_SENTENCE]}",
    )


def _size(count: int) -> str:
    for unit, size in (("EiB", 1 << 60), ("GiB", 1 << 30), ("MiB", MIB), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
