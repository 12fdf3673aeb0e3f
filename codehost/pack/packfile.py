"""Writing a packfile, version 2, with an index, version 2 (git's documentation: gitformat-pack).

Pack: ``PACK``, version, number of objects (4 bytes each, big-endian), the entries, SHA-1 of all that. An entry is a
header (bit 7: more follows; first byte: type in bits 4 to 6, size's lowest 4 bits; then 7 bits of size a byte) and the
body as a zlib stream. No deltas: they cost more time than the room they save, which the search engine does not need.

Index: FF 74 4F 63, version, 256 running counts by first byte of the name, the names in order, CRC-32 of each entry,
its offset in the pack (with the high bit set: place in the table of 8-byte offsets behind), the pack's SHA-1, SHA-1 of
all that.
"""

import hashlib
import struct
from io import BufferedRandom
from itertools import accumulate

from codehost.model.deflate import adler32, compress, crc32
from codehost.pack.objects import ObjectType, object_name

_HEADER_BYTES = 12
_PIECE_BYTES = 256 * 1024
_LARGE_OFFSET = 1 << 31
# RFC 1950: deflate with a 32 KiB window, no dictionary, fastest level; 0x7801 is a multiple of 31.
_ZLIB_HEADER = b"\x78\x01"


class PackWriter:
    """Appends objects to a pack file, each once. Memory: about 200 bytes an object, and nothing of their bodies."""

    def __init__(self, file: BufferedRandom) -> None:
        self._file = file
        self._unwritten: list[bytes] = []
        self._unwritten_bytes = 0
        self._offset = _HEADER_BYTES
        # Object name -> (offset, CRC-32) of its entry.
        self._entries: dict[bytes, tuple[int, int]] = {}
        file.write(bytes(_HEADER_BYTES))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, kind: ObjectType, body: bytes, deflated: bytes | None = None) -> bytes:
        """Store an object unless it is there; returns its name. ``deflated``: the body as a raw deflate stream."""
        name = object_name(kind, body)
        if name not in self._entries:
            if deflated is None:
                stream = compress(body)
            else:
                stream = b"%b%b%b" % (_ZLIB_HEADER, deflated, adler32(body).to_bytes(4, "big"))
            self._append(name, entry_header(kind, len(body)), stream)
        return name

    def _append(self, name: bytes, header: bytes, stream: bytes) -> None:
        self._entries[name] = (self._offset, crc32(stream, crc32(header, 0)))
        size = len(header) + len(stream)
        self._offset += size
        self._unwritten += (header, stream)
        self._unwritten_bytes += size
        if self._unwritten_bytes >= _PIECE_BYTES:
            self._flush()

    def _flush(self) -> None:
        self._file.write(b"".join(self._unwritten))
        self._unwritten.clear()
        self._unwritten_bytes = 0

    def finish(self) -> tuple[bytes, int]:
        """Write the header and the trailer; returns the pack's checksum (20 bytes) and its size in bytes."""
        self._flush()
        self._file.seek(0)
        self._file.write(struct.pack(">4sLL", b"PACK", 2, len(self._entries)))
        self._file.seek(0)
        checksum = hashlib.file_digest(self._file, _sha1).digest()
        self._file.write(checksum)
        return checksum, self._offset + len(checksum)

    def index(self, checksum: bytes) -> bytes:
        """The index of the finished pack."""
        return encode_index(sorted((name, crc, offset) for name, (offset, crc) in self._entries.items()), checksum)


def _sha1() -> "hashlib._Hash":
    return hashlib.sha1(usedforsecurity=False)


def entry_header(kind: ObjectType, size: int) -> bytes:
    """The header of a pack entry; ``size`` is that of the body before deflation."""
    byte = (kind << 4) | (size & 0xF)
    size >>= 4
    if 0x80 <= size < 0x4000:  # from 2 KiB to 256 KiB: most files
        return bytes((byte | 0x80, size & 0x7F | 0x80, size >> 7))
    header = bytearray()
    while size:
        header.append(byte | 0x80)
        byte = size & 0x7F
        size >>= 7
    header.append(byte)
    return bytes(header)


def encode_index(entries: list[tuple[bytes, int, int]], checksum: bytes) -> bytes:
    """An index, version 2, of (name, CRC-32, offset) entries sorted by name."""
    counts = [0] * 256
    for name, _, _ in entries:
        counts[name[0]] += 1
    large = [offset for _, _, offset in entries if offset >= _LARGE_OFFSET]
    places = iter(range(_LARGE_OFFSET, _LARGE_OFFSET + len(large)))
    offsets = [offset if offset < _LARGE_OFFSET else next(places) for _, _, offset in entries]
    body = b"".join(
        (
            b"\377tOc\0\0\0\2",
            _words(list(accumulate(counts))),
            b"".join([name for name, _, _ in entries]),
            _words([crc for _, crc, _ in entries]),
            _words(offsets),
            b"".join([offset.to_bytes(8, "big") for offset in large]),
            checksum,
        )
    )
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def _words(values: list[int]) -> bytes:
    return struct.pack(f">{len(values)}L", *values)
