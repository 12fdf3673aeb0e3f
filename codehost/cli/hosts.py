"""``codehost hosts``: code hosts kept in the database."""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console

from codehost.app.host_json import host_to_json
from codehost.app.hosting import DEFAULT_PRIORITY, Hosting, Saved, hosting, states
from codehost.app.keys import Keyring
from codehost.app.storage import Storage
from codehost.cli.editing import Draft
from codehost.cli.keys import key_option, keyring_at
from codehost.cli.options import code_host_name, json_option, name_option, print_json, run, storage_at, storage_options
from codehost.cli.statuses import NOT_VALID, OK, Invalid, complain
from codehost.config.violations import Violation
from codehost.model.records import RecordedCodeHost
from codehost.terminal.counts import counted
from codehost.terminal.hosts import print_host, print_hosts
from codehost.terminal.lines import say

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

_NONE_YET = "There is no code host yet: run codehost hosts add FILE."

host_name = click.argument("name")


@click.group()
def hosts() -> None:
    """Keep code hosts in the database, for codehost worker to follow."""


@hosts.command()
@click.argument("file", type=click.Path(path_type=Path))
@storage_options
@key_option
@name_option
@click.option(
    "--priority", type=int, default=DEFAULT_PRIORITY, show_default=True, help="The smaller number goes first."
)
def add(
    file: Path, data_dir: Path, database_url: str | None, key_file: Path | None, name: str | None, priority: int
) -> int:
    """Add a code host with the configuration FILE. Its secrets are stored encrypted."""
    called, data = code_host_name(name, file), _read(file)
    storage = storage_at(data_dir, database_url)
    keyring = keyring_at(storage, key_file)
    key = keyring.place.file
    had_key = key.exists()
    saved = _work_with(storage, keyring, lambda work: work.add(called, data, priority=priority), may_make=True)
    _refuse(click.format_filename(file), saved.violations)
    if not had_key and key.exists():
        say(Console(), f"{key} holds the key to its secrets. Keep a copy in a safe place, apart from the database's.")
    return _said(called, "added; codehost worker syncs it, and codehost status says how far it is")


@hosts.command()
@host_name
@click.argument("file", type=click.Path(path_type=Path), required=False)
@storage_options
@key_option
def edit(name: str, file: Path | None, data_dir: Path, database_url: str | None, key_file: Path | None) -> int:
    """Give the code host NAME another configuration.

    It is that of FILE; without one, $VISUAL or $EDITOR opens the stored document. REDACTED stands for a secret that is
    stored; leave it there to keep the secret, as long as it belongs to the same URL.
    """
    storage = storage_at(data_dir, database_url)
    keyring = keyring_at(storage, key_file)

    def save(data: bytes, expected: str | None) -> Saved:
        async def work() -> Saved:
            async with hosting(storage, keyring) as opened:
                return await opened.edit(name, data, expected_sha256=expected)

        return run(work())

    if file is not None:
        saved = save(_read(file), None)
        _refuse(click.format_filename(file), saved.violations)
        return _said(name, "changed" if saved.changed else "nothing is changed")
    host = _shown(storage, key_file, name)
    with Draft(name, host.document) as draft:
        while (data := draft.edited()) is not None:
            saved = save(data, host.document_sha256)
            if not saved.violations:
                draft.done()
                return _said(name, "changed" if saved.changed else "nothing is changed")
            _print_violations(click.format_filename(draft.file), saved.violations)
            if not sys.stdin.isatty() or not click.confirm("Edit it again?", default=True, err=True):
                return NOT_VALID
        draft.done()
    return _said(name, "nothing is changed")


@hosts.command("list")
@storage_options
@json_option
def list_(data_dir: Path, database_url: str | None, *, as_json: bool) -> int:
    """List all code hosts, the one with the smallest priority first."""
    storage = storage_at(data_dir, database_url)
    found = run(states(storage, keyring_at(storage, None)))
    if as_json:
        print_json({"codeHosts": [host_to_json(state, with_document=False) for state in found]})
        return OK
    console = Console()
    if not found:
        say(console, _NONE_YET)
    print_hosts(console, found)
    return OK


@hosts.command()
@host_name
@storage_options
@json_option
def show(name: str, data_dir: Path, database_url: str | None, *, as_json: bool) -> int:
    """Show the state of the code host NAME and its document.

    REDACTED stands for each of its secrets.
    """
    state = _work(storage_at(data_dir, database_url), None, lambda work: work.show(name))
    if as_json:
        print_json(host_to_json(state, with_document=True))
    else:
        print_host(Console(), state)
    return OK


@hosts.command()
@host_name
@storage_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, data_dir: Path, database_url: str | None, *, yes: bool) -> int:
    """Remove the code host NAME with all its repositories.

    Workers take them away when their --grace has passed. Until then, adding the name again brings them back.
    """
    storage = storage_at(data_dir, database_url)
    state = _work(storage, None, lambda work: work.show(name))
    number = sum(state.counts.values()) + state.retired
    if not yes and not _agreed(f"Remove {name} and its {counted(number, 'release')}?"):
        return _said(name, "nothing is changed")
    _work(storage, None, lambda work: work.remove(name))
    later = "; codehost worker takes its repositories away when its --grace has passed"
    return _said(name, f"removed{later if number else ''}")


@hosts.command()
@host_name
@storage_options
def pause(name: str, data_dir: Path, database_url: str | None) -> int:
    """Let the jobs of the code host NAME wait. What is in hand is finished."""
    _work(storage_at(data_dir, database_url), None, lambda work: work.pause(name))
    return _said(name, "paused")


@hosts.command()
@host_name
@storage_options
def resume(name: str, data_dir: Path, database_url: str | None) -> int:
    """Let the jobs of the code host NAME go on."""
    _work(storage_at(data_dir, database_url), None, lambda work: work.resume(name))
    return _said(name, "goes on")


@hosts.command()
@host_name
@storage_options
def sync(name: str, data_dir: Path, database_url: str | None) -> int:
    """Plan the code host NAME now, and try again what failed.

    Workers do it. They plan by themselves when its document changes.
    """
    _work(storage_at(data_dir, database_url), None, lambda work: work.request_sync(name))
    return _said(name, "a worker will plan it next, and try again what failed")


@hosts.command()
@host_name
@storage_options
def confirm(name: str, data_dir: Path, database_url: str | None) -> int:
    """Let the document of NAME retire many releases at once.

    Workers refuse to follow a document that would retire more than ten releases and more than a fifth of all. This
    allows it for the document as it is now.
    """
    _work(storage_at(data_dir, database_url), None, lambda work: work.confirm_removal(name))
    return _said(name, "its removals are confirmed, for the document as it is now")


@hosts.command()
@host_name
@click.argument("number", type=int)
@storage_options
def priority(name: str, number: int, data_dir: Path, database_url: str | None) -> int:
    """Give the code host NAME the priority NUMBER. The smaller number goes first."""
    _work(storage_at(data_dir, database_url), None, lambda work: work.set_priority(name, number))
    return _said(name, f"has priority {number}")


def _work(storage: Storage, key_file: Path | None, what: Callable[[Hosting], Awaitable[T]]) -> T:
    """Do one thing to the code hosts in the database."""
    return _work_with(storage, keyring_at(storage, key_file), what)


def _work_with(
    storage: Storage, keyring: Keyring, what: Callable[[Hosting], Awaitable[T]], *, may_make: bool = False
) -> T:
    async def work() -> T:
        async with hosting(storage, keyring, may_make=may_make) as opened:
            return await what(opened)

    return run(work())


def _shown(storage: Storage, key_file: Path | None, name: str) -> RecordedCodeHost:
    return _work(storage, key_file, lambda work: work.show(name)).host


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        complain(f"codehost: {file} cannot be read ({error.strerror}): check the path and its permissions.")
        raise Invalid from error


def _agreed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        # Ctrl-C is an answer; where nobody sits, the command line is the place for it.
        if sys.stdin.isatty():
            raise
        raise click.UsageError("There is nobody to ask: give --yes if that is meant.") from None


def _refuse(file: str, violations: tuple[Violation, ...]) -> None:
    if violations:
        _print_violations(file, violations)
        raise Invalid


def _print_violations(file: str, violations: tuple[Violation, ...]) -> None:
    for violation in violations:
        complain(f"{file}:{violation.line}:{violation.column}: {violation.without_place}")
    complain(f"{file}: {len(violations)} {'mistake' if len(violations) == 1 else 'mistakes'}")


def _said(name: str, what: str) -> int:
    say(Console(), f"{name}: {what}")
    return OK
