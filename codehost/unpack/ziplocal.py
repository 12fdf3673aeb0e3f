"""A member's local header and data descriptor, held against its entry in the directory (PKWARE APPNOTE 6.3.10, 4.3.7).

Readers that stream believe the local header, all others the directory: what both read must be the same member. The
dates alone may differ; those of the directory are taken, and no reader finds other bytes by them.
"""

import struct
from collections.abc import Iterable

from codehost.model.deflate import crc32
from codehost.unpack.refusal import refuse
from codehost.unpack.zipattributes import check_streamed
from codehost.unpack.zipdirectory import FLAG_DESCRIPTOR, Entry
from codehost.unpack.zipextra import check_kind, unicode_paths, wide_numbers

LOCAL = struct.Struct("<4s5H3L2H")
LOCAL_MAGIC = b"PK\x03\x04"
# Signature, checksum and two sizes of 64 bits.
DESCRIPTOR_BYTES = 24

_FULL32 = 0xFFFFFFFF
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
# Signature, checksum and the packed size: by these readers that stream know a descriptor.
_SOUGHT_BYTES = 12
# 4.4.4: bits 1 and 2 tell how hard the writer tried. Tolerated when they differ, for no reader needs them.
_EFFORT = 0x6


def trailing_bytes(header: bytes) -> int:
    """How many bytes of name and extra fields follow the fixed part of a local header.

    Raises:
        Failure: it is no local header.
    """
    if len(header) < LOCAL.size or not header.startswith(LOCAL_MAGIC):
        raise refuse("a member's local header is missing")
    name_length, extra_length = struct.unpack_from("<2H", header, LOCAL.size - 4)
    return int(name_length) + int(extra_length)


def check_local(header: bytes, entry: Entry) -> bool:
    """Hold the whole local header against the entry. Whether a data descriptor follows the member's data.

    Raises:
        Failure: the two tell of different members.
    """
    _, _, flags, method, _, _, crc, compressed, size, name_length, _ = LOCAL.unpack_from(header)
    name = header[LOCAL.size : LOCAL.size + name_length]
    extra = header[LOCAL.size + name_length :]
    described = bool(flags & FLAG_DESCRIPTOR)
    if not _flags_agree(flags, entry.flags) or method != entry.method or name != entry.name:
        raise refuse("a member's two headers disagree")
    if extra:
        check_kind(extra, entry.unix_mode)
        check_streamed(extra, entry.unix_mode)
        if any(path not in {entry.name, entry.path} for path in unicode_paths(extra)):
            raise refuse("a member has one name in its header and another in its unicode path")
    size, compressed, _ = wide_numbers(extra, size, compressed, 0, described=described)
    if described:
        # 4.4.4, bit 3: zeros stand for the numbers that follow the data. Tolerated: writers that know them say them.
        crc, compressed, size = crc or entry.crc, compressed or entry.compressed, size or entry.size
    if (crc, compressed, size) != (entry.crc, entry.compressed, entry.size):
        raise refuse("a member's two headers disagree about its size or checksum")
    return described


def _flags_agree(local: int, central: int) -> bool:
    # Tolerated: a descriptor that only the local header announces. Writers that stream know the numbers by the time
    # that they write the directory, and many clear the bit there.
    differing = (local ^ central) & ~_EFFORT
    return not differing or (differing == FLAG_DESCRIPTOR and bool(local & FLAG_DESCRIPTOR))


def check_descriptor(found: bytes, entry: Entry) -> None:
    """Hold what lies between a member's data and the next member against the entry.

    Raises:
        Failure: it is no data descriptor, or not this member's.
    """
    # 4.3.9: checksum and sizes, these in 32 or 64 bits; 4.3.9.3: with or without a signature. All four are tolerated
    # whatever the extra field announces: Python and Go have written each of them, and what lies between two members
    # must be the descriptor and nothing else, which leaves one reading.
    numbers = entry.crc, entry.compressed, entry.size
    wide = struct.pack("<L2Q", *numbers)
    narrow = struct.pack("<3L", *(number & _FULL32 for number in numbers))
    if found not in {wide, narrow, _DESCRIPTOR_MAGIC + wide, _DESCRIPTOR_MAGIC + narrow}:
        raise refuse("a member's data descriptor disagrees with its header")


def holds_descriptor(pieces: Iterable[bytes]) -> bool:
    """Whether a stored body, given piece by piece, holds a descriptor of the bytes before it.

    Readers that stream find the end of such a body by its descriptor alone. Tolerated: descriptors of anything else,
    as an archive within the archive has them.
    """
    window, passed, checksum = b"", 0, 0  # the checksum is that of all bytes before the window
    for piece in pieces:
        window += piece
        taken = 0
        at = window.find(_DESCRIPTOR_MAGIC)
        while 0 <= at <= len(window) - _SOUGHT_BYTES:
            told, compressed = struct.unpack_from("<2L", window, at + len(_DESCRIPTOR_MAGIC))
            # Of 64-bit sizes these are the lower halves, which some readers take for both.
            if compressed == (passed + at) & _FULL32:
                checksum = crc32(window[taken:at], checksum)
                taken = at
                if told == checksum:
                    return True
            at = window.find(_DESCRIPTOR_MAGIC, at + 1)
        keep = max(taken, len(window) - _SOUGHT_BYTES + 1)
        checksum = crc32(window[taken:keep], checksum)
        passed += keep
        window = window[keep:]
    return False
