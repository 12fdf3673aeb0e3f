"""Progress of a command that asks mirrors and changes nothing: a bar on a terminal, and every long wait as a line."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from codehost.model.events import BudgetWait, Event, PaceWait
from codehost.model.tally import Tally
from codehost.terminal.lines import say


class AskingProgress:
    """The ``AskingView`` of the mirrors' commands; a context manager, around the asking."""

    def __init__(self, console: Console, label: str) -> None:
        self.tally = Tally()
        self._console = console
        columns = (TextColumn(f"[bold]{label}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(label, total=None)

    def begin(self, total: int) -> None:
        """So many are asked for."""
        self._bar.update(self._task, total=total)

    def advance(self) -> None:
        """One of them is answered."""
        self._bar.advance(self._task)

    def notify(self, event: Event) -> None:
        """Count requests, and say why nothing seems to happen."""
        self.tally.notify(event)
        match event:
            case BudgetWait(seconds=seconds):
                self._line(f"the hourly budget is spent; the next request may go in {seconds:.0f} s")
            case PaceWait(seconds=seconds):
                self._line(f"the rest of the budget is spread over the hour; one request each {seconds:.0f} s")

    def _line(self, text: str) -> None:
        # The disk that keeps the lines may be full; the work goes on.
        with suppress(OSError):
            say(self._console, text)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
