"""What a worker waits for right now, from its events. Pure; times are microseconds on the caller's clock."""

from collections.abc import Callable
from dataclasses import dataclass

from codehost.model.events import BudgetWait, Event, MirrorBack, MirrorRests, PaceWait, RequestSent
from codehost.model.workers import Wait, WaitKind

SECOND = 1_000_000
# Whoever waits says so again within a minute. Who has not been heard of for longer waits no more: its work was stopped.
_FORGOTTEN = 90 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    wait: Wait
    at: int


class Waits:
    """An observer of one code host's work that knows what is waited for, since when and until when.

    Args:
        code_host: the name of the code host.
        clock: the present.
    """

    def __init__(self, code_host: str, clock: Callable[[], int]) -> None:
        self._code_host = code_host
        self._clock = clock
        self._heard: dict[tuple[WaitKind, str | None], _Heard] = {}

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case BudgetWait(seconds=seconds):
                # The budget is what decides; whoever waits for it does not wait for the pace.
                self._end(WaitKind.PACE)
                self._begin(WaitKind.BUDGET, seconds)
            case PaceWait(seconds=seconds):
                self._begin(WaitKind.PACE, seconds)
            case RequestSent():
                self._end(WaitKind.BUDGET)
                self._end(WaitKind.PACE)
            case MirrorRests(mirror=mirror, seconds=seconds):
                self._begin(WaitKind.MIRROR, seconds, mirror)
            case MirrorBack(mirror=mirror):
                self._end(WaitKind.MIRROR, mirror)
            case _:
                pass

    def current(self) -> tuple[Wait, ...]:
        """What is waited for now, in the order in which the waits began."""
        now = self._clock()
        self._heard = {key: heard for key, heard in self._heard.items() if _lasts(heard, now)}
        return tuple(sorted((heard.wait for heard in self._heard.values()), key=lambda wait: wait.since))

    def _begin(self, kind: WaitKind, seconds: float, mirror: str | None = None) -> None:
        now = self._clock()
        known = self._heard.get((kind, mirror))
        since = known.wait.since if known is not None and _lasts(known, now) else now
        until = now + round(seconds * SECOND)
        wait = Wait(kind=kind, code_host=self._code_host, since=since, until=until, mirror=mirror)
        self._heard[kind, mirror] = _Heard(wait=wait, at=now)

    def _end(self, kind: WaitKind, mirror: str | None = None) -> None:
        self._heard.pop((kind, mirror), None)


def _lasts(heard: _Heard, now: int) -> bool:
    until = heard.wait.until or heard.at
    match heard.wait.kind:
        case WaitKind.MIRROR:
            return now < until
        case WaitKind.PACE:
            return now < until + _FORGOTTEN
        case WaitKind.BUDGET | WaitKind.STORAGE:
            return now < heard.at + _FORGOTTEN
