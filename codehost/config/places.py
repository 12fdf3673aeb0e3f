"""Where the values of a document stand. Built only when there is something to point at."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from codehost.config.secrecy import shown_pointer
from codehost.config.showing import shown_key_of, shown_piece, shown_value
from codehost.config.tokens import TOKEN, Role, Walker
from codehost.config.violations import MAX_WORDS, Finding, Path, Violation
from codehost.model.texts import printable

_NEWLINE = re.compile(r"\r\n|\r|\n")

Span = tuple[int, int]


class Lines:
    """Lines and columns of a text, counted from 1; a line ends with LF, CR LF or CR."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(newline.end() for newline in _NEWLINE.finditer(text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at ``offset``."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Spans (start, end) in a document, by path; of a key that occurs twice, those of the last.

    ``repeats`` holds every key that its object has already: its path, the first span and its own.
    """

    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    repeats: list[tuple[Path, Span, Span]] = field(default_factory=list)


def find_places(plain: str) -> Places:
    """The places of everything in ``plain``, which must be valid JSON. Does not recurse."""
    places, walker = Places(), Walker()
    # For every object and array that is not closed yet: where it starts, and its keys.
    starts: list[int] = []
    seen: list[dict[Path, Span]] = []
    for token in TOKEN.finditer(plain):
        role, path = walker.take(token[0])
        match role:
            case Role.OPEN:
                starts.append(token.start())
                seen.append({})
            case Role.CLOSE:
                places.values[path] = (starts.pop(), token.end())
                seen.pop()
            case Role.KEY:
                _enter_key(path, token.span(), seen[-1], places)
            case Role.VALUE:
                places.values[path] = token.span()
    return places


def locate(text: str, plain: str, findings: Iterable[Finding]) -> list[Violation]:
    """The findings as violations, with the repeated keys of the document added."""
    places, lines = find_places(plain), Lines(text)
    located = [_locate(finding, plain, places, lines) for finding in findings]
    for path, (first, _), (start, _) in places.repeats:
        problem = f"is a key that line {lines.place(first)[0]} has already"
        located.append(_violation(path, lines.place(start), shown_key_of(path), problem, "keep one of the two"))
    return located


def at_offset(text: str, offset: int, problem: str, hint: str) -> Violation:
    """A violation of the document as a whole, at a place in its text."""
    line, column = Lines(text).place(offset)
    return Violation(
        pointer="",
        line=line,
        column=column,
        text=shown_piece(text, offset),
        problem=printable(problem, MAX_WORDS),
        hint=hint,
    )


def _enter_key(path: Path, span: Span, seen: dict[Path, Span], places: Places) -> None:
    if path in seen:
        places.repeats.append((path, seen[path], span))
    seen.setdefault(path, span)
    places.keys[path] = span


def _locate(finding: Finding, plain: str, places: Places, lines: Lines) -> Violation:
    path, problem = finding.path, finding.problem
    if finding.first is not None:
        problem += f" on line {lines.place(places.values[finding.first][0])[0]}"
    if finding.at_key:
        return _violation(path, lines.place(places.keys[path][0]), shown_key_of(path), problem, finding.hint)
    start, end = places.values[path]
    # An object at the root is the document itself: its beginning tells nothing.
    text = "" if not path and plain[start] == "{" else shown_value(plain, start, end, path)
    return _violation(path, lines.place(start), text, problem, finding.hint)


def _violation(path: Path, place: tuple[int, int], text: str, problem: str, hint: str) -> Violation:
    return Violation(
        pointer=printable(shown_pointer(path), MAX_WORDS),
        line=place[0],
        column=place[1],
        text=text,
        problem=printable(problem, MAX_WORDS),
        hint=printable(hint, MAX_WORDS),
    )
