"""What workers tell of themselves, for people to read. All times are integer microseconds since the epoch."""

from dataclasses import dataclass
from enum import StrEnum


class WaitKind(StrEnum):
    """What a worker waits for."""

    BUDGET = "budget"
    PACE = "pace"
    MIRROR = "mirror"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Somebody waits: for what, of which code host, since when, and until when as far as that is known.

    ``mirror`` is set when a mirror is left alone for a while. ``code_host`` is "" when all wait, for the storage.
    """

    kind: WaitKind
    code_host: str
    since: int
    until: int | None = None
    mirror: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """A pin in flight: its repository, stage and since when."""

    repository: str
    stage: str
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedWorker:
    """A worker process that the database knows. It is alive if it was ``seen_at`` a short while ago.

    ``held``: the names of the code hosts whose requests wait for their pace or budget here, or did a moment ago.
    """

    owner: str
    host: str
    version: str
    pid: int
    started_at: int
    seen_at: int
    stopping: bool
    doing: tuple[Doing, ...] = ()
    waits: tuple[Wait, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How a mirror fared of late. Without failures there is none; it is left alone until ``open_until``."""

    url: str
    failures: int
    since: int
    open_until: int | None
    reason: str
    message: str
