"""Matches, in bytes, to lines and spans, in characters."""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import chain, groupby, takewhile
from operator import itemgetter
from sys import getsizeof
from typing import NamedTuple

from codehost.model.searching import LineHit, Span
from codehost.search.query.bounds import UNBOUND, Bounds, Piece

# So many characters of a line are told, and so many of them before its first match.
LONGEST = 1_000
_LEAD = 100
# What an interpreter takes for a hit and for a span of it, besides texts.
_EACH_LINE = 300
_EACH_SPAN = 120


def without_overlaps(matches: Iterable[Iterable[Piece]]) -> Iterator[Piece]:
    """Of the matches of several parts of a query, those that stay: the earlier, and the longer of two that begin alike.

    Each part's are in order. What overlaps one that stays is dropped whole, not merged: so does Zoekt.
    """
    free = 0
    for start, end in merge(*matches, key=lambda match: (match[0], -match[1])):
        if start >= free:
            free = end
            yield start, end


def spans(text: bytes, pieces: Iterable[Piece]) -> tuple[Span, ...]:
    """``pieces`` of ``text``, which is UTF-8, in characters; in order; what is empty or behind the end is left out."""
    if text.isascii():
        clipped = ((start, min(end, len(text))) for start, end in pieces)
        return tuple(Span(start=start, end=end) for start, end in clipped if start < end)
    found: list[Span] = []
    bytes_before, characters_before = 0, 0
    for start, end in pieces:
        first = characters_before + len(text[bytes_before:start].decode())
        bytes_before, characters_before = min(end, len(text)), first + len(text[start:end].decode())
        if first < characters_before:
            found.append(Span(start=first, end=characters_before))
    return tuple(found)


def line_hits(content: bytes, matches: Iterable[Piece], bounds: Bounds = UNBOUND) -> tuple[tuple[LineHit, ...], bool]:
    r"""The lines of ``content`` that ``matches`` touch, and whether there are more than ``bounds`` let pass.

    ``content`` is UTF-8; ``matches`` are in order, without overlaps. One that goes over several lines counts for each
    of them of which it holds more than the line's end. ``\r\n`` is an end too; no span reaches into it.
    """
    found: list[LineHit] = []
    taken = 0
    for number, pieces in groupby(_on_lines(content, matches), key=itemgetter(0)):
        if len(found) == bounds.lines or (bounds.memory_bytes is not None and taken >= bounds.memory_bytes):
            return tuple(found), True
        found.append(_hit(content, number, (piece for _, piece in pieces), bounds.context))
        taken += memory_bytes(found[-1])
    return tuple(found), False


def memory_bytes(line: LineHit) -> int:
    """About how much memory a hit takes."""
    texts = (line.text, *line.before, *line.after)
    return _EACH_LINE + _EACH_SPAN * len(line.spans) + sum(map(getsizeof, texts))


def _on_lines(content: bytes, matches: Iterable[Piece]) -> Iterator[tuple[int, Piece]]:
    """The line's number, and the part of the content, for each line that a match holds a part of."""
    # The line is left only when a match is behind it: to look for its ends at every match is quadratic in long lines.
    number, begin, stop = 1, 0, _end(content, 0)
    for start, end in matches:
        if start > stop:
            number += content.count(b"\n", begin, start)
            begin, stop = content.rfind(b"\n", begin, start) + 1, _end(content, start)
        while begin < end:
            first, last = max(start, begin), min(end, stop)
            if first < last:
                yield number, (first, last)
            if stop + 1 >= end:
                break
            number, begin, stop = number + 1, stop + 1, _end(content, stop + 1)


def _hit(content: bytes, number: int, pieces: Iterator[Piece], context: int) -> LineHit:
    first = next(pieces)
    begin = content.rfind(b"\n", 0, first[0]) + 1
    end = _end(content, begin)
    line = _bare(content[begin:end])
    window = _window(line, first[0] - begin)
    return LineHit(
        number=number,
        text=window.text.decode(),
        spans=spans(window.text, _within(window, begin, chain((first,), pieces))),
        before=_before(content, begin, context),
        after=_after(content, end, context),
        cut=len(window.text) < len(line),
        offset=window.offset,
    )


class _Window(NamedTuple):
    """The part of a line that is told: its ``begin`` in bytes, its ``offset`` in characters."""

    text: bytes
    begin: int
    offset: int


def _window(line: bytes, first: int) -> _Window:
    """All of ``line``, or its part around the first match, which is at byte ``first``."""
    text = line.decode() if len(line) > LONGEST else ""
    if len(text) <= LONGEST:
        return _Window(line, 0, 0)
    before = len(line[:first].decode()) if first < len(line) else 0
    offset = max(0, min(before - _LEAD, len(text) - LONGEST))
    return _Window(text[offset : offset + LONGEST].encode(), len(text[:offset].encode()), offset)


def _within(window: _Window, line: int, pieces: Iterable[Piece]) -> Iterator[Piece]:
    """``pieces`` of the content as pieces of the window; ``line``: where its line begins in the content."""
    begin = line + window.begin
    end = begin + len(window.text)
    # What is behind the window is not looked at: there may be thousands.
    for start, stop in takewhile(lambda piece: piece[0] < end, pieces):
        yield max(start, begin) - begin, min(stop, end) - begin


def _before(content: bytes, begin: int, count: int) -> tuple[str, ...]:
    found: list[str] = []
    while begin > 0 and len(found) < count:
        end, begin = begin - 1, content.rfind(b"\n", 0, begin - 1) + 1
        found.append(_beside(content, begin, end))
    return tuple(reversed(found))


def _after(content: bytes, end: int, count: int) -> tuple[str, ...]:
    found: list[str] = []
    while end + 1 < len(content) and len(found) < count:
        begin, end = end + 1, _end(content, end + 1)
        found.append(_beside(content, begin, end))
    return tuple(found)


def _beside(content: bytes, begin: int, end: int) -> str:
    """A line of context, or its beginning."""
    # A character has four bytes at most, and the last of those that are taken may be half of one.
    line = content[begin : min(end, begin + 4 * (LONGEST + 1))]
    return _bare(line).decode(errors="ignore")[:LONGEST]


def _end(content: bytes, at: int) -> int:
    end = content.find(b"\n", at)
    return len(content) if end < 0 else end


def _bare(line: bytes) -> bytes:
    return line.removesuffix(b"\r")
