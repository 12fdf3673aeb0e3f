"""Reading zip archives: wheels, eggs and sdists (PKWARE APPNOTE 6.3.10).

There are two ways to read a zip: from its directory, or member after member from the first byte. An archive is read
here only if both ways lead to the same members, so the file must be its members, one behind the other from the first
byte, then the directory, then the end record, with not a byte between them. Writers of real wheels and sdists leave
no gaps, and what fills one is for some readers a member.

A member's raw deflate stream is handed on beside its content, so that it can be stored without deflating again.
"""

import hashlib
import stat
from calendar import timegm
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.bounds import unpacked_bound
from codehost.unpack.refusal import refuse
from codehost.unpack.zipbodies import STORED, packed_pieces, read_body
from codehost.unpack.zipdirectory import END64, TAIL_BYTES, Directory, Entry, find_end, read_entries, widen
from codehost.unpack.ziplocal import (
    DESCRIPTOR_BYTES,
    LOCAL,
    check_descriptor,
    check_local,
    holds_descriptor,
    trailing_bytes,
)
from codehost.unpack.zipnames import check_raw_names, place_of, repeated_places

# What an entry of the directory takes beside its name: its fields, and extra fields as writers make them.
_ENTRY_BYTES = 256
_OWNER_EXECUTES = 0o100
_DEVICES = frozenset({stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK})
_WITH_BODY = frozenset({MemberKind.FILE, MemberKind.SYMLINK})


def read_zip(file: BinaryIO, limits: Limits) -> Iterator[Member]:
    """The members of a zip archive, in the order of its directory.

    Raises:
        Failure: unsafe-archive for a damaged or ambiguous archive, too-large beyond ``limits``.
    """
    bound = unpacked_bound(file, limits)
    entries, directory_offset = _entries(file, limits)
    ends = _ends(entries, directory_offset)
    repeated = repeated_places(entry.path for entry in entries)
    check_raw_names((entry.name, entry.path) for entry in entries if not entry.name.isascii())
    seen: dict[bytes, tuple[object, ...]] = {}
    left = bound.size
    for entry in entries:
        left -= entry.size
        if left < 0:
            raise bound.exceeded()
        member = _member(file, entry, ends[entry.offset], limits.member_bytes)
        place = place_of(entry.path) if repeated else b""
        if place not in repeated or _is_first(member, entry, place, seen):
            yield member


def _is_first(member: Member, entry: Entry, place: bytes, seen: dict[bytes, tuple[object, ...]]) -> bool:
    """Whether no member had this place before.

    Tolerated: members that say the same thing twice, as some build tools list a file twice. Any reader finds the
    same, whether it takes the first or the last.
    """
    digest = hashlib.sha256(member.content or b"").digest()
    facts = (member.kind, member.executable, member.size, entry.crc, digest)
    if seen.setdefault(place, facts) != facts:
        raise refuse("two members of the zip archive have one name and differ")
    return seen[place] is facts


def _entries(file: BinaryIO, limits: Limits) -> tuple[list[Entry], int]:
    directory = _directory(file)
    if directory.entries > limits.members:
        raise Failure(Reason.TOO_LARGE, f"the archive has more than {limits.members} members (limits.members)")
    if directory.size > limits.name_bytes + _ENTRY_BYTES * limits.members:
        what = f"the zip archive's directory has {directory.size} bytes, more than limits.members and limits.nameBytes"
        raise Failure(Reason.TOO_LARGE, f"{what} allow")
    return list(read_entries(_at(file, directory.offset, directory.size), directory)), directory.offset


def _directory(file: BinaryIO) -> Directory:
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
    return directory


def _ends(entries: list[Entry], directory_offset: int) -> dict[int, int]:
    """By each member's offset, where the next member or the directory begins: there the member must end."""
    offsets = sorted({entry.offset for entry in entries})
    if len(offsets) < len(entries):
        raise refuse("two members of the zip archive overlap")
    if not offsets and directory_offset:
        raise refuse("the zip archive's directory is empty, but the zip archive is not")
    if offsets and offsets[0]:
        raise refuse("the zip archive has data before its first member")
    return dict(zip(offsets, (*offsets[1:], directory_offset), strict=False))


def _at(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _member(file: BinaryIO, entry: Entry, end: int, member_bytes: int) -> Member:
    start = _data_offset(file, entry, end)
    kind = _kind(entry)
    keep = entry.size <= member_bytes
    content, deflated = read_body(file, start, entry, keep=keep)
    if kind not in _WITH_BODY:
        content = deflated = None
    target = content if kind is MemberKind.SYMLINK and content is not None else b""
    executable = bool(entry.unix_mode & _OWNER_EXECUTES)
    return Member(entry.path.rstrip(b"/"), kind, executable, _mtime(entry), entry.size, content, deflated, target)


def _data_offset(file: BinaryIO, entry: Entry, end: int) -> int:
    """Where the member's data begins, after all around it was checked."""
    header = _at(file, entry.offset, LOCAL.size)
    header += file.read(trailing_bytes(header))
    start = entry.offset + len(header)
    data_end = start + entry.compressed
    described = check_local(header, entry)
    # Members that overlap are a bomb, or two archives in one.
    if data_end > end:
        raise refuse("a member overlaps what follows it in the zip archive")
    if described:
        check_descriptor(_at(file, data_end, min(DESCRIPTOR_BYTES + 1, end - data_end)), entry)
        if entry.method == STORED and holds_descriptor(packed_pieces(file, start, entry.compressed)):
            raise refuse("a member holds a data descriptor of what comes before it, so that it has two ends")
    elif data_end < end:
        raise refuse("the zip archive holds data that its directory does not list")
    return start


def _kind(entry: Entry) -> MemberKind:
    kind = stat.S_IFMT(entry.unix_mode)
    if entry.path.endswith(b"/"):
        if entry.size:
            raise refuse("a directory has a body")
        if kind == stat.S_IFLNK:
            raise refuse("a member is a symbolic link by its mode and a directory by its name")
        # Tolerated: any other mode. The name makes the directory for every reader, and there is no body to lose.
        return MemberKind.DIRECTORY
    if kind == stat.S_IFLNK:
        return MemberKind.SYMLINK
    if kind == stat.S_IFDIR:
        raise refuse("a member is a directory by its mode and a file by its name")
    if kind in _DEVICES:
        # Python's zipfile, and so pip, never looks at this and writes a file.
        if entry.size:
            raise refuse("a member is a device by its mode and has a body")
        return MemberKind.DEVICE
    if entry.dos_directory:
        # An empty file to installers, a directory to libarchive and Go.
        raise refuse("a member is a directory by its attributes and a file by its name")
    # Tolerated: modes that are no system's, which some writers leave behind. To all readers these are files.
    return MemberKind.FILE


def _mtime(entry: Entry) -> int:
    """Seconds since the epoch; DOS times have no zone and are taken as UTC, impossible ones as 1980."""
    day = entry.date & 31, entry.date >> 5 & 15, 1980 + (entry.date >> 9)
    clock = entry.time >> 11, entry.time >> 5 & 63, 2 * (entry.time & 31)
    if not (1 <= day[0] <= 31 and 1 <= day[1] <= 12):
        day = 1, 1, 1980
    return timegm((day[2], day[1], day[0], clock[0], clock[1], clock[2], 0, 1, 0))
