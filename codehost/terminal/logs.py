"""Log lines on the terminal: one event each, with a stable ``action`` field. docs/operations.md lists the actions."""

from collections.abc import Callable, MutableMapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

import click
import structlog
from rich.console import Console

from codehost.record.texts import without_user_information
from codehost.terminal.lines import say

F = TypeVar("F", bound=Callable[..., Any])


class LogFormat(StrEnum):
    """How log lines are written. ``text``: ``key=value`` pairs, as logfmt has them."""

    TEXT = "text"
    JSON = "json"


def log_format_option(command: F) -> F:
    """``--log-format``; the command gets a ``LogFormat`` as ``log_format``."""
    return click.option(
        "--log-format",
        type=click.Choice([one.value for one in LogFormat]),
        default=LogFormat.TEXT.value,
        show_default=True,
        callback=lambda _context, _option, value: LogFormat(value),
        help="How log lines on standard error are written.",
    )(command)


class _ConsoleLogger:
    """Prints through rich, so that lines do not tear the live display."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def msg(self, message: str) -> None:
        """Print one line."""
        with suppress(OSError):  # what cannot be written does not end the work
            say(self._console, message)

    debug = info = warning = error = critical = exception = msg


def configure_logs(console: Console, *, as_json: bool = False, level: str = "warning") -> None:
    """Send the program's log to the console.

    Args:
        console: where a line is printed for each event.
        as_json: each line is a JSON object; otherwise ``key=value`` pairs.
        level: events below it are not written: debug, info, warning, error or critical.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            _as_json() if as_json else _as_text(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _ConsoleLogger(console),
        cache_logger_on_first_use=False,
    )


_FIRST = ["timestamp", "level", "action", "event"]


def _as_text() -> Any:
    return structlog.processors.LogfmtRenderer(key_order=_FIRST)


def _as_json() -> Any:
    render = structlog.processors.JSONRenderer(default=str)

    def in_order(logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
        first = {key: event[key] for key in _FIRST if key in event}
        return render(logger, name, {**first, **event})

    return in_order


def _without_secrets(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # Nobody logs a URL with user information on purpose; a library's error may quote one.
    for key, value in event.items():
        event[key] = _shown(value)
    return event


def _shown(value: Any) -> Any:
    if isinstance(value, str | BaseException):
        return without_user_information(str(value))
    return [_shown(one) for one in value] if isinstance(value, list | tuple) else value
