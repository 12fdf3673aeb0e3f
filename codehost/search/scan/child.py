"""What a child process does: reads repositories, and tries the query on each of their files."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache

from codehost.model.datadir import DataDirectory
from codehost.model.searching import FileHits
from codehost.reading.snapshot import DamagedError, Snapshot, open_snapshot
from codehost.reading.store import find_repository
from codehost.search.query.bounds import Bounds
from codehost.search.query.documents import LARGEST, Document
from codehost.search.query.matching import Matcher
from codehost.search.query.parsing import parse
from codehost.search.scan.cutting import hits, text_bytes
from codehost.search.scan.tasks import Outcome, Scanned, ScanTask

# A child that ran out of memory says so by this status. It is of no more use: what is left to it is in pieces.
OUT_OF_MEMORY = 88


def scan(task: ScanTask) -> tuple[Scanned, ...]:
    """Search the task's repositories until a bound is met. Those behind it are not told of."""
    try:
        return tuple(_scan(task))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


@dataclass(slots=True, kw_only=True)
class _Left:
    """What of a task's bounds is left."""

    lines: int
    text_bytes: int
    deadline: float
    context: int
    lines_each: int | None

    def is_late(self) -> bool:
        return time.monotonic() >= self.deadline

    def bound(self) -> Outcome | None:
        """The bound that is met."""
        if self.lines <= 0:
            return Outcome.FULL
        if self.text_bytes <= 0:
            return Outcome.HUGE
        return Outcome.LATE if self.is_late() else None

    def of_a_file(self) -> Bounds:
        return Bounds(
            context=self.context,
            lines=self.lines if self.lines_each is None else min(self.lines_each, self.lines),
            memory_bytes=self.text_bytes,
            is_over=self.is_late,
        )

    def take(self, file: FileHits) -> None:
        self.lines -= hits(file)
        self.text_bytes -= text_bytes(file)


def _scan(task: ScanTask) -> Iterator[Scanned]:
    matcher = _matcher(task.query)
    left = _Left(
        lines=task.lines,
        text_bytes=task.text_bytes,
        deadline=task.deadline,
        context=task.context,
        lines_each=task.lines_each,
    )
    for repository in task.repositories:
        scanned = _repository(task.data, repository, matcher, left)
        yield scanned
        if scanned.outcome in {Outcome.FULL, Outcome.HUGE, Outcome.LATE}:
            return


# The tasks of a search follow each other: its query is compiled once in each process.
@lru_cache(maxsize=8)
def _matcher(query: str) -> Matcher:
    return Matcher(parse(query))


def _repository(data: DataDirectory, repository: str, matcher: Matcher, left: _Left) -> Scanned:
    try:
        snapshot = open_snapshot(data, repository)
        return _missing(data, repository) if snapshot is None else _search(snapshot, matcher, left)
    except DamagedError:
        # What is being removed looks damaged for a moment.
        return _missing(data, repository)


def _missing(data: DataDirectory, repository: str) -> Scanned:
    there = find_repository(data, repository) is not None
    return Scanned(repository=repository, outcome=Outcome.DAMAGED if there else Outcome.GONE)


def _search(snapshot: Snapshot, matcher: Matcher, left: _Left) -> Scanned:
    files: list[FileHits] = []
    bound = left.bound()
    name = snapshot.repository
    with closing(snapshot.documents(lambda path: matcher.may_match(name, path), LARGEST)) as documents:
        while bound is None and (stored := next(documents, None)) is not None:
            document = Document(path=stored.path, content=stored.content, blob=stored.blob)
            file = matcher.match(name, document, left.of_a_file())
            if file is not None:
                files.append(file)
                left.take(file)
            bound = left.bound()
    return Scanned(repository=name, outcome=bound or Outcome.DONE, commit=snapshot.commit, files=tuple(files))
