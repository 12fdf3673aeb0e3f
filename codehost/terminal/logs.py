"""Log lines on the terminal: one event each, with a stable ``action`` field."""

from contextlib import suppress

import structlog
from rich.console import Console

from codehost.terminal.lines import say


class _ConsoleLogger:
    """Prints through rich, so that lines do not tear the live display."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def msg(self, message: str) -> None:
        """Print one line."""
        with suppress(OSError):  # what cannot be written does not end the work
            say(self._console, message)

    debug = info = warning = error = critical = exception = msg


def configure_logs(console: Console) -> None:
    """Send the program's log to the console, warnings and worse."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "action", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=lambda *_: _ConsoleLogger(console),
        cache_logger_on_first_use=False,
    )
