"""The status drawn again and again, until somebody has seen enough."""

from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from codehost.model.texts import printable
from codehost.terminal.lines import say


class Watched:
    """Lines in place of the former ones where there is a terminal; elsewhere one block of lines after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._drawing = console.is_terminal

    def show(self, lines: Iterable[str]) -> None:
        """Show these lines now."""
        if self._drawing:
            text = Text("\n".join(printable(line) for line in lines), no_wrap=True, overflow="ellipsis")
            self._live.update(text, refresh=True)
            return
        for line in (*lines, ""):
            say(self._console, line)

    def __enter__(self) -> Self:
        if self._drawing:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._live.stop()
