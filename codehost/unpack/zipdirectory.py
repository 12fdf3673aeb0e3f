"""The directory of a zip archive: where its members are (PKWARE APPNOTE 6.3.10, sections 4.3.12 to 4.3.16).

Everything here is arithmetic on bytes that the caller read; the claims are compared with each other and
with the file's size, so that all readers find the same members or this one refuses.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from codehost.unpack.refusal import refuse
from codehost.unpack.zipattributes import check_streamed, is_dos_directory, unix_mode
from codehost.unpack.zipextra import check_kind, wide_numbers
from codehost.unpack.zipnames import decode_name

END = struct.Struct("<4s4H2LH")
END_MAGIC = b"PK\x05\x06"
END64_LOCATOR = struct.Struct("<4sLQL")
END64_LOCATOR_MAGIC = b"PK\x06\x07"
END64 = struct.Struct("<4sQ2H2L4Q")
END64_MAGIC = b"PK\x06\x06"
CENTRAL = struct.Struct("<4s6H3L5H2L")
CENTRAL_MAGIC = b"PK\x01\x02"
MAX_COMMENT = 0xFFFF
# The end record, its longest comment, and the locator of the 64-bit record before it.
TAIL_BYTES = END.size + MAX_COMMENT + END64_LOCATOR.size

_FULL16 = 0xFFFF
_FULL32 = 0xFFFFFFFF
# Stored, deflate, bzip2, LZMA. Tolerated: the last two, which are rare; but Python's zipfile, and so pip, reads them.
_SUPPORTED_METHODS = frozenset({0, 8, 12, 14})
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCH = 0x20
# 4.4.3.2: version 6.3. Python's zipfile reads no archive that asks for more.
_NEWEST_VERSION = 63
FLAG_DESCRIPTOR = 0x8


class Directory(NamedTuple):
    """Where the central directory lies (offset and size in bytes) and how many entries it claims."""

    offset: int
    size: int
    entries: int


class Entry(NamedTuple):
    """One entry of the central directory. ``name`` is raw; ``offset`` is that of the local header.

    ``path`` is what the name means, in UTF-8. ``dos_directory``: the attributes of a DOS or Windows host say so.
    """

    name: bytes
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed: int
    size: int
    unix_mode: int
    offset: int
    path: bytes
    dos_directory: bool


class EndRecord(NamedTuple):
    """The end record with its position in the file, and the place that a 64-bit one is said to have."""

    directory: Directory
    position: int
    end64_offset: int | None


def find_end(tail: bytes, file_size: int) -> EndRecord:
    """The end record in the last ``TAIL_BYTES`` of the file. It must end exactly where the file does.

    A comment is tolerated, for tools write one, unless it holds what a reader could take for the record: most readers
    take the last signature in the file, others the first one that fits.

    Raises:
        Failure: there is none, there are several that fit, or the archive has several disks.
    """
    found = [at for at in end_positions(tail) if _ends_the_file(tail, at)]
    if not found:
        raise refuse("the zip archive has no end record, or data behind it")
    if len(found) > 1:
        raise refuse("the zip archive has several end records")
    at = found[0]
    if tail.rfind(END_MAGIC) != at:
        raise refuse("the zip archive's comment holds another end record")
    _, disk, first_disk, here, total, size, offset, _ = END.unpack_from(tail, at)
    position = file_size - len(tail) + at
    locator_at = at - END64_LOCATOR.size
    end64 = None
    if locator_at >= 0 and tail[locator_at : locator_at + 4] == END64_LOCATOR_MAGIC:
        _, locator_disk, end64, disks = END64_LOCATOR.unpack_from(tail, locator_at)
        # Tolerated: no disks at all, as some writers count from zero.
        if locator_disk or disks > 1:
            raise refuse("the zip archive is split over several disks")
        # Readers look for the 64-bit record where the locator says, or right in front of it.
        if end64 != position - END64_LOCATOR.size - END64.size:
            raise refuse("the zip archive's 64-bit end record does not lie before its locator")
    elif _FULL32 in {size, offset} or _FULL16 in {here, total}:
        raise refuse("the zip archive's end record points to a 64-bit record that is missing")
    if disk or first_disk or here != total:
        raise refuse("the zip archive is split over several disks")
    return EndRecord(Directory(offset, size, total), position, end64)


def end_positions(tail: bytes) -> Iterator[int]:
    """Where in ``tail`` an end record could stand: a signature with room for a record."""
    at = tail.find(END_MAGIC)
    while 0 <= at <= len(tail) - END.size:
        yield at
        at = tail.find(END_MAGIC, at + 1)


def _ends_the_file(tail: bytes, at: int) -> bool:
    return bool(at + END.size + END.unpack_from(tail, at)[7] == len(tail))


def widen(end: EndRecord, record: bytes) -> Directory:
    """The directory as the 64-bit end record gives it, which must agree with the 32-bit one where that speaks.

    Raises:
        Failure: it is no such record, or the two disagree.
    """
    if len(record) < END64.size or not record.startswith(END64_MAGIC):
        raise refuse("the zip archive's 64-bit end record is missing")
    _, length, _, _, disk, first_disk, here, total, size, offset = END64.unpack_from(record)
    narrow = end.directory
    pairs = ((narrow.entries, total, _FULL16), (narrow.size, size, _FULL32), (narrow.offset, offset, _FULL32))
    whole = length == END64.size - 12  # 4.3.14.1: without the first two fields
    if not whole or disk or first_disk or here != total or any(a not in {b, full} for a, b, full in pairs):
        raise refuse("the zip archive's two end records disagree")
    return Directory(offset, size, total)


def read_entries(data: bytes, directory: Directory) -> Iterator[Entry]:
    """The entries of the central directory ``data``, which they must fill exactly.

    Raises:
        Failure: a damaged entry, an encrypted member, an unknown method, a wrong count.
    """
    at = 0
    for _ in range(directory.entries):
        if at + CENTRAL.size > len(data) or data[at : at + 4] != CENTRAL_MAGIC:
            raise refuse("the zip archive's directory is damaged")
        entry, at = _entry(data, at)
        yield entry
    if at != len(data):
        raise refuse("the zip archive's directory has data that belongs to no member")


def _entry(data: bytes, at: int) -> tuple[Entry, int]:
    fields = CENTRAL.unpack_from(data, at)
    _, made_by, needs, flags, method, time, date, crc, compressed, size, *lengths, disk, _, external, offset = fields
    name_end = at + CENTRAL.size + lengths[0]
    extra_end = name_end + lengths[1]
    end = extra_end + lengths[2]
    name = data[at + CENTRAL.size : name_end]
    if end > len(data):
        raise refuse("the zip archive's directory is damaged")
    if flags & _ENCRYPTED:
        raise refuse("a member is encrypted")
    if needs & 0xFF > _NEWEST_VERSION:
        raise refuse("a member needs a version of the zip format that installers do not read")
    if flags & _PATCH:  # 4.4.4, bit 5
        raise refuse("a member is a patch to a file that is not here")
    if method not in _SUPPORTED_METHODS:
        raise refuse(f"a member is compressed by method {method}, which installers do not read")
    if disk:
        raise refuse("the zip archive is split over several disks")
    mode = unix_mode(made_by >> 8, external, name)  # 4.4.2.2: the upper byte is the system
    dos_directory = is_dos_directory(made_by >> 8, external)
    extra = data[name_end:extra_end]
    size, compressed, offset = wide_numbers(extra, size, compressed, offset)
    if extra:
        check_kind(extra, mode)
        check_streamed(extra, mode)
    path = decode_name(name, flags, extra)
    return Entry(name, flags, method, time, date, crc, compressed, size, mode, offset, path, dos_directory), end
