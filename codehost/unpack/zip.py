"""Reading zip archives: wheels, eggs and sdists (PKWARE APPNOTE 6.3.10).

A member's raw deflate stream is handed on beside its content, so that it can be stored without deflating again;
it is inflated once, which proves its size and its CRC.
"""

import stat
import struct
from calendar import timegm
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

from codehost.model.deflate import DeflateError, crc32, inflater
from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB, Limits, Member, MemberKind
from codehost.unpack.zipdirectory import (
    END64,
    FLAG_DESCRIPTOR,
    FLAG_UTF8,
    TAIL_BYTES,
    Entry,
    find_end,
    read_entries,
    refuse,
    wide_numbers,
    widen,
)

_LOCAL = struct.Struct("<4s5H3L2H")
_FULL32 = 0xFFFFFFFF
_LOCAL_MAGIC = b"PK\x03\x04"
_DIRECTORY_BYTES = 64 * MIB
_DEFLATED = 8
_OWNER_EXECUTES = 0o100
_DESCRIPTOR_MAGIC = b"PK\x07\x08"
_DESCRIPTOR_BYTES = 24
# Flags that tell how a member was written and may differ between its headers: compression options, a data descriptor.
_LOOSE_FLAGS = 0x6 | FLAG_DESCRIPTOR


def read_zip(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a zip archive, in the order of its directory.

    Raises:
        Failure: unsafe-archive for a damaged or ambiguous archive, too-large beyond ``limits``.
    """
    entries, directory_offset = _entries(file, limits)
    ends = _ends(entries, directory_offset)
    left = limits.unpacked_bytes
    for entry in entries:
        left -= entry.size
        if left < 0:
            raise Failure(Reason.TOO_LARGE, f"the archive unpacks to more than {limits.unpacked_bytes} bytes")
        yield _member(file, entry, ends[entry.offset], limits.member_bytes)


def _entries(file: BinaryIO, limits: Limits) -> tuple[list[Entry], int]:
    file_size = file.seek(0, SEEK_END)
    tail = _at(file, max(0, file_size - TAIL_BYTES), TAIL_BYTES)
    end = find_end(tail, file_size)
    directory = end.directory
    limit = end.position
    if end.end64_offset is not None:
        directory = widen(end, _at(file, end.end64_offset, END64.size))
        limit = end.end64_offset
    # Some readers take the directory at its offset, others the bytes in front of the end record.
    if directory.offset + directory.size != limit:
        raise refuse("the zip archive's directory does not lie right before its end record")
    if directory.size > _DIRECTORY_BYTES or directory.entries > limits.members:
        raise Failure(Reason.TOO_LARGE, f"the archive has more than {limits.members} members")
    entries = list(read_entries(_at(file, directory.offset, directory.size), directory))
    if len({entry.name for entry in entries}) < len(entries):
        raise refuse("two members of the zip archive have one name")
    return entries, directory.offset


def _ends(entries: list[Entry], directory_offset: int) -> dict[int, int]:
    """By each member's offset, where the next member or the directory begins: no member may reach beyond."""
    offsets = sorted({entry.offset for entry in entries})
    if len(offsets) < len(entries):
        raise refuse("two members of the zip archive overlap")
    return dict(zip(offsets, (*offsets[1:], directory_offset), strict=False))


def _at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _member(file: BinaryIO, entry: Entry, end: int, member_bytes: int) -> Member:
    start = _data_offset(file, entry, end)
    kind = _kind(entry)
    content: bytes | None = None
    deflated: bytes | None = None
    if entry.size <= member_bytes and kind in {MemberKind.FILE, MemberKind.SYMLINK}:
        content, deflated = _content(file, entry, start)
    target = content if kind is MemberKind.SYMLINK and content is not None else b""
    return Member(
        _name(entry).rstrip(b"/"),
        kind,
        bool(entry.unix_mode & _OWNER_EXECUTES),
        _mtime(entry),
        entry.size,
        content,
        deflated,
        target,
    )


def _data_offset(file: BinaryIO, entry: Entry, end: int) -> int:
    header = _at(file, entry.offset, _LOCAL.size)
    name_length: int
    extra_length: int
    if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MAGIC):
        raise refuse("a member's local header is missing")
    _, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(header)
    agreed = (flags | _LOOSE_FLAGS) == (entry.flags | _LOOSE_FLAGS) and method == entry.method
    if not agreed or file.read(name_length) != entry.name:
        raise refuse("a member's two headers disagree")
    start = entry.offset + _LOCAL.size + name_length + extra_length
    # Members that overlap are a bomb, or two archives in one.
    if start + entry.compressed > end:
        raise refuse("a member overlaps what follows it in the zip archive")
    if _FULL32 in {compressed, size}:
        size, compressed, _ = wide_numbers(file.read(extra_length), size, compressed, 0)
    local, central = (crc, compressed, size), (entry.crc, entry.compressed, entry.size)
    if flags & FLAG_DESCRIPTOR:
        _check_descriptor(
            _at(file, start + entry.compressed, min(_DESCRIPTOR_BYTES, end - start - entry.compressed)), central
        )
        # 4.4.4, bit 3: zeros stand for the numbers that follow the data.
        local = (local[0] or entry.crc, local[1] or entry.compressed, local[2] or entry.size)
    if local != central:
        raise refuse("a member's two headers disagree about its size or checksum")
    return start


def _check_descriptor(found: bytes, numbers: tuple[int, int, int]) -> None:
    # 4.3.9: checksum and sizes, these in 32 or 64 bits; 4.3.9.3: with or without a signature.
    wide = struct.pack("<L2Q", *numbers)
    narrow = struct.pack("<3L", *(number & _FULL32 for number in numbers))
    if not found.removeprefix(_DESCRIPTOR_MAGIC).startswith((wide, narrow)):
        raise refuse("a member's data descriptor disagrees with its header")


def _content(file: BinaryIO, entry: Entry, start: int) -> tuple[bytes, bytes | None]:
    if entry.compressed > 2 * entry.size + 4096:
        raise refuse("a member takes far more room compressed than not")
    raw = _at(file, start, entry.compressed)
    if len(raw) < entry.compressed:
        raise refuse("the zip archive ends within a member")
    content = _inflate(raw, entry.size) if entry.method == _DEFLATED else raw
    if len(content) != entry.size or crc32(content, 0) != entry.crc:
        raise refuse("a member's size or checksum is wrong")
    return content, raw if entry.method == _DEFLATED else None


def _inflate(raw: bytes, size: int) -> bytes:
    stream = inflater(gzip=False)
    try:
        content = stream.decompress(raw, size + 1)
    except DeflateError as error:
        raise refuse(f"a member's deflate stream is damaged ({error})") from error
    if not stream.eof or stream.unused_data:
        raise refuse("a member's deflate stream does not end where its size says")
    return content


def _kind(entry: Entry) -> MemberKind:
    if entry.name.endswith(b"/"):
        if entry.size:
            raise refuse("a directory has a body")
        return MemberKind.DIRECTORY
    kind = stat.S_IFMT(entry.unix_mode)
    if kind == stat.S_IFLNK:
        return MemberKind.SYMLINK
    if kind in {0, stat.S_IFREG}:
        return MemberKind.FILE
    if kind == stat.S_IFDIR:
        raise refuse("a member is a directory by its mode and a file by its name")
    return MemberKind.DEVICE


def _name(entry: Entry) -> bytes:
    # 4.4.4, bit 11 and appendix D: without it names are in code page 437, as every reader takes them.
    if entry.flags & FLAG_UTF8 or entry.name.isascii():
        return entry.name
    return entry.name.decode("cp437").encode()


def _mtime(entry: Entry) -> int:
    """Seconds since the epoch; DOS times have no zone and are taken as UTC, impossible ones as 1980."""
    day = entry.date & 31, entry.date >> 5 & 15, 1980 + (entry.date >> 9)
    clock = entry.time >> 11, entry.time >> 5 & 63, 2 * (entry.time & 31)
    if not (1 <= day[0] <= 31 and 1 <= day[1] <= 12):
        day = 1, 1, 1980
    return timegm((day[2], day[1], day[0], clock[0], clock[1], clock[2], 0, 1, 0))
