"""``codehost follow``."""

import os
from pathlib import Path
from typing import Any

import click

from codehost.app import consuming
from codehost.app.consuming import FollowSettings
from codehost.cli.options import ServerUrl, run
from codehost.cli.statuses import INTERRUPTED, OK, SOME_FAILED
from codehost.consume.engines import words_of
from codehost.consume.server import Token
from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import LogFormat, configure_logs, log_format_option

_TOKEN = "CODEHOST_TOKEN"  # noqa: S105 - a variable's name
_MOST_JOBS = 64


class _Command(click.ParamType[Any]):
    """A command in one word."""

    name = "command"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Its words."""
        try:
            return words_of(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is no command ({error}).", param, ctx)


@click.command()
@click.argument("url", type=ServerUrl(f"give it with --token-file or {_TOKEN}"))
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--once", is_flag=True, help="End when everything is in step.")
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"Where a reader's token is. [default: {_TOKEN}]",
)
@click.option("--code-host", metavar="H", help="Only repositories of this code host.")
@click.option(
    "--jobs", type=click.IntRange(1, _MOST_JOBS), default=4, show_default=True, help="Repositories at a time."
)
@click.option("--run", "command", type=_Command(), metavar="COMMAND", help="Run this over clones that have changed.")
@click.option(
    "--notify",
    type=ServerUrl("give the engine no user in its address", "http://127.0.0.1:6060/index"),
    help="Tell this engine what to clone, and keep no clones.",
)
@log_format_option
def follow(
    url: str,
    directory: Path,
    *,
    once: bool,
    token_file: Path | None,
    code_host: str | None,
    jobs: int,
    command: tuple[str, ...] | None,
    notify: str | None,
    log_format: LogFormat,
) -> int:
    """Keep clones in DIRECTORY in step with the server at URL.

    It is for search engines, also on other machines, and needs git and nothing else of codehost's. SIGTERM ends it.
    """
    # Whatever holds a secret is taken out of the environment: children inherit it.
    given = os.environ.pop(_TOKEN, None)
    if command is not None and notify is not None:
        raise click.UsageError("--run is for clones, and with --notify none are kept: give one of them.")
    configure_logs(LastingConsole(stderr=True), as_json=log_format is LogFormat.JSON, level="info")
    settings = FollowSettings(
        url=url,
        folder=directory.absolute(),
        once=once,
        token=Token(file=token_file, given=given),
        code_host=code_host,
        jobs=jobs,
        command=command,
        notify=notify,
    )
    in_step = run(consuming.follow(settings))
    if in_step is None:
        return INTERRUPTED if once else OK
    return OK if in_step else SOME_FAILED
