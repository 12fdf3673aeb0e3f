"""Are all clean distribution files accepted, and do their repositories hold what installers read?

``python -m benchmarks.accepted FOLDER...`` turns every distribution file of the folders into a repository, has real
git check it (``fsck --strict``), compares its tree with what Python's tarfile and zipfile read, and prints what was
refused, what differs, every member that was left out and every remark. The status is 1 if any file was refused or
differs.
"""

import argparse
import asyncio
import hashlib
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.reference import TARS, ZIPS, faults
from codehost.children import ChildPool, child_limits
from codehost.model.errors import Failure
from codehost.model.members import IngestReport, IngestRequest, Limits, Skip
from codehost.model.texts import printable

_CHILDREN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one distribution file: a report, or a refusal. ``faults``: what git or the comparison found."""

    path: Path
    report: IngestReport | None = None
    refusal: Failure | None = None
    faults: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether the file was accepted and its repository is what it should be."""
        return self.report is not None and not self.faults


def main(argv: Sequence[str]) -> int:
    """Run the command; the status is 1 when a file was refused or differs, 2 when there is no file."""
    paths = list(_distribution_files(_options(argv).folders))
    if not paths:
        print("there is no distribution file: name a folder that holds some")
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="codehost-accepted-") as scratch, _progress() as progress:
        outcomes = asyncio.run(_judge_all(paths, Path(scratch), progress))
    print(*_lines(outcomes, time.monotonic() - started), sep="\n")
    return int(not all(outcome.is_well for outcome in outcomes))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accepted", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="holds sdists, wheels or eggs")
    options = parser.parse_args(argv)
    for folder in options.folders:
        if not folder.is_dir():
            parser.error(f"{folder} is no directory: name a folder with distribution files")
    return options


def _distribution_files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if not path.is_file():
                continue
            if path.name.lower().endswith(TARS + ZIPS):
                yield path
            else:
                print(f"left out: {printable(path.name)} is not named as a distribution file")


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=Console(stderr=True))


async def _judge_all(paths: Sequence[Path], scratch: Path, progress: Progress) -> list[Outcome]:
    limits = Limits()
    turns = asyncio.Semaphore(_CHILDREN)
    task = progress.add_task("distribution files", total=len(paths))

    async def one(number: int, path: Path) -> Outcome:
        async with turns:
            outcome = await _judge(children, path, scratch / str(number), limits)
        progress.advance(task)
        return outcome

    async with ChildPool(_CHILDREN, child_limits(limits)) as children:
        return await asyncio.gather(*(one(number, path) for number, path in enumerate(paths)))


async def _judge(children: ChildPool, path: Path, folder: Path, limits: Limits) -> Outcome:
    await asyncio.to_thread(folder.mkdir)
    request = IngestRequest(
        archive=str(path),
        filename=path.name,
        sha256=await asyncio.to_thread(_sha256, path),
        repository=str(folder / "git"),
        tag="v1",
        limits=limits,
    )
    try:
        report = await children.ingest(request)
        found = await asyncio.to_thread(faults, path, folder / "git", report)
        return Outcome(path=path, report=report, faults=found)
    except Failure as failure:
        return Outcome(path=path, refusal=failure)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _lines(outcomes: Sequence[Outcome], seconds: float) -> Iterator[str]:
    for outcome in outcomes:
        if outcome.refusal is not None:
            yield f"refused: {_name(outcome)}: {outcome.refusal.reason}: {printable(str(outcome.refusal))}"
        yield from (f"differs: {_name(outcome)}: {printable(fault)}" for fault in outcome.faults)
    reports = [(_name(outcome), outcome.report) for outcome in outcomes if outcome.report is not None]
    yield from _skips(reports)
    yield from (f"remark: {name}: {printable(remark)}" for name, report in reports for remark in report.remarks)
    yield _sum(outcomes, seconds)


def _name(outcome: Outcome) -> str:
    return printable(outcome.path.name)


def _skips(reports: Sequence[tuple[str, IngestReport]]) -> Iterator[str]:
    by_reason: dict[str, list[tuple[str, Skip]]] = defaultdict(list)
    for name, report in reports:
        for skip in report.skips:
            by_reason[skip.reason].append((name, skip))
    for reason, skips in sorted(by_reason.items()):
        yield f"left out as {reason}: {len(skips)}"
        yield from (f"  {name}: {printable(skip.path)} ({skip.size:,} bytes)" for name, skip in skips)
    unlisted = sum(report.skipped - len(report.skips) for _, report in reports)
    if unlisted:
        yield f"left out and not listed: {unlisted}"


def _sum(outcomes: Sequence[Outcome], seconds: float) -> str:
    reports = [outcome.report for outcome in outcomes if outcome.report is not None]
    differing = sum(bool(outcome.faults) for outcome in outcomes)
    return (
        f"{len(outcomes)} distribution files in {seconds:.1f} s: {len(reports)} accepted, "
        f"{len(outcomes) - len(reports)} refused, {differing} differing; {sum(one.files for one in reports):,} files, "
        f"{sum(one.unpacked_bytes for one in reports):,} bytes; {sum(one.skipped for one in reports)} left out, "
        f"{sum(len(one.remarks) for one in reports)} remarks"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
