"""``codehost status``, ``show``, ``verify`` and ``migrate``."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from codehost.app import looking, storage, verifying
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK, SOME_FAILED
from codehost.terminal.commits import last_commit
from codehost.terminal.lines import say
from codehost.terminal.tables import print_findings, print_release, print_status


@click.command()
@storage_options
def status(data_dir: Path, database_url: str | None) -> int:
    """Show counts by state for each code host, and what failed and why."""
    console = Console()
    hosts = run(looking.status(storage_at(data_dir, database_url)))
    if not hosts:
        say(console, "There is no code host yet: run codehost sync FILE.")
    for host in hosts:
        print_status(console, host.name, host.counts, host.retired, host.failures)
    return SOME_FAILED if any(host.failures for host in hosts) else OK


@click.command()
@click.argument("repository")
@storage_options
def show(repository: str, data_dir: Path, database_url: str | None) -> int:
    """Show where one REPOSITORY came from, what was left out of it, and every attempt at it."""
    place = storage_at(data_dir, database_url)
    details = run(looking.details(place, repository))
    path = place.data.repository(details.repository)
    print_release(Console(), details, path, last_commit(path) if details.commit else None)
    return OK


@click.command()
@storage_options
@click.option("--repair", is_flag=True, help="Queue damaged repositories again and remove strays.")
def verify(data_dir: Path, database_url: str | None, *, repair: bool) -> int:
    """Check every repository against git and the database."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("verify", total=None)
        place = storage_at(data_dir, database_url)
        verification = run(verifying.verify(place, lambda _: progress.advance(task), repair=repair))
    print_findings(Console(), verification.checked, verification.findings, repaired=repair)
    return SOME_FAILED if verification.findings and not repair else OK


@click.command()
@storage_options
def migrate(data_dir: Path, database_url: str | None) -> int:
    """Bring the database's tables up to date."""
    run(storage.migrate(storage_at(data_dir, database_url)))
    click.echo("the database is up to date")
    return OK
