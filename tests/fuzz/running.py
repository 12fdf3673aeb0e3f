"""Many mutants, one after the other, in processes that are limited as the program's children are."""

import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import NoReturn, cast

from codehost.children import child_limits
from tests.fuzz import mutant, pages
from tests.fuzz.mutant import Corpus, Mutant
from tests.fuzz.oracle import LIMITS, PUBLISHED, judge
from tests.fuzz.published import fsck, fsck_together
from tests.fuzz.reading import UNREADABLE, DisagreementError, check_by_gnu_tar, forget

HANG_SECONDS = 20
GROWTH_BYTES = 64 << 20
_WARM = 300
_BATCH = 64
_REPORT = 50
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What should not have come of the mutant ``number``, and the file's name and bytes."""

    number: int
    what: str
    filename: str
    data: bytes


@dataclass(slots=True)
class Tally:
    """What came of the mutants so far. Seconds and bytes; ``slowest`` with its number."""

    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, 0)
    growth: int = 0
    at: int = 0

    def add(self, other: "Tally") -> None:
        """Take the counts of another in."""
        self.outcomes += other.outcomes
        self.violations += other.violations
        self.slowest = max(self.slowest, other.slowest)
        self.growth = max(self.growth, other.growth)

    @property
    def total(self) -> int:
        """How many mutants."""
        return self.outcomes.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The mutants ``first``, ``first + step``, ... below ``last``; of pages, or of archives from ``folders`` too."""

    seed: int
    first: int
    last: int
    step: int = 1
    of_pages: bool = False
    folders: tuple[Path, ...] = ()


class HangError(Exception):
    """A mutant took too long."""


@contextmanager
def _bounded() -> Iterator[None]:
    def hang(_: int, __: FrameType | None) -> NoReturn:
        raise HangError(f"took longer than {HANG_SECONDS} s")

    signal.signal(signal.SIGALRM, hang)
    signal.alarm(HANG_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def resident_bytes() -> int:
    """What this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


class Archives:
    """Judges archive mutants below a folder of its own; git's own judgement comes for many at a time."""

    def __init__(self, folder: Path, source: Corpus) -> None:
        self._folder = folder
        self._source = source
        self._waiting: list[tuple[Mutant, Path, str]] = []
        self._work = folder / "work"
        self._work.mkdir()

    def run(self, seed: int, number: int) -> tuple[str, list[Violation]]:
        """The outcome of one mutant, and what is wrong with it or with earlier ones."""
        one = mutant.make(seed, number, self._source)
        verdict = judge(one, self._work)
        faults = list(verdict.violations)
        if verdict.outcome == PUBLISHED and verdict.commit is not None:
            if number % 8 == 0:
                faults += self._by_gnu_tar(one)
            kept = self._folder / str(number)
            (self._work / "git").rename(kept)
            self._waiting.append((one, kept, verdict.commit))
        forget(self._work)
        found = [_violation(one, fault) for fault in faults]
        return verdict.outcome, found + (self.settle() if len(self._waiting) >= _BATCH else [])

    def _by_gnu_tar(self, one: Mutant) -> list[str]:
        aside = self._folder / "aside"
        aside.mkdir()
        try:
            check_by_gnu_tar(one, aside)
        except DisagreementError as error:
            return [str(error)]
        except UNREADABLE:
            return []  # the verdict says so already
        finally:
            shutil.rmtree(aside)
        return []

    def settle(self) -> list[Violation]:
        """Let git judge what waits for it: all at once, and one by one when it complains."""
        waiting, self._waiting = self._waiting, []
        together = self._folder / "together"
        found = []
        if waiting and fsck_together([(path, commit) for _, path, commit in waiting], together):
            blamed = [(one, said) for one, path, _ in waiting if (said := fsck(path))]
            found = [_violation(one, f"git says: {said[:300]}") for one, said in blamed]
            found = found or [_violation(waiting[0][0], "git complains about this and the next 63 together")]
        for path in (together, *(path for _, path, _ in waiting)):
            shutil.rmtree(path, ignore_errors=True)
        return found


def _violation(one: Mutant, what: str) -> Violation:
    return Violation(number=one.number, what=what, filename=one.filename, data=one.data)


class Pages:
    """Judges page mutants."""

    def __init__(self) -> None:
        self._source = pages.seeds()

    def run(self, seed: int, number: int) -> tuple[str, list[Violation]]:
        """The outcome of one mutant, and what is wrong with it."""
        page = pages.make(seed, number, self._source)
        verdict = pages.judge(page)
        name = "page.json" if page.body.lstrip()[:1] == b"{" else "page.html"
        found = [Violation(number=number, what=what, filename=name, data=page.body) for what in verdict.violations]
        return verdict.outcome, found

    def settle(self) -> list[Violation]:
        """Nothing waits."""
        return []


def run(work: Work) -> Iterator[Tally]:
    """Judge the mutants in this process, with a tally every few of them."""
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=_scratch()) as temporary:
        judging = Pages() if work.of_pages else Archives(Path(temporary), mutant.corpus(*work.folders))
        start, tally = 0, Tally()
        for count, number in enumerate(range(work.first, work.last, work.step)):
            before = time.perf_counter()
            outcome, found = _bounded_run(judging, work, number)
            tally.slowest = max(tally.slowest, (time.perf_counter() - before, number))
            tally.outcomes[outcome] += 1
            tally.violations += found
            start = resident_bytes() if count == _WARM else start
            if start:
                tally.growth = max(tally.growth, resident_bytes() - start)
            if count % _REPORT == _REPORT - 1:
                tally.at = number
                yield tally
                tally = Tally()
        tally.violations += judging.settle()
        tally.at = work.last
        yield tally


def _bounded_run(judging: Archives | Pages, work: Work, number: int) -> tuple[str, list[Violation]]:
    try:
        with _bounded():
            return judging.run(work.seed, number)
    except HangError as error:
        return "hang", [Violation(number=number, what=str(error), filename="mutant", data=b"")]


def _scratch() -> str | None:
    # Repositories are made durable; where the folder is memory, that costs nothing.
    memory = Path("/dev/shm")
    return str(memory) if os.access(memory, os.W_OK) else None


def _work_alone(connection: Connection, work: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound = child_limits(LIMITS).memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for tally in run(work):
        connection.send(tally)
    connection.close()


# The process, its work, and the number of the last mutant that it told of.
_Running = tuple[SpawnProcess, Work, int]


def run_apart(works: list[Work], deadline: float | None = None) -> Iterator[Tally]:
    """Judge the mutants in one process each, until all is done or the monotonic ``deadline`` has come.

    A process that dies or falls silent is a violation too; its mutants after those that it told of are left.
    """
    context = multiprocessing.get_context("spawn")
    running: dict[Connection, _Running] = {}
    for work in works:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work_alone, args=(theirs, work), daemon=True)
        process.start()
        theirs.close()
        running[ours] = process, work, work.first
    try:
        while running and (deadline is None or time.monotonic() < deadline):
            yield from _heard(running)
    finally:
        for process, _, _ in running.values():
            process.terminate()
            process.join()


def _heard(running: dict[Connection, _Running]) -> Iterator[Tally]:
    for connection in cast("list[Connection]", wait(list(running), timeout=1.0)):
        process, work, at = running[connection]
        try:
            tally: Tally = connection.recv()
        except EOFError:
            del running[connection]
            process.join()
            if process.exitcode:
                what = f"the process ended with {process.exitcode} at one of {_REPORT} mutants after {at}"
                yield Tally(violations=[Violation(number=at, what=what, filename="unknown", data=b"")])
            continue
        running[connection] = process, work, tally.at
        yield tally
