"""``codehost worker``."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from codehost.app.daemon import running
from codehost.app.daemon.settings import METRICS_PORT, HttpAddress, WorkerSettings
from codehost.cli.keys import key_option, keyring_at
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import LogFormat, configure_logs, log_format_option
from codehost.worker import LEASE_SECONDS

_NONE = "none"
_HOUR = 3_600.0
_DAY = 24 * _HOUR
_LEAST_LEASE = 1.0
_MOST_PORT = 65_535

F = TypeVar("F", bound=Callable[..., Any])


class Seconds(click.ParamType[Any]):
    """A number of at least ``least``, finite; ``unit`` is what one of it is in seconds."""

    name = "number"

    def __init__(self, unit: float = 1.0, least: float = 0.0) -> None:
        self._unit = unit
        self._least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """In seconds."""
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        if not self._least <= number < math.inf:
            self.fail(f"{value!r} is no number of at least {self._least:g}.", param, ctx)
        return number * self._unit


class Address(click.ParamType[Any]):
    """``ADDRESS:PORT``, or ``none``; ``port`` is for the example of one."""

    name = "address:port"

    def __init__(self, *, allow_none: bool = True, port: int = METRICS_PORT) -> None:
        self._allow_none = allow_none
        self._port = port

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> HttpAddress | str:
        """An ``HttpAddress``, or the word ``none``."""
        text = str(value)
        if text == _NONE and self._allow_none:
            return _NONE
        address, _, port = text.rpartition(":")
        number = int(port) if port.isascii() and port.isdecimal() else -1
        if not address or not 0 <= number <= _MOST_PORT:
            other = ", or none" if self._allow_none else ""
            self.fail(f"{text!r} is no address: write for example 127.0.0.1:{self._port}{other}.", param, ctx)
        return HttpAddress(address=address.removeprefix("[").removesuffix("]"), port=number)


def working_options(command: F) -> F:
    """What a worker takes wherever it runs; ``working_settings`` understands it."""
    options = (
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="FILE|FOLDER",
            help="Follow this configuration, or all of a folder's. Repeatable.",
        ),
        click.option(
            "--concurrency",
            type=click.IntRange(1, 1_000),
            default=8,
            show_default=True,
            help="Releases in flight at once.",
        ),
        click.option(
            "--watch-every",
            type=Seconds(_HOUR),
            default="24",
            show_default=True,
            metavar="HOURS",
            help="How often each project's page is looked at again; 0: never.",
        ),
        click.option(
            "--grace",
            type=Seconds(_DAY),
            default="7",
            show_default=True,
            metavar="DAYS",
            help="How long the repositories of releases that are no longer pinned stay.",
        ),
        click.option(
            "--stop-within",
            type=Seconds(),
            default="20",
            show_default=True,
            metavar="SECONDS",
            help="How long what is in flight may take to end after SIGTERM.",
        ),
        click.option(
            "--lease-seconds",
            type=Seconds(least=_LEAST_LEASE),
            default=f"{LEASE_SECONDS:g}",
            show_default=True,
            metavar="SECONDS",
            help="After how long without a sign of life its jobs go to other workers.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def working_settings(options: dict[str, Any], *, once: bool = False, http: HttpAddress | None = None) -> WorkerSettings:
    """The settings that the options name."""
    return WorkerSettings(
        config=options["config"],
        concurrency=options["concurrency"],
        once=once,
        http=http,
        watch_every=options["watch_every"] or None,
        grace=options["grace"],
        stop_within=options["stop_within"],
        lease=options["lease_seconds"],
    )


@click.command()
@storage_options
@key_option
@working_options
@click.option("--once", is_flag=True, help="Plan, work until nothing is due, and end.")
@click.option(
    "--http",
    type=Address(),
    default=f"127.0.0.1:{METRICS_PORT}",
    show_default=True,
    help="Where /healthz, /readyz and /metrics are; or none.",
)
@log_format_option
def worker(
    *,
    data_dir: Path,
    database_url: str | None,
    key_file: Path | None,
    http: HttpAddress | str,
    log_format: LogFormat,
    once: bool,
    **working: Any,
) -> int:
    """Follow code hosts, and work for them until SIGTERM.

    They are those of --config and of codehost hosts. Any number of workers may share a PostgreSQL database and a data
    directory. SIGHUP reads all configurations again.
    """
    storage = storage_at(data_dir, database_url)
    keyring = keyring_at(storage, key_file)
    configure_logs(LastingConsole(stderr=True), as_json=log_format is LogFormat.JSON, level="info")
    settings = working_settings(working, once=once, http=None if isinstance(http, str) else http)
    run(running.work(storage, keyring, settings))
    return OK
