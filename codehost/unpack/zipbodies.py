"""The bodies of a zip archive's members: unpacked once, which proves size and checksum (PKWARE APPNOTE 6.3.10, 4.4.5).

Installers that stand on Python's zipfile read four methods, and so does this module. Nothing is believed: a body may
grow to the size that its headers give and not by a byte more, and all of its packed bytes must belong to it.
"""

import bz2
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from codehost.model.deflate import crc32, inflater
from codehost.model.errors import Failure
from codehost.model.members import MIB
from codehost.unpack.decompressing import (
    INPUT_BYTES,
    Buffering,
    DamagedError,
    Decompressor,
    EndsEarlyError,
    decompress,
    inflated,
    unpacked,
)
from codehost.unpack.refusal import refuse
from codehost.unpack.zipdirectory import Entry

STORED = 0
DEFLATED = 8
BZIP2 = 12
LZMA = 14

_LZMA_DICTIONARY_BYTES = 64 * MIB
# 4.4.4, method 14: bit 1 says that an end marker closes the stream.
_FLAG_LZMA_END = 0x2


def read_body(file: BinaryIO, start: int, entry: Entry, *, keep: bool) -> tuple[bytes | None, bytes | None]:
    """The body at ``start``, and its raw deflate stream if it is one; checked but not kept unless ``keep``.

    A body that nobody keeps is unpacked too: a size that lies would hide a small file among the large ones.

    Raises:
        Failure: size, checksum or the packed stream are wrong.
    """
    # A packed body larger than twice its content would be held in memory for nothing.
    if keep and entry.compressed > 2 * entry.size + 4096:
        raise refuse("a member takes far more room compressed than not")
    if keep and entry.method == DEFLATED:
        file.seek(start)
        raw = file.read(entry.compressed)
        content = _inflate(raw, entry.size)
        _check(entry, len(content), crc32(content, 0))
        return content, raw
    size = checksum = 0
    kept = []
    for piece in _pieces(file, start, entry):
        size += len(piece)
        if size > entry.size:
            break
        checksum = crc32(piece, checksum)
        if keep:
            kept.append(piece)
    _check(entry, size, checksum)
    return (b"".join(kept) if keep else None), None


def _check(entry: Entry, size: int, checksum: int) -> None:
    if size != entry.size or checksum != entry.crc:
        raise refuse("a member's size or checksum is wrong")


def _inflate(raw: bytes, size: int) -> bytes:
    stream = inflater(gzip=False)
    try:
        content = decompress(stream, raw, size + 1)
    except DamagedError as error:
        raise refuse(f"a member's deflate stream is damaged ({error})") from error
    if not stream.eof or stream.unused_data:
        raise _bad_end()
    return content


def _bad_end() -> Failure:
    return refuse("a member's compressed stream does not end where its size says")


def _pieces(file: BinaryIO, start: int, entry: Entry) -> Iterator[bytes]:
    try:
        yield from _READERS[entry.method](packed_pieces(file, start, entry.compressed), entry)
    except EndsEarlyError:
        raise _bad_end() from None
    except DamagedError as error:
        raise refuse(f"a member's compressed stream is damaged ({error})") from error


def packed_pieces(file: BinaryIO, start: int, left: int) -> Iterator[bytes]:
    """The packed bytes of a body, piece by piece; nothing else may read the file meanwhile.

    Raises:
        Failure: the archive ends before them.
    """
    file.seek(start)
    while left:
        piece = file.read(min(left, INPUT_BYTES))
        if not piece:
            raise refuse("the zip archive ends within a member")
        left -= len(piece)
        yield piece


def _stored(packed: Iterator[bytes], _: Entry) -> Iterator[bytes]:
    return packed


def _inflated(packed: Iterator[bytes], _: Entry) -> Iterator[bytes]:
    stream = inflater(gzip=False)
    more = partial(next, packed, b"")
    yield from inflated(stream, more(), more)
    _check_end(stream, packed)


def _bunzipped(packed: Iterator[bytes], _: Entry) -> Iterator[bytes]:
    return _unpacked(bz2.BZ2Decompressor(), b"", packed)


def _unlzma(packed: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    # 5.8.8: two bytes of version, two for the length of the properties, the properties, then the bare stream.
    data = next(packed, b"")
    if len(data) < 9 or data[2:4] != b"\5\0" or data[4] >= 225:
        raise refuse("a member's LZMA properties are damaged")
    # Without the marker nothing tells whether the stream ends where the packed bytes do; writers of zips set it.
    if not entry.flags & _FLAG_LZMA_END:
        raise refuse("a member's LZMA stream has no end marker")
    # A stream cannot look back farther than its own length; the claim alone may be 4 GiB.
    dictionary = min(int.from_bytes(data[5:9], "little"), max(entry.size, 4096))
    if dictionary > _LZMA_DICTIONARY_BYTES:
        raise refuse("a member's LZMA dictionary is too large")
    literal, position = data[4] % 9, data[4] // 9
    properties = {"id": lzma.FILTER_LZMA1, "lc": literal, "lp": position % 5, "pb": position // 5}
    try:
        stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[properties | {"dict_size": dictionary}])
    except (lzma.LZMAError, ValueError) as error:
        raise refuse(f"a member's compressed stream is damaged ({error})") from error
    return _unpacked(stream, data[9:], packed)


def _unpacked(stream: Buffering, data: bytes, packed: Iterator[bytes]) -> Iterator[bytes]:
    yield from unpacked(stream, data, partial(next, packed, b""))
    _check_end(stream, packed)


def _check_end(stream: Decompressor, packed: Iterator[bytes]) -> None:
    if stream.unused_data or next(packed, b""):
        raise _bad_end()


_READERS: dict[int, Callable[[Iterator[bytes], Entry], Iterator[bytes]]] = {
    STORED: _stored,
    DEFLATED: _inflated,
    BZIP2: _bunzipped,
    LZMA: _unlzma,
}
