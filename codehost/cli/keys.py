"""``codehost keys``: the keys that the secrets of stored documents are encrypted with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from codehost.app import keys as keys_of
from codehost.app.keys import KEY_FILE_VARIABLE, KEY_VARIABLE, Keyring
from codehost.app.storage import Storage
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.terminal.counts import counted
from codehost.terminal.lines import say

F = TypeVar("F", bound=Callable[..., Any])


def key_option(command: F) -> F:
    """``--key-file``."""
    return click.option(
        "--key-file",
        type=click.Path(path_type=Path),
        envvar=KEY_FILE_VARIABLE,
        show_envvar=True,
        help=f"Where the keys for secrets are, newest first, unless {KEY_VARIABLE} holds them. [default: key in the"
        " data directory]",
    )(command)


def keyring_at(storage: Storage, key_file: Path | None) -> Keyring:
    """The keys that the environment or the key option give."""
    return Keyring(keys_of.key_place(storage, storage.keys, None if key_file is None else key_file.absolute()))


@click.group()
def keys() -> None:
    """Make and replace the keys to stored secrets.

    The secrets of documents that codehost hosts and codehost worker store are encrypted with them.
    """


@keys.command()
@storage_options
@key_option
@click.option(
    "--print", "as_text", is_flag=True, help=f"Print a key for {KEY_VARIABLE} on standard output, and write no file."
)
def new(data_dir: Path, database_url: str | None, key_file: Path | None, *, as_text: bool) -> int:
    """Make a key, and put it in front of those in the key file."""
    if as_text:
        click.echo(keys_of.new_key())
        return OK
    file = keyring_at(storage_at(data_dir, database_url), key_file).place.file
    count = keys_of.write_new_key(file)
    console = Console()
    say(console, f"{file} holds {counted(count, 'key')}; only this user may read it. Keep a copy in a safe place.")
    if count > 1:
        say(console, "codehost keys rotate encrypts all secrets with the newest; older keys are needed until then.")
    return OK


@keys.command()
@storage_options
@key_option
def rotate(data_dir: Path, database_url: str | None, key_file: Path | None) -> int:
    """Encrypt all secrets in the database with the newest key."""
    storage = storage_at(data_dir, database_url)
    count = run(keys_of.rotate(storage, keyring_at(storage, key_file)))
    what = "secret is" if count == 1 else "secrets are"
    say(Console(), f"{count} {what} encrypted with the newest key; older keys can be taken away.")
    return OK
