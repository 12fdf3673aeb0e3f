"""The commands; thin. ``main(argv)`` returns the exit status."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import Progress

from codehost import __version__, app
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError
from codehost.terminal.commits import last_commit
from codehost.terminal.lines import LastingConsole, say
from codehost.terminal.logs import configure_logs
from codehost.terminal.progress import choose_progress
from codehost.terminal.tables import print_findings, print_release, print_status, print_summary

OK = 0
SOME_FAILED = 1
NOT_VALID = 2
CANNOT_WORK = 3
INTERRUPTED = 130
_MAX_NAME = 200
_DATABASE_URL = "CODEHOST_DATABASE_URL"

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class _Invalid(Exception):  # noqa: N818 - carries an exit status, not an error of the program
    """The configuration has violations, which were printed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 1, 2, 3 or 130 (see ``codehost --help``)."""
    try:
        result = commands.main(args=argv, prog_name="codehost", standalone_mode=False)
    except click.exceptions.Exit as request:
        return request.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except (click.ClickException, _Invalid, UserError, OSError) as error:
        return _tell(error)
    return result if isinstance(result, int) else OK


def _tell(error: Exception) -> int:
    """Say what ended the command; returns the exit status."""
    if isinstance(error, click.ClickException):
        with suppress(OSError):
            error.show()
        return NOT_VALID
    if isinstance(error, _Invalid):
        return NOT_VALID
    if isinstance(error, OSError):
        # What commands read and write elsewhere is explained there.
        error = UserError(f"standard output cannot be written ({error.strerror or error}).")
    _complain(f"codehost: {error}")
    return CANNOT_WORK


def _complain(text: str) -> None:
    # Where nobody can be told, the exit status still says it.
    with suppress(OSError):
        click.echo(text, err=True)


def _storage_options(command: F) -> F:
    data_dir = click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("data"),
        show_default=True,
        envvar="CODEHOST_DATA_DIR",
        show_envvar=True,
        help="Where repositories and the SQLite database are.",
    )
    database_url = click.option(
        "--database-url",
        envvar=_DATABASE_URL,
        show_envvar=True,
        help="postgresql://user@host/name instead of SQLite. A password belongs into the environment variable.",
    )
    return data_dir(database_url(command))


_config_file = click.argument("file", type=click.Path(path_type=Path))


def _storage(data_dir: Path, database_url: str | None) -> app.Storage:
    # It may hold a password, and children inherit the environment.
    os.environ.pop(_DATABASE_URL, None)
    return app.Storage(data=DataDirectory(data_dir.absolute()), database_url=database_url or None)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all well; 1 something was not synced or not sound; 2 the configuration cannot be"
    " read or is not valid, or the command line is not; 3 the program could not work; 130 interrupted.",
)
@click.version_option(__version__)
def commands() -> None:
    """Every Python release that an organisation depends on, as git repositories for a code search engine."""


@commands.command()
@_config_file
def validate(file: Path) -> int:
    """Print every mistake of the configuration FILE with its line and a hint."""
    loaded = _load(file)
    pins = len(loaded.config.pins) if loaded.config else 0
    click.echo(f"{file}: valid, {pins} pins")
    return OK


@commands.command()
@_config_file
@_storage_options
@click.option("--name", help="The code host's name. [default: the file's name without its ending]")
@click.option("--prune", is_flag=True, help="Remove the repositories of releases that are no longer pinned.")
@click.option("--json", "as_json", is_flag=True, help="Print one summary object on standard output.")
def sync(file: Path, data_dir: Path, database_url: str | None, name: str | None, *, prune: bool, as_json: bool) -> int:
    """Make the repositories follow the configuration FILE."""
    loaded = _load(file)
    if loaded.config is None:
        return NOT_VALID
    storage = _storage(data_dir, database_url)
    request = app.SyncRequest(
        name=_code_host_name(file.stem if name is None else name),
        text=loaded.storable,
        config=loaded.config,
        prune=prune,
        with_pins=as_json,
    )
    console = LastingConsole(stderr=True)
    configure_logs(console)
    with choose_progress(console) as progress:
        result = _run(app.sync(storage, request, progress))
    if as_json and result.as_json is not None:
        click.echo(app.to_json_text(result.as_json))
    else:
        print_summary(Console(), result.summary, storage.data)
    if result.summary.halted == app.INTERRUPTED:
        return INTERRUPTED
    return OK if result.summary.complete else SOME_FAILED


@commands.command()
@_storage_options
def status(data_dir: Path, database_url: str | None) -> int:
    """Show counts by state for each code host, and what failed and why."""
    console = Console()
    hosts = _run(app.status(_storage(data_dir, database_url)))
    if not hosts:
        say(console, "There is no code host yet: run codehost sync FILE.")
    for host in hosts:
        print_status(console, host.name, host.counts, host.retired, host.failures)
    return SOME_FAILED if any(host.failures for host in hosts) else OK


@commands.command()
@click.argument("repository")
@_storage_options
def show(repository: str, data_dir: Path, database_url: str | None) -> int:
    """Show where one REPOSITORY came from, what was left out of it, and every attempt at it."""
    storage = _storage(data_dir, database_url)
    details = _run(app.details(storage, repository))
    path = storage.data.repository(details.repository)
    print_release(Console(), details, path, last_commit(path) if details.commit else None)
    return OK


@commands.command()
@_storage_options
@click.option("--repair", is_flag=True, help="Queue damaged repositories again and remove strays.")
def verify(data_dir: Path, database_url: str | None, *, repair: bool) -> int:
    """Check every repository against git and the database."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("verify", total=None)
        storage = _storage(data_dir, database_url)
        verification = _run(app.verify(storage, lambda _: progress.advance(task), repair=repair))
    print_findings(Console(), verification.checked, verification.findings, repaired=repair)
    return SOME_FAILED if verification.findings and not repair else OK


@commands.command()
@_storage_options
def migrate(data_dir: Path, database_url: str | None) -> int:
    """Bring the database's tables up to date."""
    _run(app.migrate(_storage(data_dir, database_url)))
    click.echo("the database is up to date")
    return OK


def _code_host_name(name: str) -> str:
    if not name or not name.isprintable() or len(name) > _MAX_NAME:
        raise click.BadParameter(
            f"{name!r} cannot be a code host's name: give printable characters, at most {_MAX_NAME}.",
            param_hint="--name",
        )
    return name


def _load(file: Path) -> app.Loaded:
    try:
        loaded = app.read_config(file)
    except UserError as error:
        _complain(f"codehost: {error}")
        raise _Invalid from error
    if loaded.violations:
        for violation in loaded.violations:
            place = f"{click.format_filename(file)}:{violation.line}:{violation.column}"
            _complain(f"{place}: {violation.without_place}")
        count = len(loaded.violations)
        _complain(f"{click.format_filename(file)}: {count} {'mistake' if count == 1 else 'mistakes'}")
        raise _Invalid
    return loaded


def _run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


if __name__ == "__main__":
    sys.exit(main())
