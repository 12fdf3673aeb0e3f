"""Cursors of the feed: ``<feed>-<sequence>-<at>``, url-safe. Consumers keep them and look at nothing in them. Pure.

``feed`` is the number of the feed and ``at`` the time of the entry, both hexadecimal; the sequence is decimal.
"""

import re
from dataclasses import dataclass

from codehost.record.feed import START, Position

_CURSOR = re.compile(r"([0-9a-f]{1,16})-(0|[1-9][0-9]{0,18})-([0-9a-f]{1,16})\Z")
_MOST = 2**63 - 1
# What says "from the beginning" besides nothing at all.
_BEGINNING = frozenset({"", "0"})


class CursorError(ValueError):
    """A text is no cursor."""

    def __str__(self) -> str:
        return "This is no cursor: give one exactly as an answer had it, or none to start from nothing."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A position in the feed with the number ``feed``; None: in any."""

    feed: int | None
    position: Position


def write_cursor(feed: int, position: Position) -> str:
    """The cursor as a consumer gets it."""
    return f"{feed:x}-{position.sequence}-{position.at:x}"


def read_cursor(text: str) -> Cursor:
    """The cursor that a consumer gives back; nothing and ``0`` are the beginning.

    Raises:
        CursorError: it is none.
    """
    if text in _BEGINNING:
        return Cursor(feed=None, position=START)
    match = _CURSOR.match(text)
    if match is None:
        raise CursorError
    feed, sequence, at = int(match[1], 16), int(match[2]), int(match[3], 16)
    if max(sequence, at) > _MOST:
        raise CursorError
    return Cursor(feed=feed, position=Position(sequence=sequence, at=at))
