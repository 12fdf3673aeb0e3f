"""``codehost tokens``: who may use the HTTP server."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from codehost.app import tokens as work
from codehost.cli.options import json_option, print_json, run, storage_at, storage_options
from codehost.cli.statuses import OK
from codehost.model.access import Role
from codehost.record.tokens import RecordedToken
from codehost.serve.api.times import moment, moment_if_any
from codehost.terminal.lines import say

_MICROSECONDS = 1_000_000
_MOST_DAYS = 36_500

token_name = click.argument("name")


@click.group()
def tokens() -> None:
    """Make, list and revoke the tokens for codehost serve."""


@tokens.command()
@token_name
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="A reader may clone and look; an admin may change everything, too.",
)
@click.option("--expires", type=click.FloatRange(0, _MOST_DAYS, min_open=True), metavar="DAYS", help="[default: never]")
@storage_options
def add(name: str, role: str, expires: float | None, data_dir: Path, database_url: str | None) -> int:
    """Make the token NAME and print it on standard output. It cannot be shown again."""
    token = run(work.add_token(storage_at(data_dir, database_url), name, Role(role), days=expires))
    click.echo(token)
    until = "" if expires is None else f" for {expires:g} days"
    say(Console(stderr=True), f"{name}: added with the role {role}{until}. This is the only time that it is shown.")
    return OK


@tokens.command("list")
@storage_options
@json_option
def list_(data_dir: Path, database_url: str | None, *, as_json: bool) -> int:
    """List all tokens with their roles, and when they were used."""
    now, found = run(work.all_tokens(storage_at(data_dir, database_url)))
    if as_json:
        print_json({"tokens": [_json(token) for token in found]})
        return OK
    console = Console()
    if not found:
        say(console, "There is no token yet: run codehost tokens add NAME --role admin.")
    for token in found:
        say(console, f"{token.name}: {token.role.value}, {_life(token, now)}, {_use(token)}")
    return OK


@tokens.command()
@token_name
@storage_options
def revoke(name: str, data_dir: Path, database_url: str | None) -> int:
    """Let the token NAME be one no longer."""
    run(work.revoke_token(storage_at(data_dir, database_url), name))
    say(Console(), f"{name}: revoked")
    return OK


def _life(token: RecordedToken, now: int) -> str:
    if token.expires_at is None:
        return "does not expire"
    return f"{'expires' if token.expires_at > now else 'expired'} {_moment(token.expires_at)}"


def _use(token: RecordedToken) -> str:
    return "never used" if token.last_used_at is None else f"last used {_moment(token.last_used_at)}"


def _moment(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / _MICROSECONDS, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _json(token: RecordedToken) -> dict[str, Any]:
    return {
        "name": token.name,
        "role": token.role.value,
        "createdAt": moment(token.created_at),
        "expiresAt": moment_if_any(token.expires_at),
        "lastUsedAt": moment_if_any(token.last_used_at),
    }
