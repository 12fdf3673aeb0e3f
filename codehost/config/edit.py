"""Changes to a document's text that leave everything else as it was written: comments, order, indentation. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from codehost.config.document import DocumentError, blank_comments, parse
from codehost.config.places import Places, Span, find_places

_KEY = "dependencies"
_NEWLINE = re.compile(r"\r\n|\r|\n")
_INDENT = re.compile(r"[ \t]*")
_DEFAULT_UNIT = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """``old`` gives way to ``new``; it is empty where something is only added."""

    old: Span
    new: str


def add_dependencies(text: str, lines: Sequence[str]) -> str:
    """``text``, a valid document, with ``lines`` as new entries at the end of its ``dependencies``.

    The list is made where there is none. Nothing is removed (but a ``null`` in the list's place), and what is added is
    written as its surroundings are: on one line or on many, indented alike, with or without a comma behind the last.

    Raises:
        DocumentError: the text is no document, or not a valid one: no object, or its dependencies are no list.
    """
    if not lines:
        return text
    bare = text.removeprefix("\ufeff")
    entries = [json.dumps(line, ensure_ascii=False) for line in lines]
    new = bare
    for change in sorted(_changes(bare, entries), key=lambda change: change.old, reverse=True):
        start, end = change.old
        new = f"{new[:start]}{change.new}{new[end:]}"
    return f"{text[: len(text) - len(bare)]}{new}"


def _changes(text: str, entries: list[str]) -> list[_Change]:
    document = parse(text)
    value = document.value
    present = value.get(_KEY) if isinstance(value, dict) else value
    if not isinstance(value, dict) or not isinstance(present, list | None):
        raise DocumentError(0, "is no object whose dependencies are a list", "make the document valid first")
    writing = _Writing(
        text=text, uncommented=blank_comments(text), plain=document.plain, places=find_places(document.plain)
    )
    if _KEY not in value:
        return _add_key(writing, entries)
    if present:
        return _extend(writing, entries, len(present))
    span = writing.places.values[_KEY,]
    if present is None:
        return [_Change(old=span, new=_new_list(writing, entries, writing.places.keys[_KEY,][0]))]
    return [_fill(writing, entries, span)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """A text and how it is written. ``uncommented`` has spaces for comments, ``plain`` also for trailing commas."""

    text: str
    uncommented: str
    plain: str
    places: Places

    @property
    def newline(self) -> str:
        """What ends its lines."""
        found = _NEWLINE.search(self.text)
        return found[0] if found else "\n"

    @property
    def unit(self) -> str:
        """One step of indentation: that of the first key, where it stands on a line of its own."""
        first = min(start for start, _ in self.places.keys.values())
        return (self.indent(first) if self.leads(first) else "") or _DEFAULT_UNIT

    @property
    def last_comma(self) -> str:
        """What stands behind the last entry of a list: a comma, if any list or object is written so."""
        return "," if self.plain != self.uncommented else ""

    def has_comma(self, start: int, end: int) -> bool:
        """Whether there is a comma between the two, but for comments."""
        return "," in self.uncommented[start:end]

    def indent(self, offset: int) -> str:
        """The spaces and tabs that the line of ``offset`` starts with."""
        found = _INDENT.match(self.text, self._line_start(offset))
        return found[0] if found else ""

    def leads(self, offset: int) -> bool:
        """Whether only spaces and tabs stand before ``offset`` on its line."""
        return not self.text[self._line_start(offset) : offset].strip(" \t")

    def breaks(self, start: int, end: int) -> bool:
        """Whether a line ends between the two."""
        return _NEWLINE.search(self.text, start, end) is not None

    def content_end(self, start: int, end: int) -> int:
        """Behind the last thing between the two, comments included; ``start`` if there is none."""
        return start + len(self.text[start:end].rstrip())

    def _line_start(self, offset: int) -> int:
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1


def _extend(writing: _Writing, entries: list[str], count: int) -> list[_Change]:
    """The entries behind those of a list that has some, and behind the comments that follow these."""
    values = writing.places.values
    start, end = values[_KEY,]
    last_start, last_end = values[_KEY, count - 1]
    close = end - 1
    if writing.leads(last_start):
        gap = f"{writing.newline}{writing.indent(last_start)}"
    elif writing.breaks(last_end, close):
        step = "" if writing.breaks(start, last_start) else writing.unit
        gap = f"{writing.newline}{writing.indent(last_start)}{step}"
    else:
        before = values[_KEY, count - 2][1] if count > 1 else None
        gap = "" if before is not None and writing.text[before:last_start] == "," else " "
    return _append(writing, [f"{gap}{entry}" for entry in entries], last_end, close)


def _append(writing: _Writing, pieces: list[str], last_end: int, close: int) -> list[_Change]:
    """The pieces between the last entry or member and the bracket that closes, with commas as they are there."""
    tail = writing.content_end(last_end, close)
    if writing.has_comma(last_end, close):
        return [_Change(old=(tail, tail), new="".join(f"{piece}," for piece in pieces))]
    new = ",".join(pieces)
    if tail == last_end:
        return [_Change(old=(tail, tail), new=f",{new}")]
    return [_Change(old=(last_end, last_end), new=","), _Change(old=(tail, tail), new=new)]


def _fill(writing: _Writing, entries: list[str], span: Span) -> _Change:
    """The entries in an empty list, behind its comments."""
    start, close = span[0] + 1, span[1] - 1
    tail = writing.content_end(start, close)
    if not writing.breaks(start, close):
        inner = _inner(writing, entries, writing.places.keys[_KEY,][0])
        space = " " if tail > start and not inner[0].isspace() else ""
        return _Change(old=(tail, tail), new=f"{space}{inner}")
    comment = tail - len(writing.text[start:tail].lstrip())
    is_led = tail > start and writing.leads(comment)
    indent = writing.indent(comment) if is_led else f"{writing.indent(start)}{writing.unit}"
    new = ",".join(f"{writing.newline}{indent}{entry}" for entry in entries)
    return _Change(old=(tail, tail), new=f"{new}{writing.last_comma}")


def _add_key(writing: _Writing, entries: list[str]) -> list[_Change]:
    """The key with its list behind the last member of the document."""
    places = writing.places
    start, end = places.values[()]
    close = end - 1
    members = {path: span for path, span in places.keys.items() if len(path) == 1}
    if not members:
        return [_Change(old=(close, close), new=f'"{_KEY}": [{", ".join(entries)}]')]
    last, (key_start, key_end) = max(members.items(), key=lambda member: member[1])
    value_start, value_end = places.values[last]
    colon = ":" if writing.text[key_end:value_start] == ":" else ": "
    if writing.leads(key_start):
        indent = writing.indent(key_start)
        items = _lines(writing, entries, indent)
        piece = f'{writing.newline}{indent}"{_KEY}"{colon}[{items}]'
    elif writing.breaks(value_end, close):
        indent = f"{writing.indent(start)}{writing.unit}"
        piece = f'{writing.newline}{indent}"{_KEY}"{colon}[{_lines(writing, entries, indent)}]'
    else:
        piece = f' "{_KEY}"{colon}[{", ".join(entries)}]'
    return _append(writing, [piece], value_end, close)


def _new_list(writing: _Writing, entries: list[str], key_start: int) -> str:
    return f"[{_inner(writing, entries, key_start)}]"


def _inner(writing: _Writing, entries: list[str], key_start: int) -> str:
    """What stands between the brackets of a new list, whose key starts at ``key_start``."""
    if writing.leads(key_start):
        return _lines(writing, entries, writing.indent(key_start))
    return ", ".join(entries)


def _lines(writing: _Writing, entries: list[str], indent: str) -> str:
    """Entries on a line each; ``indent`` is that of the line with their list's key."""
    step = f"{writing.newline}{indent}{writing.unit}"
    return f"{step}{f',{step}'.join(entries)}{writing.last_comma}{writing.newline}{indent}"
