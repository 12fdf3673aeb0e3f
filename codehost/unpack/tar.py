"""Reading tar archives: POSIX ustar and pax, and the GNU long names (IEEE Std 1003.1, pax, "ustar Interchange Format").

Headers are read here and not by ``tarfile``, which takes 40 % of the whole conversion and accepts archives that
other readers understand differently. The rule: of what common readers (Python's tarfile, GNU tar, libarchive, Go's
archive/tar, node's tar) would make two things, nothing is read; what is strange and one thing to all of them is read,
and each such tolerance stands at its place.
"""

from collections.abc import Iterator
from typing import BinaryIO

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.bounds import unpacked_bound
from codehost.unpack.pax import PaxRecords, parse_pax
from codehost.unpack.refusal import refuse
from codehost.unpack.streams import Source, pieces
from codehost.unpack.tarend import ZEROS, check_end
from codehost.unpack.tarheader import (
    BLOCK,
    EXTENSIONS,
    LONG_NAMES,
    OLD_FILE,
    Header,
    check_long_name,
    decode_header,
    is_header,
)

# A name longer than this is no name; it bounds what a header may make us hold.
MAX_EXTENDED_BYTES = 1 << 20
# Five hundred bytes for each of 500,000 members; it bounds the time that their records take.
MAX_ALL_EXTENDED_BYTES = 256 << 20
# tarfile reads a member and all headers before it by recursion, which ends at a few hundred.
MAX_EXTENDED_TOGETHER = 100
# The size of a directory's inode, which some writers put into its header. It bounds what is looked at ahead.
MAX_CLAIMED_BYTES = 64 * 1024
# Eleven octal digits: what is larger has its size in a pax header only.
_LARGEST_SIZE = 8**11 - 1

_OWNER_EXECUTES = 0o100
_FILE = MemberKind.FILE
_DIRECTORY = MemberKind.DIRECTORY


class _Overrides:
    """What extended headers say of the member that follows them.

    ``waiting``: how many headers, global ones too, came since the last member. ``extended_bytes``: the bodies of all
    extended headers.
    """

    def __init__(self) -> None:
        self.shared = PaxRecords()
        self.waiting = 0
        self.extended_bytes = 0
        self.clear()

    def clear(self) -> None:
        self.pax: PaxRecords | None = None
        self.long_path: bytes | None = None
        self.long_target: bytes | None = None
        self.pending = False


def read_tar(file: BinaryIO, compression: str, limits: Limits) -> Iterator[Member]:
    """The members of a tar archive, in its order; ``compression`` is .tar, .gz, .bz2 or .xz.

    Tolerated: several members of one name. Whoever extracts them, or looks one up by its name, has the last.

    Raises:
        Failure: unsafe-archive for a damaged or ambiguous archive, too-large beyond ``limits``.
    """
    bound = unpacked_bound(file, limits)
    source = Source(pieces(file, compression), *bound)
    overrides = _Overrides()
    count = 0
    for header in _headers(source):
        if header.type in EXTENSIONS:
            _extend(overrides, header, source)
            continue
        count += 1
        if count > limits.members:
            raise Failure(Reason.TOO_LARGE, f"the archive has more than {limits.members} members (limits.members)")
        yield _member(header, overrides, source, limits.member_bytes)
        overrides.waiting = 0
        if overrides.pending:
            overrides.clear()
    # At a global header too, which says nothing here, tarfile fails.
    if overrides.waiting:
        raise refuse("an extended header is followed by no member")


def _headers(source: Source) -> Iterator[Header]:
    """Headers until the end mark, which is checked. Tolerated: no end mark at all, for all readers stop there too."""
    while block := source.take(BLOCK):
        if block == ZEROS:
            check_end(source)
            return
        if len(block) < BLOCK:
            raise refuse("the archive ends within a header")
        yield decode_header(block)


def _extend(overrides: _Overrides, header: Header, source: Source) -> None:
    if header.size > MAX_EXTENDED_BYTES or header.size < 0:
        raise refuse(f"an extended header claims {header.size} bytes")
    overrides.extended_bytes += header.size
    if overrides.extended_bytes > MAX_ALL_EXTENDED_BYTES:
        raise refuse(f"the extended headers together claim more than {MAX_ALL_EXTENDED_BYTES} bytes")
    overrides.waiting += 1
    if overrides.waiting > MAX_EXTENDED_TOGETHER:
        raise refuse(f"a member has more than {MAX_EXTENDED_TOGETHER} extended headers")
    body = _extended_body(header, source)
    if header.type == b"g":
        # Some readers take a global header for the member that the headers before it belong to.
        if overrides.pending:
            raise refuse("a global header stands between a member and its extended header")
        overrides.shared = overrides.shared.updated(parse_pax(body, shared=True))
        return
    overrides.pending = True
    if header.type == b"x":
        # Some readers join two extended headers, others take the second alone.
        if overrides.pax is not None:
            raise refuse("a member has two extended headers")
        overrides.pax = parse_pax(body, shared=False)
    elif header.type == b"L":
        overrides.long_path = _once(overrides.long_path, body)
    else:
        overrides.long_target = _once(overrides.long_target, body)


def _extended_body(header: Header, source: Source) -> bytes:
    """The header's body, as long as it says it is.

    tarfile reads on in what pads it to whole blocks, for the end of a name and for further records; GNU tar does for
    names. Tolerated: anything behind a name that a NUL ends. No reader looks there.
    """
    blocks = _body(source, _padded(header.size))
    body, padding = blocks[: header.size], blocks[header.size :]
    named = header.type in LONG_NAMES and b"\0" in body
    if not named and padding.strip(b"\0"):
        raise refuse("an extended header goes on behind its end")
    return body


def _once(before: bytes | None, body: bytes) -> bytes:
    # Of two long names some readers take the first, others the last.
    if before is not None:
        raise refuse("a member has two long names")
    name = body.partition(b"\0")[0]
    check_long_name(body)
    if not name:
        raise refuse("a long name is empty")  # the header's name for Go and node
    return name


def _member(header: Header, overrides: _Overrides, source: Source, member_bytes: int) -> Member:
    kind = header.kind
    if kind is None:
        raise refuse(f"a member has the unknown type {header.type!r}")
    path, target, size, mtime = header.path, header.target, header.size, header.mtime
    if overrides.pending or overrides.shared:
        path, target, size, mtime = _overridden(header, overrides)
    if path.endswith(b"/") or (kind is _DIRECTORY and header.type == OLD_FILE):
        path = _directory_path(path, kind)
    if not path:
        raise refuse("a member has no name")
    executable = bool(header.mode & _OWNER_EXECUTES)
    content = None
    if kind is not _FILE:
        if size and not (_may_claim(header) and _claims_nothing(source, size)):
            raise refuse(f"a {kind} has a body of {size} bytes")
    elif size < 0:
        raise refuse("a member has a negative size")
    elif size <= member_bytes:
        content = _body(source, size)
    elif source.skip(_padded(size)) < _padded(size):
        raise refuse("the archive ends within a member")
    return Member(path, kind, executable, mtime, size, content, None, target)


def _overridden(header: Header, overrides: _Overrides) -> tuple[bytes, bytes, int, int]:
    """The header's path, target, size and time, with what the headers before it say in their place."""
    pax = overrides.shared.updated(overrides.pax) if overrides.pax else overrides.shared
    if None not in {pax.path, overrides.long_path} or None not in {pax.target, overrides.long_target}:
        raise refuse("a member has a long name in two forms")
    # Readers without pax take the header's size, and find a member in the content.
    if pax.size not in {None, header.size} and not (pax.size or 0) > _LARGEST_SIZE:
        raise refuse(f"a member has {header.size} bytes by its header and {pax.size} by its extended header")
    return (
        _first(pax.path, overrides.long_path, header.path),
        _first(pax.target, overrides.long_target, header.target),
        header.size if pax.size is None else pax.size,
        header.mtime if pax.mtime is None else pax.mtime,
    )


def _first(*values: bytes | None) -> bytes:
    return next(value for value in values if value is not None)


def _directory_path(path: bytes, kind: MemberKind) -> bytes:
    """A directory's name, without the slashes that end it; the root stays a slash.

    Of old directories, which are such by their names, the short and the long name must both say so: some readers go
    by the one, some by the other.
    """
    if kind is not _DIRECTORY or not path.endswith(b"/"):
        raise refuse("a member is no directory and its name ends as a directory's, or the reverse")
    return path.rstrip(b"/") or b"/"


def _may_claim(header: Header) -> bool:
    """Whether a member without a body may have a size.

    Tolerated: directories with the size of their inode, as some writers have it. Not so old directories, for GNU
    tar reads a body there, and hard links: node's tar does, and libarchive where it has seen a pax header.
    """
    return header.kind is _DIRECTORY and header.type != OLD_FILE


def _claims_nothing(source: Source, size: int) -> bool:
    """Whether there is no body of ``size`` bytes here for any reader: one that passes over it finds no header behind.

    An extended header may not be passed over either: the member behind it would have another name.
    """
    if not 0 < size <= MAX_CLAIMED_BYTES:
        return False
    ahead = source.peek(_padded(size) + BLOCK)
    following = ahead[:BLOCK]
    if not following.strip(b"\0"):
        return not ahead.strip(b"\0")
    behind = ahead[_padded(size) :]
    return (
        is_header(following)
        and decode_header(following).type not in EXTENSIONS
        and bool(behind.strip(b"\0"))
        and not is_header(behind)
    )


def _padded(size: int) -> int:
    return size + -size % BLOCK


def _body(source: Source, size: int) -> bytes:
    body = source.take(size, -size % BLOCK)
    if len(body) < size or source.ended:
        raise refuse("the archive ends within a member")
    return body
