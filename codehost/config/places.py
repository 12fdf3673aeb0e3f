"""Where the values of a document stand. Built only when there is something to point at."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from codehost.config.secrecy import mask, shown_rest, shown_value
from codehost.config.violations import Finding, Path, Violation, pointer_of, printable

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]|[^\s"\[\]{},:]+', re.DOTALL)
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


@dataclass(slots=True, kw_only=True)
class _Container:
    """An object or array whose closing bracket has not come yet. ``step`` is None where an object's key comes next."""

    path: Path
    start: int
    step: str | int | None
    seen: dict[str, Span] = field(default_factory=dict)

    def inner(self) -> Path:
        return self.path if self.step is None else (*self.path, self.step)


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
    places = Places()
    open_containers: list[_Container] = []
    for token in _TOKEN.finditer(plain):
        inside = open_containers[-1] if open_containers else None
        match token[0][0]:
            case "{" | "[" as bracket:
                path = inside.inner() if inside else ()
                step = 0 if bracket == "[" else None
                open_containers.append(_Container(path=path, start=token.start(), step=step))
            case "}" | "]":
                closed = open_containers.pop()
                places.values[closed.path] = (closed.start, token.end())
            case ",":
                _next_step(inside)
            case _ if inside and inside.step is None:
                _enter_key(inside, token, places)
            case _:
                places.values[inside.inner() if inside else ()] = token.span()
    return places


def locate(text: str, plain: str, findings: Iterable[Finding]) -> list[Violation]:
    """The findings as violations, with the repeated keys of the document added."""
    places, lines = find_places(plain), Lines(text)
    located = [_locate(finding, plain, places, lines) for finding in findings]
    for path, (first, _), (start, end) in places.repeats:
        problem = f"is a key that line {lines.place(first)[0]} has already"
        located.append(_violation(path, (start, end), plain, lines, problem, "keep one of the two"))
    return located


def at_offset(text: str, offset: int, problem: str, hint: str) -> Violation:
    """A violation of the document as a whole, at a place in its text."""
    line, column = Lines(text).place(offset)
    return Violation(
        pointer="", line=line, column=column, text=shown_rest(text, offset), problem=printable(problem), hint=hint
    )


def _enter_key(container: _Container, token: re.Match[str], places: Places) -> None:
    key: str = json.loads(token[0])
    container.step = key
    path, span = container.inner(), token.span()
    if key in container.seen:
        places.repeats.append((path, container.seen[key], span))
    container.seen.setdefault(key, span)
    places.keys[path] = span


def _next_step(container: _Container | None) -> None:
    if container is None:
        return
    container.step = container.step + 1 if isinstance(container.step, int) else None


def _locate(finding: Finding, plain: str, places: Places, lines: Lines) -> Violation:
    spans = places.keys if finding.at_key else places.values
    problem = finding.problem
    if finding.first is not None:
        problem += f" on line {lines.place(places.values[finding.first][0])[0]}"
    return _violation(finding.path, spans[finding.path], plain, lines, problem, finding.hint)


def _violation(path: Path, span: Span, plain: str, lines: Lines, problem: str, hint: str) -> Violation:
    line, column = lines.place(span[0])
    # An object at the root is the document itself: its beginning tells nothing.
    text = "" if not path and plain[span[0]] == "{" else shown_value(plain, *span)
    return Violation(
        pointer=printable(pointer_of(tuple(mask(step) if isinstance(step, str) else step for step in path))),
        line=line,
        column=column,
        text=text,
        problem=printable(problem),
        hint=printable(hint),
    )
