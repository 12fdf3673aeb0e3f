"""Fuzzing: ``python -m tests.fuzz --seed N --count 100000``.

Mutants of archives and of project pages, the same for the same seed and number, are given to the program; whatever is
neither refused with a reason nor exactly right is a violation. Prints what came of them; the status is 1 when there is
a violation. See docs/fuzzing.md.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from tests.fuzz.running import GROWTH_BYTES, Tally, Violation, Work, run, run_apart


def main(argv: Sequence[str]) -> int:
    """Run it; 1 when there is a violation."""
    options = _options(argv)
    console = Console()
    status = 0
    for of_pages in (False, True):
        if options.archives if of_pages else options.pages:
            continue
        started = time.monotonic()
        tally = _run(options, console, of_pages=of_pages)
        kind = "pages" if of_pages else "archives"
        console.print(_table(kind, tally, time.monotonic() - started))
        if tally.growth > GROWTH_BYTES:
            tally.violations.append(
                Violation(number=0, what=f"memory grew by {tally.growth >> 20} MiB", filename="memory", data=b"")
            )
        for violation in tally.violations:
            _tell(console, options, kind, violation)
        status |= bool(tally.violations)
    return status


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the mutants' seed (%(default)s)")
    parser.add_argument("--count", type=int, default=100_000, help="how many of each kind (%(default)s)")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="this mutant alone, in this process")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--archives", action="store_true", help="archives alone")
    kinds.add_argument("--pages", action="store_true", help="project pages alone")
    parser.add_argument("--corpus", type=Path, action="append", default=[], help="a folder of archives to mutate too")
    parser.add_argument("--seconds", type=float, help="stop each kind after so many seconds")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-violations"), help="where violations go (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (%(default)s)")
    options = parser.parse_args(argv)
    for folder in options.corpus:
        if not folder.is_dir():
            parser.error(f"{folder} is no directory: name a folder with distribution files")
    if options.count < 1 or options.workers < 1:
        parser.error("--count and --workers must be at least 1")
    if options.only is not None and not (options.archives or options.pages):
        parser.error("--only needs --archives or --pages: the two are numbered by themselves")
    return options


def _run(options: argparse.Namespace, console: Console, *, of_pages: bool) -> Tally:
    whole = Tally()
    common = {"seed": options.seed, "of_pages": of_pages, "folders": tuple(options.corpus)}
    if options.only is not None:
        for tally in run(Work(first=options.only, last=options.only + 1, **common)):
            whole.add(tally)
        return whole
    works = [Work(first=place, last=options.count, step=options.workers, **common) for place in range(options.workers)]
    deadline = None if options.seconds is None else time.monotonic() + options.seconds
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[found]}"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("pages" if of_pages else "archives", total=options.count, found="")
        for tally in run_apart(works, deadline):
            whole.add(tally)
            progress.update(task, completed=whole.total, found=f"{len(whole.violations)} violations")
    return whole


def _table(kind: str, tally: Tally, seconds: float) -> Table:
    table = Table("what", "how many", title=f"{tally.total} mutants of {kind}")
    for outcome, count in sorted(tally.outcomes.items()):
        table.add_row(outcome, str(count))
    table.add_row("violations", str(len(tally.violations)))
    table.add_row("seconds", f"{seconds:.0f} ({tally.total / max(seconds, 0.001):.0f} a second)")
    table.add_row("slowest", f"{tally.slowest[0]:.2f} s, number {tally.slowest[1]}")
    table.add_row("peak growth of memory", f"{tally.growth / (1 << 20):.1f} MiB")
    return table


def _tell(console: Console, options: argparse.Namespace, kind: str, violation: Violation) -> None:
    options.keep.mkdir(parents=True, exist_ok=True)
    path = options.keep / f"{kind}-{options.seed}-{violation.number}-{violation.filename}"
    path.write_bytes(violation.data)
    folders = "".join(f" --corpus {folder}" for folder in options.corpus)
    again = f"python -m tests.fuzz --seed {options.seed} --only {violation.number} --{kind}{folders}"
    console.print(f"{path}: {violation.what}\n    {again}", markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
