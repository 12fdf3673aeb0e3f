"""Queries made at random, and what they should find, worked out another way: on characters, by Python's own ``re``.

Only patterns are made that ``re`` and RE2 read alike.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codehost.model.searching import FileHits, LineHit, Span
from codehost.search.query.languages import language

Range = tuple[int, int]
_TEXTS = ["foo", "ba", "o", "Foo", "é", "x_", "z z"]
_LOOSE = [".", "[abo]", "[^x]", r"\d", "o+", "b?", "(a|oo)", r"\n", "(?:f|b)", "a{1,2}", " "]
_LINES = ["foo bar", "Foo", "", "o\r", "baa baaz", "x_éé", "é foo", "z zz z", "xoo1ba2", "fooFooFOO", "\ufffd"]
_PATHS = ["foo.py", "src/Foo.txt", "bar/baa", "é/o", "x_1.c", "run"]
REPOSITORY = "python/foo/1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A query: its text, and what it finds in a document of that path and content."""

    text: str
    find: Callable[[str, str], FileHits | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Whether it holds, and the matches it then shows: in the content, and in the path."""

    text: str
    holds: Callable[[str, str], bool]
    shows: Callable[[str, str], tuple[list[Range], list[Range]]]


def made(rng: random.Random) -> Made:
    """The next query."""
    case = rng.choice(["", "", "case:yes ", "case:no "])
    part = _part(rng, case, 3)

    def find(path: str, content: str) -> FileHits | None:
        if not part.holds(path, content):
            return None
        return _hits(path, content, *part.shows(path, content))

    return Made(text=case + part.text, find=find)


def document(rng: random.Random) -> tuple[str, str]:
    """A path and a content; either as text, with U+FFFD for a byte that is no character."""
    lines = rng.choices(_LINES, k=rng.randrange(1, 6))
    content = "\n".join(lines) + rng.choice(["", "\n"])
    return rng.choice(_PATHS), content if len(content.encode()) > 2 else f"{content}pad"


def soup(rng: random.Random) -> str:
    """Text that is a query only by chance."""
    pieces = [
        *'()-"\\ \n\t|*+?.[]{}^$a:i',
        "or",
        "case:yes",
        "f:",
        "r:",
        "lang:c",
        "(?i)",
        "(?s:",
        r"\b",
        r"\Q",
        "é",
        "x{2}",
    ]
    return "".join(rng.choices(pieces, k=rng.randrange(1, 14)))


def _part(rng: random.Random, case: str, depth: int) -> _Part:
    kind = rng.randrange(6) if depth else 0
    if kind == 0:
        return _atom(rng, case)
    if kind == 1:
        return _negated(_atom(rng, case))
    parts = [_part(rng, case, depth - 1) for _ in range(rng.randrange(2, 4))]
    return _all(parts) if kind % 2 else _any(parts)


def _all(parts: list[_Part]) -> _Part:
    return _Part(
        text=f"( {' '.join(part.text for part in parts)} )",
        holds=lambda path, content: all(part.holds(path, content) for part in parts),
        shows=lambda path, content: _together(part.shows(path, content) for part in parts),
    )


def _any(parts: list[_Part]) -> _Part:
    return _Part(
        text=f"( {' or '.join(part.text for part in parts)} )",
        holds=lambda path, content: any(part.holds(path, content) for part in parts),
        shows=lambda path, content: _together(part.shows(path, content) for part in parts if part.holds(path, content)),
    )


def _negated(part: _Part) -> _Part:
    return _Part(
        text=f"-{part.text}",
        holds=lambda path, content: not part.holds(path, content),
        shows=lambda _path, _content: ([], []),
    )


def _together(shown: Iterator[tuple[list[Range], list[Range]]]) -> tuple[list[Range], list[Range]]:
    contents: list[Range] = []
    names: list[Range] = []
    for content, name in shown:
        contents += content
        names += name
    return contents, names


def _atom(rng: random.Random, case: str) -> _Part:
    if rng.random() < 0.1:
        name = rng.choice(["Python", "C", "Text"])
        return _Part(
            text=f"lang:{name.lower()}",
            holds=lambda path, content: language(path.encode(), content.encode()) == name,
            shows=lambda _path, _content: ([], []),
        )
    pattern = _pattern(rng)
    folds = case == "case:no " or (not case and not re.search("[A-Z]", pattern))
    regexp = re.compile(pattern, re.MULTILINE | (re.IGNORECASE if folds else re.NOFLAG))
    field = rng.choice(["", "", "content:", "file:"])

    def shows(path: str, content: str) -> tuple[list[Range], list[Range]]:
        lines = [] if field == "file:" else [found.span() for found in regexp.finditer(content)]
        return lines, [] if field == "content:" else [found.span() for found in regexp.finditer(path)]

    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return _Part(text=f'{field}"{quoted}"', holds=lambda path, content: any(shows(path, content)), shows=shows)


def _pattern(rng: random.Random) -> str:
    pieces = [rng.choice(_TEXTS), *rng.choices(_LOOSE, k=rng.randrange(3))]
    rng.shuffle(pieces)
    return rng.choice(["", "", "^"]) + "".join(pieces) + rng.choice(["", "", "$"])


def _hits(path: str, content: str, contents: list[Range], names: list[Range]) -> FileHits:
    lines: list[LineHit] = []
    begin = 0
    kept = _apart(contents)
    for number, raw in enumerate(content.split("\n"), 1):
        pieces = [(max(start - begin, 0), min(end - begin, len(raw))) for start, end in kept]
        text = raw.removesuffix("\r")
        if any(start < end for start, end in pieces):
            spans = tuple(Span(start=a, end=min(b, len(text))) for a, b in pieces if a < min(b, len(text)))
            lines.append(LineHit(number=number, text=text, spans=spans))
        begin += len(raw) + 1
    named = language(path.encode(), content.encode())
    if lines:
        return FileHits(path=path, language=named, lines=tuple(lines))
    spans = tuple(Span(start=start, end=end) for start, end in _apart(names) or [(0, len(path))])
    return FileHits(path=path, language=named, name_spans=spans)


def _apart(ranges: list[Range]) -> list[Range]:
    kept: list[Range] = []
    for start, end in sorted(ranges, key=lambda one: (one[0], -one[1])):
        if not kept or kept[-1][1] <= start:
            kept.append((start, end))
    return kept
