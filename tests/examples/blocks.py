"""The examples of a page: its blocks of code, the commands in them, and what they print.

A ``console`` block is a terminal: a command stands behind ``$``, goes on while its lines end in a backslash and through
a here-document, and what it prints follows. ``…`` stands for whatever differs from run to run, and spaces and ends of
lines do not count. A ``sh`` block is a script for another machine.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ANYTHING = "…"
_PROMPT = "$ "
_BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HERE_DOCUMENT = re.compile(r"<<'(\w+)'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of code: its kind, as ``console``, its text, and the line of the page that it begins at."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command as the page has it, and what the page says that it prints; "" says nothing."""

    command: str
    shown: str
    line: int


def blocks(page: str) -> Iterator[Block]:
    """All blocks that name their kind, in order."""
    for found in _BLOCK.finditer(page):
        yield Block(kind=found[1], text=found[2], line=page.count("\n", 0, found.start()) + 2)


def steps(block: Block) -> Iterator[Step]:
    """The commands of a terminal, in order."""
    lines = block.text.splitlines()
    at = 0
    while at < len(lines):
        assert lines[at].startswith(_PROMPT), f"line {block.line + at} is behind no command"
        begun, at = at, _end_of_command(lines, at)
        command = "\n".join(lines[begun:at]).removeprefix(_PROMPT)
        printed = at
        while at < len(lines) and not lines[at].startswith(_PROMPT):
            at += 1
        yield Step(command=command, shown="\n".join(lines[printed:at]), line=block.line + begun)


def _end_of_command(lines: list[str], at: int) -> int:
    while lines[at].endswith("\\"):
        at += 1
    here = _HERE_DOCUMENT.search(lines[at])
    return (lines.index(here[1], at) if here else at) + 1


def prints(shown: str, said: str) -> bool:
    """Whether the page shows what the command has said."""
    parts = ["".join(part.split()) for part in shown.split(ANYTHING)]
    pattern = ".*".join(re.escape(part) for part in parts)
    return re.fullmatch(pattern, "".join(said.split()), re.DOTALL) is not None
