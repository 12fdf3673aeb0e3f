"""``codehost search``."""

import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

import click
import msgspec
from packaging.utils import canonicalize_name
from rich.console import Console
from rich.text import Text

from codehost.app import searching
from codehost.cli.options import run, storage_at, storage_options
from codehost.cli.statuses import OK, SOME_FAILED, Invalid, complain
from codehost.model.searching import (
    DEFAULT_LINES,
    DEFAULT_SECONDS,
    MOST_CONTEXT,
    QueryError,
    RepositoryHits,
    Searched,
    SearchRequest,
    SearchScope,
)
from codehost.record.texts import storable
from codehost.search.scope import UnknownScopeError
from codehost.serve.api.search_shapes import repository_of, statistics_of
from codehost.terminal import found
from codehost.terminal.lines import LastingConsole, say

_MOST_SECONDS = 3_600.0

Events = AsyncGenerator[RepositoryHits | Searched, None]
Show = Callable[[RepositoryHits | Searched], None]


@click.command()
@click.argument("query")
@click.option("--project", "projects", metavar="P", multiple=True, help="Only of this project. Repeatable.")
@click.option("--version", metavar="V", help="Only releases of this version.")
@click.option("--code-host", metavar="H", help="Only of this code host.")
@click.option("--all-versions", is_flag=True, help="Every release, not only each project's newest.")
@click.option("--lines", type=click.IntRange(min=1), default=DEFAULT_LINES, show_default=True, help="At most so many.")
@click.option("--lines-each", type=click.IntRange(min=1), help="At most so many of one file.")
@click.option("--context", type=click.IntRange(0, MOST_CONTEXT), default=0, help="So many lines around each.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, _MOST_SECONDS, min_open=True),
    default=DEFAULT_SECONDS,
    show_default=True,
    help="At most so long.",
)
@click.option("--files", is_flag=True, help="Name the files only.")
@click.option("--json", "as_json", is_flag=True, help="Print an object for each repository, a line each.")
@storage_options
def search(
    query: str,
    data_dir: Path,
    database_url: str | None,
    *,
    projects: tuple[str, ...],
    version: str | None,
    code_host: str | None,
    lines: int,
    lines_each: int | None,
    context: int,
    seconds: float,
    all_versions: bool,
    files: bool,
    as_json: bool,
) -> int:
    """Search the files of all repositories.

    Words, regular expressions, file:, repo:, lang:, case:, or, parentheses and - for not. Exit status 1 if nothing was
    found.
    """
    if files and as_json:
        raise click.UsageError("--files is for people and --json for programs: give one of them.")
    request = SearchRequest(
        query=query,
        scope=SearchScope(
            # A command line may hold bytes that are no text.
            code_host=_text(code_host),
            projects=tuple(canonicalize_name(storable(project)) for project in projects),
            version=_text(version),
            latest=not all_versions,
        ),
        lines=lines,
        # Of each file that is only named, one line is enough to know it.
        lines_each=1 if files and lines_each is None else lines_each,
        context=0 if files else context,
        seconds=seconds,
    )
    events = searching.search(storage_at(data_dir, database_url), request)
    try:
        return OK if run(_show_all(events, _json if as_json else _shower(files=files))) else SOME_FAILED
    except QueryError as error:
        complain(f"codehost: {error}")
        for line in found.pointed(error):
            complain(line)
        raise Invalid from error
    except UnknownScopeError as error:
        complain(f"codehost: {error}")
        raise Invalid from error


def _text(given: str | None) -> str | None:
    return None if given is None else storable(given)


async def _show_all(events: Events, show: Show) -> bool:
    """Show what is found as it comes; returns whether there was anything."""
    any_found = False
    async with aclosing(events):
        async for event in events:
            any_found = any_found or isinstance(event, RepositoryHits)
            try:
                show(event)
            except BrokenPipeError:
                # Whoever reads has seen enough, as head does. Python would complain at its end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                break
    return any_found


def _json(event: RepositoryHits | Searched) -> None:
    line: object = (
        {"statistics": statistics_of(event)}
        if isinstance(event, Searched)
        else {"repository": repository_of(event, root=None)}
    )
    click.echo(msgspec.json.encode(line))


def _shower(*, files: bool) -> Show:
    console, aside = Console(), LastingConsole(stderr=True)

    def show(event: RepositoryHits | Searched) -> None:
        if isinstance(event, Searched):
            for line in found.ended(event, files_only=files):
                say(aside, line)
        elif console.is_terminal:
            _paint(console, found.coloured_names(event) if files else found.coloured(event))
        else:
            # As UTF-8, whatever the locale: what was found may hold any character.
            click.echo("\n".join(found.names(event) if files else found.plain(event)).encode())

    return show


def _paint(console: Console, lines: Iterable[Text]) -> None:
    for line in lines:
        console.print(line, soft_wrap=True)
