"""What ``codehost init`` and ``codehost import`` say."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console

from codehost.terminal.lines import say


class ReadFrom(Protocol):
    """A file that was imported."""

    @property
    def path(self) -> str:
        """As it was named."""
        ...

    @property
    def format(self) -> str:
        """What it was taken for."""
        ...


def print_started(console: Console, file: Path, sources: Sequence[str], notes: Iterable[str]) -> None:
    """Where the starter configuration is, what it was made from, and what is left to do."""
    said = ", ".join(sources) if sources else "no settings of pip or uv were found"
    say(console, f"{file} written, from: {said}" if sources else f"{file} written; {said}")
    for note in notes:
        say(console, f"  {note}")
    say(console, f"Next: codehost import requirements.txt --update {file}")
    say(console, f"      codehost check {file}")


def print_imported(
    console: Console,
    files: Iterable[ReadFrom],
    pins: int,
    left_out: Sequence[object],
    warnings: Iterable[object] = (),
) -> None:
    """What each file was taken for, what was left out and why, and what to look out for."""
    for file in files:
        say(console, f"{file.path}: read as {file.format}")
    for left in left_out:
        say(console, f"  left out: {left}")
    say(console, f"{pins} {'pin' if pins == 1 else 'pins'} found, {len(left_out)} left out")
    for warning in warnings:
        say(console, f"WARNING: {warning}")


def print_updated(console: Console, document: Path, added: Sequence[str], known: int) -> None:
    """What came into the document."""
    for line in added:
        say(console, f"  + {line}")
    there = f"; {known} already there" if known else ""
    if added:
        say(console, f"{document}: {len(added)} added{there}")
    else:
        say(console, f"{document}: nothing to add{there}")
