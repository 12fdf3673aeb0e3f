"""Pax extended headers: records ``<length> <key>=<value>``, a line feed behind each (IEEE Std 1003.1, pax)."""

import math
import re
from dataclasses import dataclass

from codehost.unpack.refusal import refuse

_NAMES = frozenset({b"path", b"linkpath"})
_KEYS = frozenset({b"path", b"linkpath", b"size", b"mtime", b"hdrcharset"})
# GNU's, star's and Solaris's.
_SPARSE = (b"GNU.sparse.", b"SCHILY.realsize", b"SCHILY.sparse", b"SUN.holesdata")
_VOLUMES = frozenset({b"GNU.volume.filename", b"GNU.volume.size", b"GNU.volume.offset"})
_NUMBERS = frozenset({b"uid", b"gid"})
_TIMES = frozenset({b"atime", b"ctime"})
_TEXTS = frozenset({b"path", b"linkpath", b"uname", b"gname"})
_CHARSET = b" hdrcharset="
_DECIMAL_DIGITS = 20
# What Go and GNU tar know; 64 bits hold eighteen digits.
_NUMBER = re.compile(rb"-?[0-9]{1,18}")
_TIME = re.compile(rb"-?[0-9]{1,18}(?:\.[0-9]+)?")
# What may be a record, within another one, to node's tar: it reads line by line. A number, one more character on
# either side, of any bytes, and the keys that change what a member is.
_HIDDEN_RECORD = re.compile(rb"\n[^\n0-9]{0,4}[0-9]+[^\n0-9]{0,4}(?:path|linkpath|size)=")
_UTF_8 = b"ISO-IR 10646 2000 UTF-8"
# RFC 3629, section 3: longer forms than needed, halves of surrogate pairs, and what lies beyond the last code point.
_LAX_UTF_8 = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]"
    rb"|\xf0[\x80-\x8f][\x80-\xbf]{2}|(?:\xf4[\x90-\xbf]|[\xf5-\xf7][\x80-\xbf])[\x80-\xbf]{2}"
    rb"|[\xf8-\xfb][\x80-\xbf]{4}|[\xfc\xfd][\x80-\xbf]{5}"
)


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
        Failure: the body is no sequence of records, says a thing twice, has names in no known encoding or of no
            bytes, or claims a sparse file or one of several volumes.
    """
    records = PaxRecords()
    seen: set[bytes] = set()
    charset = None
    at = 0
    while at < len(body):
        key, value, at = _record(body, at)
        if key not in _KEYS:
            _check_other(key, value)
            continue
        if key == b"hdrcharset":
            # IEEE Std 1003.1, pax Extended Header: one of these; other names are taken as they stand, or converted.
            if value not in {_UTF_8, b"BINARY"}:
                raise refuse("an extended header is not in UTF-8")
            charset = value
            continue
        if key in seen:
            raise refuse(f"an extended header says {key.decode()} twice")
        if shared and key != b"mtime":
            raise refuse(f"a global header sets {key.decode()} for all members")
        seen.add(key)
        _set(records, key, value)
    # tarfile takes the first that it finds, in the value of another record too.
    if body.count(_CHARSET) != (charset is not None):
        raise refuse("an extended header says hdrcharset twice, or within another record")
    _check_names(records, charset)
    return records


def _check_other(key: bytes, value: bytes) -> None:
    # Extensions that change the content, for those readers that know them.
    if key.startswith(_SPARSE):
        raise refuse("a member is a sparse file")
    # GNU's labels (GNU.volume.label) say nothing of members.
    if key in _VOLUMES:
        raise refuse("the archive is one of several volumes")
    # Go and GNU tar end at what they do not know. Tolerated: an empty value, which takes a record back (POSIX).
    form = _NUMBER if key in _NUMBERS else _TIME if key in _TIMES else None
    if form and value and not form.fullmatch(value):
        raise refuse(f"an extended header's {key.decode()} is no number")


def _check_names(records: PaxRecords, charset: bytes | None) -> None:
    """Whether readers agree on the names: they take them as they stand, whatever they are.

    Tolerated: BINARY, by which Python's tarfile marks names that are not in UTF-8; and such names without a mark, as
    GNU tar and Go write them. But what a lax decoder takes for other characters, a slash among them, has two meanings.
    """
    if charset == b"BINARY":
        return
    for name in (records.path, records.target):
        if name is None or name.isascii():
            continue
        if _LAX_UTF_8.search(name) or (charset is not None and not _is_utf_8(name)):
            raise refuse("a name in an extended header is not in UTF-8")


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


def _record(body: bytes, at: int) -> tuple[bytes, bytes, int]:
    space = body.find(b" ", at, at + _DECIMAL_DIGITS)
    digits = body[at:space] if space > 0 else b""
    if not digits.isdigit() or digits.startswith(b"0"):
        raise refuse("an extended header's record has no length")
    end = at + int(digits)
    key, equals, value = body[space + 1 : end - 1].partition(b"=")
    if end > len(body) or end <= space + 1 or body[end - 1 : end] != b"\n" or not equals or not key:
        raise refuse("an extended header's record is damaged")
    if b"\0" in key or (b"\0" in value and key in _TEXTS):
        raise refuse("an extended header has a NUL in a name")
    if key.startswith((b" ", b"\t")):
        raise refuse("an extended header has a key that begins with a blank")  # GNU tar passes over it
    if body.find(b"\n", space, end - 1) >= 0:
        _check_lines(key, body[space : end - 1])
    return key, value, end


def _check_lines(key: bytes, record: bytes) -> None:
    """Whether readers that go by lines find in a record of several what the others find."""
    if key in _NAMES:
        raise refuse("an extended header has a line feed in a name")  # they take the header's name
    if _HIDDEN_RECORD.search(record):
        raise refuse("an extended header has a record within another one")


def _set(records: PaxRecords, key: bytes, value: bytes) -> None:
    if not value and key in _NAMES:
        # POSIX: an empty value takes the record back, to the header's name. Some readers take it for the name.
        raise refuse(f"an extended header has an empty {key.decode()}")
    if key == b"path":
        records.path = value
    elif key == b"linkpath":
        records.target = value
    elif key == b"size":
        records.size = _size(value)
    elif _TIME.fullmatch(value):
        records.mtime = math.floor(float(value))
    else:
        raise refuse("an extended header's mtime is no number")


def _size(value: bytes) -> int:
    if not value.isdigit() or len(value) > _DECIMAL_DIGITS or (value.startswith(b"0") and value != b"0"):
        raise refuse("an extended header's size is no number")
    return int(value)
