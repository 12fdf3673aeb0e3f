"""Reading tar archives: POSIX ustar and pax, and the GNU long names (IEEE Std 1003.1, pax, "ustar Interchange Format").

Headers are read here and not by ``tarfile``, which takes 40 % of the whole conversion and accepts archives that
other readers understand differently. Anything of which two readers could make two things is refused.
"""

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from codehost.model.deflate import adler32
from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.pax import PaxRecords, parse_pax
from codehost.unpack.streams import Source, pieces

BLOCK = 512
# A name longer than this is no name; it bounds what a header may make us hold.
MAX_EXTENDED_BYTES = 1 << 20

_ZEROS = bytes(BLOCK)
# name, mode, (uid, gid), size, mtime, checksum, type, link name, magic and version, (user, group, major, minor), prefix
_HEADER = struct.Struct("100s8s16x12s12s8sc100s8s80x155s12x")
_POSIX_MAGIC = b"ustar\x0000"
_CHECKSUM = slice(148, 156)
_SPACES = 8 * ord(" ")
_OWNER_EXECUTES = 0o100

# Looking a member of an enumeration up takes longer than a call, and this happens several times for each header.
_FILE = MemberKind.FILE
_KINDS = {
    b"0": _FILE,
    b"\0": _FILE,
    b"7": _FILE,
    b"1": MemberKind.HARDLINK,
    b"2": MemberKind.SYMLINK,
    b"3": MemberKind.DEVICE,
    b"4": MemberKind.DEVICE,
    b"5": MemberKind.DIRECTORY,
    b"6": MemberKind.DEVICE,
}
_EXTENSIONS = frozenset({b"x", b"g", b"L", b"K"})


class _Header(NamedTuple):
    """One header block, its fields decoded but not yet overridden by extended headers."""

    path: bytes
    kind: MemberKind | None
    type: bytes
    mode: int
    size: int
    mtime: int
    target: bytes


class _Overrides:
    """What extended headers say of the member that follows them."""

    def __init__(self) -> None:
        self.shared = PaxRecords()
        self.clear()

    def clear(self) -> None:
        self.pax = PaxRecords()
        self.long_path: bytes | None = None
        self.long_target: bytes | None = None
        self.pending = False


def read_tar(file: BinaryIO, compression: str, limits: Limits) -> Iterator[Member]:
    """The members of a tar archive, in its order; ``compression`` is .tar, .gz, .bz2 or .xz.

    Raises:
        Failure: unsafe-archive for a damaged or ambiguous archive, too-large beyond ``limits``.
    """
    source = Source(pieces(file, compression), limits.unpacked_bytes)
    overrides = _Overrides()
    count = 0
    for header in _headers(source):
        if header.type in _EXTENSIONS:
            _extend(overrides, header, source)
            continue
        count += 1
        if count > limits.members:
            raise Failure(Reason.TOO_LARGE, f"the archive has more than {limits.members} members")
        yield _member(header, overrides, source, limits.member_bytes)
        overrides.clear()
    if overrides.pending:
        raise _refuse("an extended header is followed by no member")
    _check_end(source)


def _headers(source: Source) -> Iterator[_Header]:
    """Headers until the end mark. A single block of zeros or the plain end of the stream also ends the archive."""
    while True:
        block = source.take(BLOCK)
        if block == _ZEROS or not block:
            return
        if len(block) < BLOCK:
            raise _refuse("the archive ends within a header")
        yield _decode(block)


def _check_end(source: Source) -> None:
    # The rest must be padding: members behind the end mark exist for some readers only.
    for rest in source.drain():
        if rest.strip(b"\0"):
            raise _refuse("there is data behind the end of the archive")


def _decode(block: bytes) -> _Header:
    name, mode, size, mtime, checksum, kind, link, magic, prefix = _HEADER.unpack(block)
    stored = _number(checksum)
    # POSIX: the sum of all bytes, the checksum's own field taken as spaces.
    if stored != _sum(block) - sum(checksum) + _SPACES and stored != _signed_sum(block):
        raise _refuse("a header's checksum is wrong")
    path = name.partition(b"\0")[0]
    if magic == _POSIX_MAGIC and prefix[0]:
        path = prefix.partition(b"\0")[0] + b"/" + path
    return _Header(
        path,
        _KINDS.get(kind),
        kind,
        _number(mode),
        _number(size),
        _number(mtime),
        link.partition(b"\0")[0],
    )


def _sum(block: bytes) -> int:
    # RFC 1950: the lower half of an Adler-32 is 1 and the sum of the bytes, modulo 65,521; 512 ASCII bytes stay below.
    return (adler32(block) & 0xFFFF) - 1 if block.isascii() else sum(block)


def _signed_sum(block: bytes) -> int:
    # Some old writers summed signed characters.
    signed: tuple[int, ...] = struct.unpack("512b", block)
    return sum(signed) - sum(signed[_CHECKSUM]) + _SPACES


@lru_cache(maxsize=4096)  # modes, times and small sizes repeat
def _number(field: bytes) -> int:
    digits = field.strip(b" \0")
    if digits.isdigit():
        try:
            return int(digits, 8)
        except ValueError:
            raise _refuse("a number in a header is not octal") from None
    if not digits:
        return 0
    # GNU: the first bit set means a big-endian two's complement number.
    if field[0] in {0x80, 0xFF}:
        return int.from_bytes(field[1:], "big") - (0 if field[0] == 0x80 else 1 << (8 * (len(field) - 1)))
    raise _refuse("a number in a header is none")


def _extend(overrides: _Overrides, header: _Header, source: Source) -> None:
    if header.size > MAX_EXTENDED_BYTES or header.size < 0:
        raise _refuse(f"an extended header claims {header.size} bytes")
    body = _body(source, header.size)
    if header.type == b"g":
        overrides.shared = overrides.shared.updated(parse_pax(body, shared=True))
        return
    overrides.pending = True
    if header.type == b"x":
        if overrides.pax:
            raise _refuse("a member has two extended headers")
        overrides.pax = parse_pax(body, shared=False)
    elif header.type == b"L":
        overrides.long_path = _once(overrides.long_path, body)
    else:
        overrides.long_target = _once(overrides.long_target, body)


def _once(before: bytes | None, body: bytes) -> bytes:
    # Of two long names some readers take the first, others the last.
    if before is not None:
        raise _refuse("a member has two long names")
    return body.partition(b"\0")[0]


def _member(header: _Header, overrides: _Overrides, source: Source, member_bytes: int) -> Member:
    if header.kind is None:
        raise _refuse(f"a member has the unknown type {header.type!r}")
    path, target, size, mtime = header.path, header.target, header.size, header.mtime
    if overrides.pending or overrides.shared:
        pax = overrides.shared.updated(overrides.pax)
        if None not in {pax.path, overrides.long_path} or None not in {pax.target, overrides.long_target}:
            raise _refuse("a member has a long name in two forms")
        path = _first(pax.path, overrides.long_path, path)
        target = _first(pax.target, overrides.long_target, target)
        size = size if pax.size is None else pax.size
        mtime = mtime if pax.mtime is None else pax.mtime
    kind = header.kind
    if path.endswith(b"/"):
        # Before ustar a directory was a file whose name ends with a slash.
        kind = MemberKind.DIRECTORY if kind is _FILE and size == 0 else kind
        path = path.rstrip(b"/")
    if kind is not _FILE and size:
        raise _refuse(f"a {kind} has a body of {size} bytes")
    if size < 0:
        raise _refuse("a member has a negative size")
    executable = bool(header.mode & _OWNER_EXECUTES)
    content = None
    if kind is _FILE:
        if size <= member_bytes:
            content = _body(source, size)
        elif source.skip(_padded(size)) < _padded(size):
            raise _refuse("the archive ends within a member")
    return Member(path, kind, executable, mtime, size, content, None, target)


def _first(*values: bytes | None) -> bytes:
    return next(value for value in values if value is not None)


def _padded(size: int) -> int:
    return size + -size % BLOCK


def _body(source: Source, size: int) -> bytes:
    padding = -size % BLOCK
    body = source.take(size, padding)
    if len(body) < size or source.ended:
        raise _refuse("the archive ends within a member")
    return body


def _refuse(what: str) -> Failure:
    return Failure(Reason.UNSAFE_ARCHIVE, what)
