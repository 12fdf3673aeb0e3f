"""Pax extended headers: records ``<length> <key>=<value>``, a line feed behind each (IEEE Std 1003.1, pax)."""

import math
from dataclasses import dataclass

from codehost.model.errors import Failure, Reason

_NAMES = frozenset({b"path", b"linkpath"})
_DECIMAL_DIGITS = 20


@dataclass(slots=True)
class PaxRecords:
    """The records that change what a member is; all others (owners, comments, vendor's) do not matter here."""

    path: bytes | None = None
    target: bytes | None = None
    size: int | None = None
    mtime: int | None = None

    def __bool__(self) -> bool:
        return not (self.path is None and self.target is None and self.size is None and self.mtime is None)

    def updated(self, other: "PaxRecords") -> "PaxRecords":
        """These records, with those that ``other`` has in their place."""
        return PaxRecords(
            path=self.path if other.path is None else other.path,
            target=self.target if other.target is None else other.target,
            size=self.size if other.size is None else other.size,
            mtime=self.mtime if other.mtime is None else other.mtime,
        )


def parse_pax(body: bytes, *, shared: bool) -> PaxRecords:
    """The records of one extended header; ``shared`` for a global one, which may not name or size members.

    Raises:
        Failure: the body is no sequence of records, says a thing twice, or claims a sparse file.
    """
    records = PaxRecords()
    seen: set[bytes] = set()
    at = 0
    while at < len(body):
        key, value, at = _record(body, at)
        if key.startswith(b"GNU.sparse."):
            raise _refuse("a member is a sparse file")
        if key not in {b"path", b"linkpath", b"size", b"mtime"}:
            if key == b"hdrcharset" and value not in {b"ISO-IR 10646 2000 UTF-8", b"BINARY"}:
                raise _refuse("an extended header is not in UTF-8")
            continue
        if key in seen:
            raise _refuse(f"an extended header says {key.decode()} twice")
        if shared and key != b"mtime":
            raise _refuse(f"a global header sets {key.decode()} for all members")
        seen.add(key)
        _set(records, key, value)
    return records


def _record(body: bytes, at: int) -> tuple[bytes, bytes, int]:
    space = body.find(b" ", at, at + _DECIMAL_DIGITS)
    digits = body[at:space] if space > 0 else b""
    if not digits.isdigit() or digits.startswith(b"0"):
        raise _refuse("an extended header's record has no length")
    end = at + int(digits)
    key, equals, value = body[space + 1 : end - 1].partition(b"=")
    if end > len(body) or end <= space + 1 or body[end - 1 : end] != b"\n" or not equals or not key:
        raise _refuse("an extended header's record is damaged")
    if b"\0" in key or (b"\0" in value and key in _NAMES):
        raise _refuse("an extended header has a NUL in a name")
    return key, value, end


def _set(records: PaxRecords, key: bytes, value: bytes) -> None:
    if key == b"path":
        records.path = value or None
    elif key == b"linkpath":
        records.target = value or None
    elif key == b"size":
        if not value.isdigit() or len(value) > _DECIMAL_DIGITS:
            raise _refuse("an extended header's size is no number")
        records.size = int(value)
    else:
        try:
            records.mtime = math.floor(float(value))
        except (ValueError, OverflowError):
            raise _refuse("an extended header's mtime is no number") from None


def _refuse(what: str) -> Failure:
    return Failure(Reason.UNSAFE_ARCHIVE, what)
