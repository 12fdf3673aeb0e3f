"""One header block of a tar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar").

A field that common readers read differently, or at which one of them ends the archive, is refused even where it says
nothing that matters here: what that reader lists would be another archive.
"""

import re
import struct
from functools import lru_cache
from typing import NamedTuple

from codehost.model.deflate import adler32
from codehost.model.errors import Failure, Reason
from codehost.model.members import MemberKind

BLOCK = 512
# Headers that say something of the member behind them.
LONG_NAMES = frozenset({b"L", b"K"})
EXTENSIONS = LONG_NAMES | {b"x", b"g"}
OLD_FILE = b"\0"

# name, mode, (uid, gid), size, mtime, checksum, type, link name, magic, (version, user, group), (major, minor), prefix
_HEADER = struct.Struct("100s8s16s12s12s8sc100s6s66x16s155s12x")
_POSIX_MAGIC = b"ustar\0"
_CHECKSUM = slice(148, 156)
_SPACES = 8 * ord(" ")
_POSITIVE, _NEGATIVE = 0x80, 0xFF
# What tarfile takes for a number, up to the first NUL.
_OWNER = re.compile(rb" *(?:-?[0-7]+)? *(?:\0|\Z)|[\x80\xff]")

# Looking a member of an enumeration up takes longer than a call, and this happens several times for each header.
_DIRECTORY = MemberKind.DIRECTORY
_KINDS = {
    b"0": MemberKind.FILE,
    OLD_FILE: MemberKind.FILE,
    b"7": MemberKind.FILE,
    b"1": MemberKind.HARDLINK,
    b"2": MemberKind.SYMLINK,
    b"3": MemberKind.DEVICE,
    b"4": MemberKind.DEVICE,
    b"5": _DIRECTORY,
    b"6": MemberKind.DEVICE,
}


class Header(NamedTuple):
    """One header block, its fields decoded but not yet overridden by extended headers.

    ``kind`` is None for a type that is unknown, or one of ``EXTENSIONS``; ``size`` and ``mtime`` may be negative.
    """

    path: bytes
    kind: MemberKind | None
    type: bytes
    mode: int
    size: int
    mtime: int
    target: bytes


def decode_header(block: bytes) -> Header:
    """The fields of a header block.

    Raises:
        Failure: the checksum is wrong, or readers make different things of a field.
    """
    name, mode, owner, size, mtime, checksum, kind, link, magic, device, prefix = _HEADER.unpack(block)
    if not _sums_up(block, checksum):
        raise _refuse("a header's checksum is wrong")
    _check_owners(owner, device)
    path = name.partition(b"\0")[0]
    meaning = _KINDS.get(kind)
    if kind == OLD_FILE and path.endswith(b"/"):
        # Before ustar a directory was a file whose name ends with a slash.
        meaning = _DIRECTORY
    if prefix[0]:
        if magic == _POSIX_MAGIC:
            path = prefix.partition(b"\0")[0] + b"/" + path
        elif meaning is not None:
            # GNU keeps times here, and to others it is a part of the name all the same. Not so before a long name's.
            raise _refuse("a header has a prefix without the POSIX magic")
    return Header(
        path,
        meaning,
        kind,
        _number(mode),
        _number(size) or _nothing(size),
        _number(mtime),
        link.partition(b"\0")[0],
    )


def is_header(block: bytes) -> bool:
    """Whether a reader that goes on here would take the bytes for a header: a whole block with its checksum."""
    try:
        return len(block) == BLOCK and _sums_up(block, block[_CHECKSUM])
    except Failure:
        return False


def _sums_up(block: bytes, checksum: bytes) -> bool:
    if checksum[0] >= _POSITIVE:
        return False  # GNU tar reads octal digits alone here, tarfile its wide numbers too
    # POSIX: the sum of all bytes, the checksum's own field taken as spaces.
    stored = _number(checksum)
    return stored == _sum(block) - sum(checksum) + _SPACES or stored == _signed_sum(block)


def _sum(block: bytes) -> int:
    # RFC 1950: the lower half of an Adler-32 is 1 and the sum of the bytes, modulo 65,521; 512 ASCII bytes stay below.
    return (adler32(block) & 0xFFFF) - 1 if block.isascii() else sum(block)


def _signed_sum(block: bytes) -> int:
    # Tolerated: some old writers summed signed characters; tarfile, GNU tar, libarchive and Go know.
    signed: tuple[int, ...] = struct.unpack("512b", block)
    return sum(signed) - sum(signed[_CHECKSUM]) + _SPACES


@lru_cache(maxsize=4096)  # modes, times and small sizes repeat
def _number(field: bytes) -> int:
    digits = field.rstrip(b" \0")
    return _octal(digits) if digits.isdigit() else _odd_number(field)


def _octal(digits: bytes) -> int:
    try:
        return int(digits, 8)
    except ValueError:
        raise _refuse("a number in a header is not octal") from None


def _odd_number(field: bytes) -> int:
    text, _, behind = field.partition(b"\0")
    digits = text.strip(b" ")
    # Tolerated: anything behind the NUL that ends the digits. No reader looks there.
    if digits.isdigit():
        return _octal(digits)
    if not digits:
        # GNU tar passes over a NUL in front of digits, to the others it ends the number.
        if behind.strip(b" \0"):
            raise _refuse("a number in a header stands behind a NUL")
        return 0
    # GNU: the first bit set means a big-endian two's complement number.
    if field[0] in {_POSITIVE, _NEGATIVE}:
        return int.from_bytes(field[1:], "big") - (0 if field[0] == _POSITIVE else 1 << (8 * (len(field) - 1)))
    raise _refuse("a number in a header is none")


def _nothing(size: bytes) -> int:
    """The size 0, unless its field is blank: GNU tar takes such a block for no header at all."""
    if b" " in size and not size.lstrip(b"\0").strip(b" "):
        raise _refuse("a member's size is blank")
    return 0


@lru_cache(maxsize=1024)  # most members have one owner
def _check_owners(owner: bytes, device: bytes) -> None:
    """Two numbers each, which do not matter here; but tarfile ends the archive where one is none.

    Tolerated: negative ones, as for users that are nobody.
    """
    for number in (owner[:8], owner[8:], device[:8], device[8:]):
        if not _OWNER.match(number):
            raise _refuse("the number of an owner or a device is none")


def _refuse(what: str) -> Failure:
    return Failure(Reason.UNSAFE_ARCHIVE, what)
