"""``codehost validate`` and ``codehost sync``."""

from pathlib import Path

import click
from rich.console import Console

from codehost.app import syncing
from codehost.cli.options import (
    code_host_name,
    config_file,
    json_option,
    load,
    name_option,
    print_json,
    run,
    storage_at,
    storage_options,
)
from codehost.cli.statuses import INTERRUPTED, NOT_VALID, OK, SOME_FAILED
from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import configure_logs
from codehost.terminal.progress import choose_progress
from codehost.terminal.tables import print_summary


@click.command()
@config_file
def validate(file: Path) -> int:
    """Print every mistake of the configuration FILE.

    Each comes with its line, its column and a hint.
    """
    loaded = load(file, usable=False)
    pins = len(loaded.config.pins) if loaded.config else 0
    click.echo(f"{file}: valid, {pins} pins")
    return OK


@click.command()
@config_file
@storage_options
@name_option
@click.option("--prune", is_flag=True, help="Remove the repositories of releases that are no longer pinned.")
@json_option
def sync(file: Path, data_dir: Path, database_url: str | None, name: str | None, *, prune: bool, as_json: bool) -> int:
    """Make the repositories follow the configuration FILE."""
    loaded = load(file, usable=True)
    if loaded.config is None:
        return NOT_VALID
    storage = storage_at(data_dir, database_url)
    request = syncing.SyncRequest(
        name=code_host_name(name, file),
        text=loaded.storable,
        config=loaded.config,
        prune=prune,
        with_pins=as_json,
    )
    console = LastingConsole(stderr=True)
    configure_logs(console)
    with choose_progress(console) as progress:
        result = run(syncing.sync(storage, request, progress))
    if as_json and result.as_json is not None:
        print_json(result.as_json)
    else:
        print_summary(Console(), result.summary, storage.data)
    if result.summary.halted == syncing.INTERRUPTED:
        return INTERRUPTED
    return OK if result.summary.complete else SOME_FAILED
