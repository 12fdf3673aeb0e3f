"""What a sync tells whoever watches it. The display, the plain lines and the log all listen to these."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from codehost.model.errors import Failure
from codehost.model.members import IngestReport
from codehost.model.pins import Pin
from codehost.model.releases import Download, Resolution


class Stage(StrEnum):
    """Where a pin in flight stands."""

    RESOLVE = "resolve"
    DOWNLOAD = "download"
    PACK = "pack"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEntered:
    """A pin went on to a stage."""

    pin: Pin
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BytesReceived:
    """So many more bytes of a distribution file arrived."""

    pin: Pin
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """A release's repository is published and recorded."""

    pin: Pin
    repository: str
    resolution: Resolution
    download: Download
    report: IngestReport


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSynced:
    """A job ended without a repository."""

    pin: Pin
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A job was given back untouched because the worker stops."""

    pin: Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent:
    """A request was counted against the budget. ``left``: what the hour still allows, None without a limit."""

    left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWait:
    """The budget is spent; the next request may go in ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceWait:
    """There is budget left, but it is spread over the hour; the next request may go in about ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorRests:
    """The mirror at ``mirror`` failed again and again; it is left alone for ``seconds``."""

    mirror: str
    seconds: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorBack:
    """The mirror that was left alone answers again."""

    mirror: str


Event = (
    StageEntered
    | BytesReceived
    | Synced
    | NotSynced
    | Returned
    | RequestSent
    | BudgetWait
    | PaceWait
    | MirrorRests
    | MirrorBack
)


class Observer(Protocol):
    """Whoever watches a sync."""

    def notify(self, event: Event) -> None:
        """Take note of an event. Must not block and must not raise."""
        ...
