"""``codehost cancel`` and ``codehost retry``."""

from pathlib import Path

import click
from rich.console import Console

from codehost.app import jobs
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK, SOME_FAILED, complain
from codehost.model.errors import Reason
from codehost.model.texts import printable
from codehost.terminal.lines import say


@click.command()
@click.argument("repositories", nargs=-1, required=True, metavar="PIN|REPOSITORY...")
@storage_options
def cancel(repositories: tuple[str, ...], data_dir: Path, database_url: str | None) -> int:
    """Take pins or repositories out of the queue.

    One that a worker has in hand is dropped. codehost retry queues it again.
    """
    storage = storage_at(data_dir, database_url)
    return _tell("cancelled", run(jobs.cancel(storage, repositories)))


@click.command()
@click.argument("repositories", nargs=-1, metavar="[PIN|REPOSITORY...]")
@click.option("--failed", is_flag=True, help="Everything whose last attempt failed, instead of what is named.")
@click.option(
    "--reason", type=click.Choice([reason.value for reason in Reason]), help="With --failed: only for this reason."
)
@storage_options
def retry(
    repositories: tuple[str, ...], data_dir: Path, database_url: str | None, *, failed: bool, reason: str | None
) -> int:
    """Put pins or repositories to the front of the queue."""
    if failed is bool(repositories):
        raise click.UsageError("Give pins or repositories, or --failed.")
    if reason is not None and not failed:
        raise click.UsageError("--reason goes with --failed.")
    storage = storage_at(data_dir, database_url)
    if failed:
        request = run(jobs.retry_failed(storage, None if reason is None else Reason(reason)))
    else:
        request = run(jobs.retry(storage, repositories))
    return _tell("queued", request)


def _tell(done: str, request: jobs.JobRequest) -> int:
    console = Console()
    for name in request.changed:
        say(console, f"{name}: {done}")
    for complaint in request.complaints:
        complain(f"codehost: {printable(complaint)}")
    if not request.changed and not request.complaints:
        say(console, f"Nothing is {done}: there is no such job.")
    return SOME_FAILED if request.complaints else OK
