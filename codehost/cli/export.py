"""``codehost export``."""

import sys
from pathlib import Path

import click

from codehost.app import exporting
from codehost.cli.options import ServerUrl, run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.serve.exports import Engine

_URL = ServerUrl("add it to what is written")


@click.command()
@click.argument("engine", type=click.Choice([one.value for one in Engine]))
@click.option("--url", type=_URL, help="Where codehost serve is. Without it, repositories are read from disk.")
@storage_options
def export(engine: str, url: str | None, data_dir: Path, database_url: str | None) -> int:
    """Write the configuration of a search ENGINE.

    It names every repository that is there, and goes to standard output.
    """
    run(exporting.export(storage_at(data_dir, database_url), Engine(engine), url, sys.stdout.write))
    return OK
