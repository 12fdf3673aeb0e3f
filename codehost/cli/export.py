"""``codehost export``."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from codehost.app import exporting
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.serve.exports import Engine


class _ServerUrl(click.ParamType[Any]):
    """Where ``codehost serve`` is."""

    name = "url"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL without a slash at its end."""
        text = str(value)
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            self.fail("it is no server's address: write for example https://code.example.com/codehost.", param, ctx)
        if "@" in parts.netloc:
            self.fail("a token does not belong on the command line: add it to what is written.", param, ctx)
        return text.rstrip("/")


@click.command()
@click.argument("engine", type=click.Choice([one.value for one in Engine]))
@click.option("--url", type=_ServerUrl(), help="Where codehost serve is. Without it, repositories are read from disk.")
@storage_options
def export(engine: str, url: str | None, data_dir: Path, database_url: str | None) -> int:
    """Write the configuration of a search ENGINE.

    It names every repository that is there, and goes to standard output.
    """
    run(exporting.export(storage_at(data_dir, database_url), Engine(engine), url, sys.stdout.write))
    return OK
