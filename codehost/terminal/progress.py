"""Progress of a sync: a live display on a terminal, plain lines elsewhere."""

import time
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.filesize import decimal
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from codehost.model.events import BudgetWait, Event, NotSynced, PaceWait, Returned, Synced
from codehost.model.tally import SyncView, Tally
from codehost.terminal.lines import duration, say

_SHOWN_IN_FLIGHT = 8


class ProgressView(SyncView, Protocol):
    """A view with a beginning and an end."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PlainProgress:
    """One line for each release that is done, and for each wait."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.tally = Tally()

    def begin(self, *, total: int, requests_per_hour: int | None) -> None:
        """Say how much there is to do."""
        self.tally.begin(total, time.monotonic())
        limit = "no limit" if requests_per_hour is None else f"{requests_per_hour} requests an hour"
        self._line(f"{total} to sync, {limit}")

    def notify(self, event: Event) -> None:
        """Print a line where the event deserves one."""
        self.tally.notify(event)
        place = f"[{self.tally.done}/{self.tally.total}]"
        match event:
            case Synced(pin=pin, repository=repository, resolution=resolution, report=report):
                skipped = f", {report.skipped} skipped" if report.skipped else ""
                yanked = ", yanked" if resolution.file.yanked is not None else ""
                file = resolution.file.filename
                self._line(f"{place} synced {pin} -> {repository} ({file}, {report.files} files{skipped}{yanked})")
            case NotSynced(pin=pin, failure=failure):
                self._line(f"{place} not synced {pin}: {failure.reason}: {failure}")
            case Returned(pin=pin):
                self._line(f"{place} stopped {pin}: it goes on with the next sync")
            case BudgetWait(seconds=seconds):
                self._line(f"{place} the hourly budget is spent; the next request may go in {seconds:.0f} s")
            case PaceWait(seconds=seconds):
                self._line(f"{place} the rest of the budget is spread over the hour; one request each {seconds:.0f} s")

    def _line(self, text: str) -> None:
        # The disk that keeps the lines may be full; the work goes on.
        with suppress(OSError):
            say(self._console, text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class LiveProgress:
    """An overall bar, the counts, and the pins in flight, drawn again a few times a second."""

    def __init__(self, console: Console) -> None:
        self.tally = Tally()
        self._requests_per_hour: int | None = None
        self._bar = Progress(
            TextColumn("[bold]sync"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        self._task = self._bar.add_task("sync", total=None)
        self._live = Live(console=console, refresh_per_second=5, transient=True, get_renderable=self.__rich__)

    def begin(self, *, total: int, requests_per_hour: int | None) -> None:
        """Say how much there is to do."""
        self.tally.begin(total, time.monotonic())
        self._requests_per_hour = requests_per_hour
        self._bar.update(self._task, total=total)

    def notify(self, event: Event) -> None:
        """Count the event; the next refresh shows it."""
        self.tally.notify(event)
        self._bar.update(self._task, completed=self.tally.done)

    def __rich__(self) -> Group:
        pins = Table.grid(padding=(0, 2))
        for pin, stage in list(self.tally.in_flight.items())[:_SHOWN_IN_FLIGHT]:
            pins.add_row(Text(f"  {stage}", style="cyan"), Text(str(pin)))
        hidden = len(self.tally.in_flight) - _SHOWN_IN_FLIGHT
        if hidden > 0:
            pins.add_row("", Text(f"and {hidden} more", style="dim"))
        return Group(self._bar, self._counts(), pins)

    def _counts(self) -> Text:
        tally = self.tally
        left = "" if tally.requests_left is None else f", {tally.requests_left} left this hour"
        counts = f"  {tally.synced} synced | {tally.failed} not synced | {tally.total - tally.done} to go"
        parts = [f"{decimal(tally.bytes)} received", f"{tally.requests} requests{left}"]
        seconds = tally.seconds_left(time.monotonic(), self._requests_per_hour)
        if tally.waiting_seconds:
            parts.append(f"waiting {tally.waiting_seconds:.0f} s for the budget")
        elif seconds is not None:
            parts.append(f"about {duration(seconds)} left")
        return Text(f"{counts}\n  {' | '.join(parts)}")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def choose_progress(console: Console) -> ProgressView:
    """The live display where there is a terminal to draw on, else plain lines."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
