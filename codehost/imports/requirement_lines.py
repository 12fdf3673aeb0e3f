"""The lines of a requirements file as pip cuts them (pip's documentation: requirements file format).

Own code, because the libraries for it give no line numbers or have not been kept up with pip for years.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

_COMMENT = re.compile(r"(?:^|\s)#.*\Z", re.DOTALL)
_COMMENT_LINE = re.compile(r"\s*#")
_FIRST_OPTION = re.compile(r"(?:^|\s)-")
_MAX_OPTIONS = 4_096

_LONG_NAMES = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
    "-C": "--config-settings",
}
_WITH_VALUE = frozenset(
    {
        *_LONG_NAMES.values(),
        "--extra-index-url",
        "--pypi-url",
        "--trusted-host",
        "--no-binary",
        "--only-binary",
        "--use-feature",
        "--hash",
        "--config-setting",
        "--global-option",
        "--install-option",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option by its long name. ``value`` is None where there is none."""

    name: str
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A logical line. ``number`` is that of its first line in the file, from 1.

    It has a requirement or options. ``options`` is None where they cannot be told apart (an open quote) or are longer
    than 4,096 characters.
    """

    number: int
    text: str
    requirement: str = ""
    options: tuple[Option, ...] | None = ()


def lines_of(text: str) -> Iterator[Line]:
    """The lines that say something."""
    for number, joined in _joined(text.splitlines()):
        line = _COMMENT.sub("", joined).strip()
        if line:
            yield _cut(number, line)


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    # Lines are joined first and comments are taken away afterwards; but a comment ends what it continues.
    parts: list[str] = []
    first = 0
    for number, line in enumerate(lines, start=1):
        first = first if parts else number
        comment = _COMMENT_LINE.match(line)
        if line.endswith("\\") and not comment:
            parts.append(line.rstrip("\\"))
            continue
        yield first, "".join([*parts, f" {line}" if comment else line])
        parts = []
    if parts:
        yield first, "".join(parts)


def _cut(number: int, line: str) -> Line:
    dash = _FIRST_OPTION.search(line)
    requirement = (line[: dash.start()] if dash else line).strip()
    if requirement or not dash:
        # Behind a requirement come its hashes and settings of its build: nothing that changes which release it is.
        return Line(number=number, text=line, requirement=requirement)
    # shlex takes time in proportion to the square of a word's length.
    if len(line) > _MAX_OPTIONS:
        return Line(number=number, text=line, options=None)
    try:
        words = shlex.split(line)
    except ValueError:
        return Line(number=number, text=line, options=None)
    return Line(number=number, text=line, options=tuple(_options(words)))


def _options(words: list[str]) -> Iterator[Option]:
    rest = iter(words)
    for word in rest:
        if not word.startswith("-"):
            continue  # the value of an option that is not known to have one
        name, value = _name_and_value(word)
        if value is None and name in _WITH_VALUE:
            value = next(rest, None)
        yield Option(name=name, value=value)


def _name_and_value(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    # A short option may have its value right behind it: "-rbase.txt".
    return _LONG_NAMES.get(word[:2], word[:2]), word[2:] or None
