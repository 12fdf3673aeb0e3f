"""One header block of a tar archive (IEEE Std 1003.1, pax, "ustar Interchange Format"; GNU tar's manual, "Basic Tar").

A field that common readers read differently, or at which one of them ends the archive, is refused even where it says
nothing that matters here: what that reader lists would be another archive.
"""

import re
import struct
from functools import lru_cache
from typing import NamedTuple

from codehost.model.deflate import adler32
from codehost.model.errors import Failure
from codehost.model.members import MemberKind
from codehost.unpack.refusal import refuse

BLOCK = 512
# Headers that say something of the member behind them.
LONG_NAMES = frozenset({b"L", b"K"})
EXTENSIONS = LONG_NAMES | {b"x", b"g"}
OLD_FILE = b"\0"
_HARD_LINK = b"1"

# name, mode, (uid, gid), size, mtime, checksum, type, link name, magic and version, names, (major, minor), prefix
_HEADER = struct.Struct("100s8s16s12s12s8sc100s8s64x16s155s12x")
_POSIX_MAGIC = b"ustar\x0000"
_GNU_MAGIC = b"ustar  \0"
_CHECKSUM = slice(148, 156)
# GNU's map of a sparse file, whether it goes on, and the file's real size.
_GNU_SPARSE = slice(386, 495)
# Within the prefix star keeps two times, and its mark behind it. Its own prefix ends in front of them.
_STAR_PREFIX_BYTES = 131
_STAR_TIMES = (131, 143)
_STAR_MARK = b"tar\0"
_SPACES = 8 * ord(" ")
_POSITIVE, _NEGATIVE = 0x80, 0xFF
# IEEE 754: the largest integer up to which a double has them all.
_LARGEST_NUMBER = 2**53 - 1
_DIGITS = b"01234567"
# What ends a line for ECMAScript's regular expressions: LF, CR, U+2028 and U+2029.
_LINE_END = re.compile(rb"[\n\r]|\xe2\x80[\xa8\xa9]")
# What tarfile takes for a number, up to the first NUL.
_OWNER = re.compile(rb" *(?:-?[0-7]+)? *(?:\0|\Z)|[\x80\xff]")

# Looking a member of an enumeration up takes longer than a call, and this happens several times for each header.
_FILE = MemberKind.FILE
_DIRECTORY = MemberKind.DIRECTORY
_KINDS = {
    b"0": _FILE,
    OLD_FILE: _FILE,
    b"7": _FILE,
    _HARD_LINK: MemberKind.HARDLINK,
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
    _check_sum(block, checksum)
    _check_owners(owner, device)
    path = name.partition(b"\0")[0]
    target = link.partition(b"\0")[0]
    meaning = _KINDS.get(kind)
    if kind == OLD_FILE and path.endswith(b"/"):
        # Before ustar a directory was a file whose name ends with a slash.
        meaning = _DIRECTORY
    # Most headers are ASCII without a line's end, and this is the fastest way to know.
    if b"\n" in block or b"\r" in block or not block.isascii():
        _check_rests(name, link, prefix)
    if magic == _POSIX_MAGIC:
        _check_star(block, prefix)
        if prefix[0]:
            path = prefix.partition(b"\0")[0] + b"/" + path
    elif meaning is not None:
        _check_gnu(block, magic, prefix)
    _check_target(target, meaning, kind)
    if not path and kind in EXTENSIONS:
        raise refuse("an extended header has no name")  # node's tar reads its body as members
    return Header(
        path,
        meaning,
        kind,
        _number(mode),
        _number(size) or _nothing(size),
        _number(mtime),
        target,
    )


def is_header(block: bytes) -> bool:
    """Whether a reader that goes on here would take the bytes for a header: a whole block with its checksum."""
    try:
        return len(block) == BLOCK and _sums_up(block, block[_CHECKSUM])
    except Failure:
        return False


def _check_sum(block: bytes, checksum: bytes) -> None:
    """Whether the header has the sum that all readers know.

    node's tar drops a member whose sum it takes for wrong and looks for headers in its body: the sum of signed
    characters, which old systems took, and digits up to the field's end, for it reads on behind them.
    """
    if not _sums_up(block, checksum):
        raise refuse("a header's checksum is wrong")
    if checksum[-1] in _DIGITS:
        raise refuse("a header's checksum has no end")
    if not block.isascii() and _number(checksum) != sum(block) - sum(checksum) + _SPACES:
        raise refuse("a header's checksum is that of signed characters")


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
    # Some old writers summed signed characters; tarfile, GNU tar, libarchive and Go know.
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
        raise refuse("a number in a header is not octal") from None


def _odd_number(field: bytes) -> int:
    text, _, behind = field.partition(b"\0")
    digits = text.strip(b" ")
    # Tolerated: anything behind the NUL that ends the digits. No reader looks there.
    if digits.isdigit():
        return _octal(digits)
    if not digits:
        # GNU tar passes over a NUL in front of digits, to the others it ends the number.
        if behind.strip(b" \0"):
            raise refuse("a number in a header stands behind a NUL")
        return 0
    # GNU: the first bit set means a big-endian two's complement number.
    if field[0] in {_POSITIVE, _NEGATIVE}:
        number = int.from_bytes(field[1:], "big") - (0 if field[0] == _POSITIVE else 1 << (8 * (len(field) - 1)))
        if abs(number) > _LARGEST_NUMBER:
            # node's tar drops the member and looks for headers in its body; others fail.
            raise refuse("a number in a header is larger than all readers know")
        return number
    raise refuse("a number in a header is none")


def _nothing(size: bytes) -> int:
    """The size 0, unless its field is blank: GNU tar takes such a block for no header at all."""
    if b" " in size and not size.lstrip(b"\0").strip(b" "):
        raise refuse("a member's size is blank")
    return 0


@lru_cache(maxsize=1024)  # most members have one owner
def _check_owners(owner: bytes, device: bytes) -> None:
    """Two numbers each, which do not matter here; but tarfile ends the archive where one is none.

    Tolerated: negative ones, as for users that are nobody.
    """
    for number in (owner[:8], owner[8:], device[:8], device[8:]):
        if not _OWNER.match(number):
            raise refuse("the number of an owner or a device is none")
        if number[0] >= _POSITIVE:
            _odd_number(number)


def _check_rests(*names: bytes) -> None:
    """What is behind the NULs that end names: node's tar passes over it up to a line's end only, and joins the rest."""
    for name in names:
        if _LINE_END.search(name.partition(b"\0")[2]):
            raise refuse("a name in a header goes on behind its end")


def check_long_name(body: bytes) -> None:
    """The same for the body of a long name's header.

    Raises:
        Failure: there is a line's end behind the NUL.
    """
    _check_rests(body)


def _check_target(target: bytes, meaning: MemberKind | None, kind: bytes) -> None:
    if target and (meaning is _FILE or kind in LONG_NAMES):
        # node's tar drops such a member and looks for headers in its body.
        raise refuse("a member that is no link has a link's target")
    if kind == _HARD_LINK and not target:
        raise refuse("a hard link's header has no target")  # to libarchive an empty file, whatever stands before it


def _check_gnu(block: bytes, magic: bytes, prefix: bytes) -> None:
    """What GNU has where POSIX has the prefix: nothing, unless the file is sparse or its header keeps times."""
    if prefix[0]:
        # It is a part of the name to others all the same. Not so before a long name's, which nobody takes.
        raise refuse("a header has a prefix without the POSIX magic and version")
    if magic == _GNU_MAGIC and block[_GNU_SPARSE].strip(b"\0"):
        raise refuse("a member is a sparse file")  # for libarchive, of whatever type it is


def _check_star(block: bytes, prefix: bytes) -> None:
    """Whether those readers that know star's headers see the prefix that the others see (star's manual, "star.4")."""
    if block.endswith(_STAR_MARK) and prefix.find(b"\0") not in range(_STAR_PREFIX_BYTES + 1):
        raise refuse("a header has a prefix that star's headers have no room for")  # Go takes what fits
    if prefix[_STAR_PREFIX_BYTES - 1]:
        if not prefix[0]:
            raise refuse("a header has an empty prefix that goes on")  # to node's tar the name is absolute
    elif prefix[_STAR_TIMES[0]] >= _POSITIVE or prefix[_STAR_TIMES[1]] >= _POSITIVE:
        # Without a number that it knows, node's tar drops the member and looks for headers in its body.
        raise refuse("a number in a header is none")
