"""Observers of one code host's work: what goes to the log, and what each pin in flight is at."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import structlog

from codehost.model.events import (
    BudgetWait,
    Event,
    MirrorBack,
    MirrorRests,
    NotSynced,
    Observer,
    RequestSent,
    Returned,
    Stage,
    StageEntered,
    Synced,
)
from codehost.model.pins import Pin

log = structlog.get_logger("codehost.worker")


def wall_clock() -> int:
    """Microseconds since the epoch, for people to read: nothing is decided by it."""
    return time.time_ns() // 1_000


@dataclass(frozen=True, slots=True)
class Several:
    """An observer that tells several others."""

    observers: Sequence[Observer]

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        for observer in self.observers:
            observer.notify(event)


@dataclass(frozen=True, slots=True)
class OnSynced:
    """Does something whenever a release was published."""

    act: Callable[[], None]

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, Synced):
            self.act()


@dataclass(slots=True)
class Stages:
    """Where each pin in flight stands, and since when."""

    entered: dict[Pin, tuple[Stage, int]] = field(default_factory=dict)

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case StageEntered(pin=pin, stage=stage):
                self.entered[pin] = (stage, wall_clock())
            case Synced(pin=pin) | NotSynced(pin=pin) | Returned(pin=pin):
                self.entered.pop(pin, None)
            case _:
                pass

    def keep_only(self, pins: Collection[Pin]) -> None:
        """Forget all others: one whose lease was lost ends without a word."""
        self.entered = {pin: entered for pin, entered in self.entered.items() if pin in pins}


@dataclass(slots=True)
class LogLines:
    """One line for each outcome, and one for each wait when it begins."""

    code_host: str
    _waiting: bool = False
    _resting: set[str] = field(default_factory=set)

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Synced():
                self._synced(event)
            case NotSynced(pin=pin, failure=failure):
                reason = failure.reason.value
                log.warning(
                    "not synced",
                    action="not_synced",
                    code_host=self.code_host,
                    pin=str(pin),
                    reason=reason,
                    message=str(failure),
                )
            case Returned(pin=pin):
                log.info("given back", action="returned", code_host=self.code_host, pin=str(pin))
            case BudgetWait(seconds=seconds) if not self._waiting:
                self._waiting = True
                log.info("budget spent", action="budget_wait", code_host=self.code_host, seconds=round(seconds, 1))
            case RequestSent():
                self._waiting = False
            case MirrorRests() | MirrorBack():
                self._mirror(event)
            case _:
                pass

    def _synced(self, event: Synced) -> None:
        log.info(
            "synced",
            action="synced",
            code_host=self.code_host,
            pin=str(event.pin),
            repository=event.repository,
            mirror=event.resolution.mirror,
            file=event.resolution.file.filename,
            commit=event.report.commit,
        )

    def _mirror(self, event: MirrorRests | MirrorBack) -> None:
        if isinstance(event, MirrorBack):
            self._resting.discard(event.mirror)
            log.info("mirror is back", action="mirror_back", code_host=self.code_host, mirror=event.mirror)
        elif event.mirror not in self._resting:
            self._resting.add(event.mirror)
            log.warning(
                "mirror rests",
                action="mirror_rests",
                code_host=self.code_host,
                mirror=event.mirror,
                seconds=round(event.seconds, 1),
                message=event.message,
            )
