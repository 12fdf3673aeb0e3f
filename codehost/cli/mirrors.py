"""``codehost check`` and ``codehost plan``."""

from pathlib import Path

import click
from rich.console import Console

from codehost.app import checking, planning
from codehost.app.asking import AskingRequest
from codehost.checking.report import report_to_json
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
from codehost.cli.statuses import OK, SOME_FAILED, Invalid
from codehost.preview.outcome import preview_to_json
from codehost.terminal.asking import AskingProgress
from codehost.terminal.checks import print_report
from codehost.terminal.lines import LastingConsole
from codehost.terminal.previews import print_preview


@click.command()
@config_file
@storage_options
@name_option
@json_option
def check(file: Path, data_dir: Path, database_url: str | None, name: str | None, *, as_json: bool) -> int:
    """Test the connection to every mirror of a configuration.

    Reach, TLS, credentials and simple API, with a word on what to change.
    """
    request = _request(file, name, offline=False)
    storage = storage_at(data_dir, database_url)
    with AskingProgress(LastingConsole(stderr=True), "check") as progress:
        report = run(checking.check(storage, request, progress))
    if as_json:
        print_json(report_to_json(report))
    else:
        print_report(Console(), report)
    return OK if report.well else SOME_FAILED


@click.command()
@config_file
@storage_options
@name_option
@click.option("--offline", is_flag=True, help="Send no request: compare with the record only.")
@json_option
def plan(
    file: Path, data_dir: Path, database_url: str | None, name: str | None, *, offline: bool, as_json: bool
) -> int:
    """Show what a sync would do, and what that costs.

    Which file from which mirror each pin would be, how many requests that takes, and how long. Nothing is made.
    """
    request = _request(file, name, offline=offline)
    storage = storage_at(data_dir, database_url)
    with AskingProgress(LastingConsole(stderr=True), "plan") as progress:
        preview = run(planning.plan(storage, request, progress))
    if as_json:
        print_json(preview_to_json(preview))
    else:
        print_preview(Console(), preview)
    return OK if preview.well else SOME_FAILED


def _request(file: Path, name: str | None, *, offline: bool) -> AskingRequest:
    # Who asks nobody needs no secrets.
    config = load(file, usable=not offline).config
    if config is None:
        raise Invalid
    return AskingRequest(name=code_host_name(name, file), config=config, offline=offline)
