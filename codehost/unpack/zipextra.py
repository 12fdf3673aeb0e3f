"""The extra fields of a member's headers that have a say in what a reader finds (PKWARE APPNOTE 6.3.10, section 4.5).

Most extra fields hold times and owners; readers may take them or leave them. The few below give sizes, names or kinds
a second time, which some readers believe and others never look at: each must say what the header says.
"""

import stat
import struct
from collections.abc import Iterator

from codehost.unpack.refusal import refuse

_FULL32 = 0xFFFFFFFF
_ZIP64 = 0x0001
_UNICODE_PATH = 0x7075
_ASI_UNIX = 0x756E
# 4.5.2 and 4.6.1: strong encryption, and the AES of others.
_ENCRYPTING = frozenset({0x0017, 0x9901})


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of an extra block (4.5.1), each with its number.

    Up to three bytes behind the last field are passed over, for aligning tools pad so. libarchive stops there.

    Raises:
        Failure: a field claims more than the block has. Some readers stop there and others refuse the archive.
    """
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4 + length
        if at > len(extra):
            raise refuse("a member's extra field is damaged")
        yield kind, extra[at - length : at]


def extra_field(extra: bytes, wanted: int) -> bytes | None:
    """The body of the extra field ``wanted``, None if there is none.

    Raises:
        Failure: the field is there twice, or the block is damaged.
    """
    found = [body for kind, body in extra_fields(extra) if kind == wanted]
    if len(found) > 1:
        raise refuse("a member's extra field is damaged: there are two of one kind")
    return found[0] if found else None


def wide_numbers(
    extra: bytes, size: int, compressed: int, offset: int, *, described: bool = False
) -> tuple[int, int, int]:
    """The three numbers, those that are all ones read from the 64-bit extra field.

    ``described``: a data descriptor follows, so that a zero in the header stands for a number not known yet.

    Raises:
        Failure: the field is missing, too short, there twice, or contradicts the header.
    """
    values = [size, compressed, offset]
    wide = [index for index, value in enumerate(values) if value == _FULL32]
    if not wide and not extra:
        return size, compressed, offset
    body = extra_field(extra, _ZIP64) or b""
    if len(body) < 8 * len(wide):
        raise refuse("a member's 64-bit sizes are missing")
    # 4.5.3: the 64-bit fields are there for just those whose 32-bit field is all ones, in this order.
    for place, index in enumerate(wide):
        values[index] = int.from_bytes(body[8 * place : 8 * place + 8], "little")
    if len(body) > 8 * len(wide):
        _check_surplus(body, len(wide), values, described=described)
    return values[0], values[1], values[2]


def _check_surplus(body: bytes, wide: int, values: list[int], *, described: bool) -> None:
    # 4.5.3: the last number is the disk's, in four bytes.
    numbers, disk = divmod(len(body), 8)
    if numbers > 3 or disk not in {0, 4} or any(body[8 * numbers :]):
        raise refuse("a member's 64-bit sizes are damaged")
    if numbers == wide:
        return
    # Tolerated: writers that always give the first numbers, needed or not. There are readers that take the numbers by
    # their place whatever the header says, so each must be the one that the header leads to.
    for index, told in enumerate(struct.unpack_from(f"<{numbers}Q", body)):
        if described and not values[index]:
            values[index] = told
        elif told != values[index]:
            raise refuse("a member's 64-bit sizes contradict its header")


def unicode_paths(extra: bytes) -> list[bytes]:
    """The names that Info-ZIP's unicode path fields give (4.6.9): a version, a checksum, then UTF-8.

    Readers that know the field take its name when the checksum is that of the header's name; the others never look.
    Which of several fields counts is anybody's guess. So whatever their checksum and version, all are to be compared.

    Raises:
        Failure: a field too short to hold a name.
    """
    bodies = [body for kind, body in extra_fields(extra) if kind == _UNICODE_PATH]
    if any(len(body) < 6 for body in bodies):
        raise refuse("a member's unicode path is damaged")
    return [body[5:] for body in bodies]


def check_kind(extra: bytes, unix_mode: int) -> None:
    """Compare the kind in the ASi extra field with that of the header's mode.

    Raises:
        Failure: one of the two is a symbolic link's, or the member is encrypted.
    """
    for kind, body in extra_fields(extra):
        if kind in _ENCRYPTING:
            raise refuse("a member is encrypted")
        # 4.6.1, ASi Unix: a checksum, then the mode.
        if kind == _ASI_UNIX and stat.S_ISLNK(int.from_bytes(body[4:6], "little")) != stat.S_ISLNK(unix_mode):
            raise refuse("a member is a symbolic link by its extra field or by its mode, and not by both")
