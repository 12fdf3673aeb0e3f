"""What several commands take: the configuration file, where state is, the code host's name, JSON."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from codehost.app.documents import Loaded, read_config, read_usable_config
from codehost.app.keys import KEY_VARIABLE
from codehost.app.storage import Storage
from codehost.cli.statuses import Invalid, complain
from codehost.model.codehosts import MAX_NAME, is_name
from codehost.model.datadir import DataDirectory
from codehost.model.errors import UserError

_DATABASE_URL = "CODEHOST_DATABASE_URL"

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

config_file = click.argument("file", type=click.Path(path_type=Path))
name_option = click.option(
    "--name", metavar="NAME", help="The code host's name. [default: the file's name without its ending]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one object on standard output.")


class ServerUrl(click.ParamType[Any]):
    """Where a server is. ``advice`` says where a token belongs; ``example`` is what somebody could write."""

    name = "url"

    def __init__(self, advice: str, example: str = "https://code.example.com/codehost") -> None:
        self._advice = advice
        self._example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The URL without a slash at its end."""
        text = str(value)
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            self.fail(f"it is no server's address: write for example {self._example}.", param, ctx)
        if "@" in parts.netloc:
            self.fail(f"a token does not belong on the command line: {self._advice}.", param, ctx)
        return text.rstrip("/")


def storage_options(command: F) -> F:
    """``--data-dir`` and ``--database-url``."""
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
        metavar="URL",
        envvar=_DATABASE_URL,
        show_envvar=True,
        help="postgresql://user@host/name instead of SQLite. A password belongs into the environment variable.",
    )
    return data_dir(database_url(command))


def storage_at(data_dir: Path, database_url: str | None) -> Storage:
    """What the storage options name, and the keys that the environment gives.

    Whatever of the environment may hold a secret is taken out of it: children inherit it.
    """
    os.environ.pop(_DATABASE_URL, None)
    keys = os.environ.pop(KEY_VARIABLE, None)
    return Storage(data=DataDirectory(data_dir.absolute()), database_url=database_url or None, keys=keys)


def code_host_name(name: str | None, file: Path) -> str:
    """The name that was given, or the file's without its ending.

    Raises:
        BadParameter: no code host can have it.
    """
    name = file.stem if name is None else name
    if not is_name(name):
        raise click.BadParameter(
            f"{name!r} cannot be a code host's name: give printable characters, at most {MAX_NAME}.",
            param_hint="--name",
        )
    return name


def load(file: Path, *, usable: bool) -> Loaded:
    """Read the configuration file, ``usable`` with the secrets that it refers to; print what is wrong with it.

    Raises:
        Invalid: it cannot be read or is not valid.
    """
    try:
        loaded = read_usable_config(file) if usable else read_config(file)
    except UserError as error:
        complain(f"codehost: {error}")
        raise Invalid from error
    if loaded.violations:
        for violation in loaded.violations:
            place = f"{click.format_filename(file)}:{violation.line}:{violation.column}"
            complain(f"{place}: {violation.without_place}")
        count = len(loaded.violations)
        complain(f"{click.format_filename(file)}: {count} {'mistake' if count == 1 else 'mistakes'}")
        raise Invalid
    return loaded


def print_json(value: object) -> None:
    """One JSON object on standard output, for other programs."""
    click.echo(json.dumps(value, indent=2))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do the work in an event loop. Where nothing else sees to SIGINT, it ends the work and the command."""
    return asyncio.run(work)
