"""``codehost init`` and ``codehost import``."""

from pathlib import Path

import click
from rich.console import Console

from codehost.app import starting
from codehost.cli.options import load
from codehost.cli.statuses import NOT_VALID, OK, SOME_FAILED, Invalid, complain
from codehost.imports.importing import ImportResult
from codehost.model.errors import UserError
from codehost.terminal.lines import LastingConsole
from codehost.terminal.starts import print_imported, print_started, print_updated


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("python-packages.jsonc"))
def init(file: Path) -> int:
    """Write a commented starter configuration.

    It begins with what pip and uv on this machine use. FILE is python-packages.jsonc unless you name another; one that
    is there already stays as it is.
    """
    started = starting.start(file)
    print_started(Console(), file, started.sources, started.notes)
    return OK


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--update",
    "document",
    type=click.Path(path_type=Path),
    metavar="DOCUMENT",
    help="Add what is new to this configuration, and leave the rest of it as it is.",
)
def import_(files: tuple[str, ...], document: Path | None) -> int:
    """Turn lock files into pins.

    They make a new configuration on standard output, or an --update of an existing one.

    Understood are requirements.txt, the output of pip freeze, pip list --format=json and pip inspect, pylock.toml,
    uv.lock, poetry.lock, pdm.lock and Pipfile.lock; FILE may be - for standard input.
    """
    # The document first: what is wrong with it is told before anything else.
    loaded = load(document, usable=False) if document is not None else None
    result = _gather(files)
    print_imported(LastingConsole(stderr=True), result.files, len(result.pins), result.left_out, result.indexes)
    if document is None or loaded is None:
        click.echo(starting.document_of(result), nl=False)
    elif loaded.config is None:
        return NOT_VALID
    else:
        updated = starting.update(document, loaded.text, loaded.config, result)
        print_updated(Console(), document, updated.added, updated.known)
    return SOME_FAILED if result.is_partial or (result.left_out and not result.pins) else OK


def _gather(files: tuple[str, ...]) -> ImportResult:
    try:
        return starting.gather(files)
    except UserError as error:
        complain(f"codehost: {error}")
        raise Invalid from error
