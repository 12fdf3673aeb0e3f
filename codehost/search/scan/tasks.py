"""What is handed to a child process, and what comes back."""

from dataclasses import dataclass
from enum import StrEnum

from codehost.model.datadir import DataDirectory
from codehost.model.searching import FileHits


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanTask:
    """Repositories to search, by name, in order.

    Attributes:
        data: where they are.
        repositories: their names.
        query: as text; it has been parsed before without an error.
        context: lines around each hit.
        lines_each: at most so many hits of a file; None: no bound.
        lines: at most so many hits in all.
        text_bytes: at most so much memory for hits in all.
        deadline: when to stop, on the clock that all processes of a machine share (``time.monotonic``).
    """

    data: DataDirectory
    repositories: tuple[str, ...]
    query: str
    context: int
    lines_each: int | None
    lines: int
    text_bytes: int
    deadline: float


class Outcome(StrEnum):
    """How the search of one repository ended."""

    DONE = "done"
    # The bound on hits was met.
    FULL = "full"
    # So was the bound on their memory.
    HUGE = "huge"
    LATE = "late"
    GONE = "gone"
    DAMAGED = "damaged"
    # Its child process died.
    DIED = "died"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """What was found in a repository.

    Attributes:
        repository: its name.
        outcome: how it ended.
        commit: that was read; empty if none was.
        files: what was found until then.
    """

    repository: str
    outcome: Outcome
    commit: str = ""
    files: tuple[FileHits, ...] = ()
