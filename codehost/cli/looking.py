"""``codehost status``, ``show``, ``verify`` and ``migrate``."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from codehost.app import looking, storage
from codehost.cli.options import json_option, print_json, run, storage_at, storage_options
from codehost.cli.statuses import OK, SOME_FAILED
from codehost.model.errors import UserError
from codehost.model.status import Status
from codehost.model.status_json import status_to_json
from codehost.terminal.lines import say
from codehost.terminal.status import host_lines, status_lines, worker_lines
from codehost.terminal.tables import print_findings, print_release, print_status
from codehost.terminal.watching import Watched

_NO_HOST = "There is no code host yet: run codehost sync FILE or codehost hosts add FILE."


@click.command()
@storage_options
@click.option("--watch", is_flag=True, help="Show it again every 2 seconds, until Ctrl-C.")
@json_option
def status(data_dir: Path, database_url: str | None, *, watch: bool, as_json: bool) -> int:
    """Show how code hosts and workers stand.

    Releases by state, what comes next, how long it takes, the budget, mirrors that are left alone, what failed and why.
    """
    if watch and as_json:
        raise click.UsageError("--watch is for people and --json for programs: give one of them.")
    place = storage_at(data_dir, database_url)
    if watch:
        return _watch(place)
    console = Console()
    if as_json:
        found = run(looking.status(place))
        print_json(status_to_json(found))
        return SOME_FAILED if any(host.record.reasons for host in found.hosts) else OK
    looked = run(looking.status_and_failures(place))
    if not looked.status.hosts:
        say(console, _NO_HOST)
    for host in looked.status.hosts:
        record, failures = host.record, looked.failures[host.record.host.name]
        details = host_lines(host, looked.status, full=False)
        print_status(console, record.host.name, record.counts, record.retired, failures, details)
    for line in worker_lines(looked.status):
        say(console, line)
    return SOME_FAILED if any(looked.failures.values()) else OK


def _watch(place: storage.Storage) -> int:
    with Watched(Console()) as watched:

        def show(found: Status | UserError) -> None:
            if isinstance(found, UserError):
                watched.show([str(found)])
            else:
                watched.show(status_lines(found) if found.hosts else [_NO_HOST])

        try:
            run(looking.watch(place, show))
        except KeyboardInterrupt:
            return OK


@click.command()
@click.argument("repository", metavar="PIN|REPOSITORY")
@storage_options
def show(repository: str, data_dir: Path, database_url: str | None) -> int:
    """Show where the repository of one release came from.

    Its mirror, file and digests, what was left out of it, and every attempt at it.
    """
    place = storage_at(data_dir, database_url)
    from codehost.terminal.commits import last_commit  # noqa: PLC0415 - it runs git, as below

    details = run(looking.details(place, repository))
    path = place.data.repository(details.repository)
    print_release(Console(), details, path, last_commit(path) if details.commit else None)
    return OK


@click.command()
@storage_options
@click.option("--repair", is_flag=True, help="Queue damaged repositories again and remove strays.")
def verify(data_dir: Path, database_url: str | None, *, repair: bool) -> int:
    """Check every repository against git and the database.

    It needs the data directory for itself: stop the workers before.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("verify", total=None)
        place = storage_at(data_dir, database_url)
        # Importing GitPython runs git, which inherits the environment: only now there are no secrets in it any more.
        from codehost.app import verifying  # noqa: PLC0415

        verification = run(verifying.verify(place, lambda _: progress.advance(task), repair=repair))
    print_findings(Console(), verification.checked, verification.findings, repaired=repair)
    return SOME_FAILED if verification.findings and not repair else OK


@click.command()
@storage_options
def migrate(data_dir: Path, database_url: str | None) -> int:
    """Bring the tables of a PostgreSQL database up to date.

    Stop the workers before. SQLite does it by itself.
    """
    run(storage.migrate(storage_at(data_dir, database_url)))
    click.echo("the database is up to date")
    return OK
