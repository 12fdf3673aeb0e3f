"""Zip archives of which a reader that believes them would die (PKWARE APPNOTE 6.3.10).

Each is made for the limits that it should meet: it exceeds one of them and leaves the others in peace.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks.bombkinds import HOSTILE, MIB, Bomb, all_allowed, deflated_zeros
from codehost.model.deflate import crc32
from codehost.model.errors import Reason
from codehost.model.members import Limits

_FULL16 = 0xFFFF
_FULL32 = 0xFFFFFFFF
_QUOTES = 200
_METADATA = b"p-1.dist-info/METADATA"

Pieces = Iterable[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A member as its headers describe it; ``size`` and ``packed`` may be lies."""

    name: bytes
    size: int
    packed: int
    crc: int
    method: int = 8
    offset: int = 0
    flags: int = 0


def local(part: Part) -> bytes:
    """The local header, with the 64-bit field where it is needed."""
    extra = _wide(part.size, part.packed)
    numbers = (part.crc, min(part.packed, _FULL32), min(part.size, _FULL32), len(part.name), len(extra))
    return struct.pack("<4s5H3L2H", b"PK\3\4", 45, part.flags, part.method, 0, 0x21, *numbers) + part.name + extra


def central(part: Part) -> bytes:
    """The entry in the directory."""
    extra = _wide(part.size, part.packed, part.offset)
    numbers = (part.crc, min(part.packed, _FULL32), min(part.size, _FULL32), len(part.name), len(extra))
    tail = (0, 0, 0, 0o100644 << 16, min(part.offset, _FULL32))
    head = struct.pack("<4s6H", b"PK\1\2", 3 << 8 | 45, 45, part.flags, part.method, 0, 0x21)
    return head + struct.pack("<3L5H2L", *numbers, *tail) + part.name + extra


def end(entries: int, size: int, offset: int) -> bytes:
    """The end records: the narrow one, behind the wide one if that is needed."""
    short = (min(entries, _FULL16), min(entries, _FULL16), min(size, _FULL32), min(offset, _FULL32))
    narrow = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *short, 0)
    if entries < _FULL16 and size < _FULL32 and offset < _FULL32:
        return narrow
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, entries, entries, size, offset)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1) + narrow


def _wide(*numbers: int) -> bytes:
    wide = [number for number in numbers if number >= _FULL32]
    return struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""


def zip_bombs(limits: Limits) -> list[Bomb]:
    """A bomb of each kind, for these limits."""
    size = limits.unpacked_bytes * 5 // 4
    half = min(limits.unpacked_bytes // 2, 1024 * MIB)
    many, few = 2 * limits.members, limits.members // 2
    quoted = _QUOTES * limits.member_bytes
    files = limits.unpacked_bytes // limits.member_bytes // 2
    text = min(limits.member_bytes, 15 * MIB)
    allowed = limits.unpacked_bytes // 2
    return [
        _zip("zip: zeros, as declared", size, "unpackedBytes", partial(_zeros, size, size)),
        _zip("zip: half the zeros allowed", allowed, "ratio", partial(_zeros, allowed, allowed)),
        _zip("zip: zeros, declared small", size, "declared size", partial(_zeros, size, 1_000)),
        _zip("zip: small, declared large", size, "declared size", partial(_zeros, MIB, size)),
        _zip("zip: zeros in files just small enough", size, "ratio", partial(_many_zeros, files, limits.member_bytes)),
        _zip("zip: members that overlap by quotes", quoted, "no overlap", partial(_quoted, _QUOTES, limits)),
        _zip("zip: members all in one place", many * MIB, "no overlap", partial(_one_place, few)),
        _zip("zip: empty members", 0, "members", partial(_empty, many)),
        _fine("zip: half the members allowed", partial(_empty, few)),
        _fine("zip: all members and directories allowed", partial(_all_allowed, limits)),
        _zip("zip: names of 60,000 bytes", 0, "nameBytes", partial(_long_names, limits)),
        _zip("zip: directory of 900 MiB", 0, "size of the directory", _giant_directory),
        _zip("zip: file of an exabyte claimed", 1 << 60, "declared size", partial(_zeros, MIB, 1 << 60)),
        _zip("zip: exabyte of packed bytes claimed", 1 << 60, "no overlap", _packed_exabyte),
        _zip("zip: exabyte of directory claimed", 0, "place of the directory", lambda: [end(1, 1 << 60, 0)]),
        _zip("zip: exabyte of members claimed", 0, "place of the directory", lambda: [end(1 << 60, 46, 0)]),
        _zip("zip: bzip2 zeros", half, "ratio", partial(_packed, 12, half)),
        _zip("zip: LZMA zeros", half, "ratio", partial(_packed, 14, half)),
        _zip("zip: LZMA dictionary of 4 GiB", half, "ratio", partial(_packed, 14, half, huge=True)),
        _fine("zip: zips in zips", _nested),
        _fine("wheel: METADATA of a million lines", partial(_texts, {_METADATA: b"Author: a\n" * (text // 10)})),
        _wheel("wheel: RECORD of a million rows", b"p.py,,\n" * 1_000_000),
        _wheel("wheel: RECORD of a million names", b"".join([b"%d,,\n" % number for number in range(1_000_000)])),
    ]


def _zip(
    kind: str, unpacks: int, bound: str, write: Callable[[], Pieces], refused: frozenset[Reason] = HOSTILE
) -> Bomb:
    return Bomb(kind=kind, filename="p-1.zip", unpacks=unpacks, bound=bound, write=write, refused=refused)


def _wheel(kind: str, rows: bytes) -> Bomb:
    write = partial(_texts, {b"p.py": b"", _METADATA: b"", b"p-1.dist-info/RECORD": rows})
    filename = "p-1-py3-none-any.whl"
    return Bomb(kind=kind, filename=filename, unpacks=0, bound="harmless", write=write, refused=frozenset())


def _fine(kind: str, write: Callable[[], Pieces]) -> Bomb:
    return _zip(kind, 0, "harmless", write, frozenset())


def _whole(parts: Iterable[tuple[Part, bytes]]) -> Iterator[bytes]:
    """An archive of parts that know neither their offsets nor those of others."""
    directory: list[bytes] = []
    at = 0
    for part, body in parts:
        placed = Part(**{name: getattr(part, name) for name in Part.__slots__} | {"offset": at})
        directory.append(central(placed))
        piece = local(placed) + body
        at += len(piece)
        yield piece
    entries = b"".join(directory)
    yield entries
    yield end(len(directory), len(entries), at)


def _zeros_crc(count: int) -> int:
    crc, piece = 0, bytes(MIB)
    for _ in range(count // MIB):
        crc = crc32(piece, crc)
    return crc


def _zeros(size: int, declared: int) -> Iterator[bytes]:
    body = b"".join(deflated_zeros(size // MIB))
    crc = _zeros_crc(size) if declared == size else 0
    return _whole([(Part(name=b"p-1/zeros", size=declared, packed=len(body), crc=crc), body)])


def _many_zeros(count: int, size: int) -> Iterator[bytes]:
    body = b"".join(deflated_zeros(size // MIB))
    crc = _zeros_crc(size)
    parts = (Part(name=b"p-1/%d" % number, size=size, packed=len(body), crc=crc) for number in range(count))
    return _whole((part, body) for part in parts)


def _quoted(count: int, limits: Limits) -> Iterator[bytes]:
    """A kernel that all members share; each one's stream quotes the headers between it and the kernel."""
    kernel = b"".join(deflated_zeros(limits.member_bytes // MIB))
    content = bytes(limits.member_bytes // MIB * MIB)
    first = Part(name=b"p-1/%d" % count, size=len(content), packed=len(kernel), crc=zlib.crc32(content))
    parts, headers = [first], [local(first)]
    quotes = b""
    packed = len(kernel)
    for number in reversed(range(count)):
        # RFC 1951, 3.2.4: a stored block that is not the last one, which holds the header that follows.
        quotes = headers[0] + quotes
        packed += 5 + len(headers[0])
        size = len(content) + len(quotes)
        crc = zlib.crc32(content, zlib.crc32(quotes))
        parts.insert(0, Part(name=b"p-1/%d" % number, size=size, packed=packed, crc=crc))
        headers.insert(0, local(parts[0]))
    return _overlapping(parts, headers, kernel)


def _overlapping(parts: list[Part], headers: list[bytes], kernel: bytes) -> Iterator[bytes]:
    at, directory = 0, []
    for number, (part, header) in enumerate(zip(parts, headers, strict=True)):
        directory.append(central(Part(name=part.name, size=part.size, packed=part.packed, crc=part.crc, offset=at)))
        quote = b""
        if number + 1 < len(headers):
            length = len(headers[number + 1])
            quote = struct.pack("<BHH", 0, length, length ^ _FULL16)
        yield header + quote
        at += len(header) + len(quote)
    yield kernel
    entries = b"".join(directory)
    yield entries
    yield end(len(directory), len(entries), at + len(kernel))


def _one_place(count: int) -> Iterator[bytes]:
    kernel = b"".join(deflated_zeros(1))
    part = Part(name=b"p-1/a", size=MIB, packed=len(kernel), crc=_zeros_crc(MIB))
    front = local(part) + kernel
    entries = central(part) * count
    return iter((front, entries, end(count, len(entries), len(front))))


def _empty(count: int) -> Iterator[bytes]:
    return _whole((Part(name=b"p-1/%d" % number, size=0, packed=0, crc=0, method=0), b"") for number in range(count))


def _all_allowed(limits: Limits) -> Iterator[bytes]:
    return _whole(_deflated(name, b"%d" % number) for number, name in enumerate(all_allowed(limits, 60)))


def _long_names(limits: Limits) -> Iterator[bytes]:
    stem = b"a/" * 29_990
    names = (b"p-1/%d/%b" % (number, stem) for number in range(2 * limits.name_bytes // 60_000 + 1))
    return _whole((Part(name=name + b"f", size=0, packed=0, crc=0, method=0), b"") for name in names)


def _giant_directory() -> Iterator[bytes]:
    part = Part(name=b"p-1/a", size=0, packed=0, crc=0, method=0)
    entry, size = central(part), 900 * MIB
    yield local(part)
    yield entry
    for _ in range(size // MIB):
        yield bytes(MIB)
    yield end(1, len(entry) + size // MIB * MIB, len(local(part)))


def _packed_exabyte() -> Iterator[bytes]:
    part = Part(name=b"p-1/a", size=1_000, packed=1 << 60, crc=0)
    return iter((local(part), central(part), end(1, len(central(part)), len(local(part)))))


def _packed(method: int, size: int, *, huge: bool = False) -> Iterator[bytes]:
    body = _lzma(size, huge=huge) if method == 14 else _bzip2(size)
    flags = 2 if method == 14 else 0
    part = Part(name=b"p-1/zeros", size=size, packed=len(body), crc=_zeros_crc(size), method=method, flags=flags)
    return _whole([(part, body)])


def _bzip2(size: int) -> bytes:
    stream = bz2.BZ2Compressor(9)
    return b"".join([stream.compress(bytes(MIB)) for _ in range(size // MIB)]) + stream.flush()


def _lzma(size: int, *, huge: bool) -> bytes:
    chain = [{"id": lzma.FILTER_LZMA1, "preset": 0, "lc": 3, "lp": 0, "pb": 2, "dict_size": 1 << 16}]
    stream = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=chain)
    dictionary = _FULL32 if huge else 1 << 16
    # 5.8.8: version, the properties' length, the properties; then the stream, to its end marker.
    head = b"\x09\x04\x05\x00\x5d" + dictionary.to_bytes(4, "little")
    return head + b"".join([stream.compress(bytes(MIB)) for _ in range(1 if huge else size // MIB)]) + stream.flush()


def _texts(contents: dict[bytes, bytes]) -> Iterator[bytes]:
    return _whole(_deflated(name, content) for name, content in contents.items())


def _deflated(name: bytes, content: bytes) -> tuple[Part, bytes]:
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = stream.compress(content) + stream.flush()
    return Part(name=name, size=len(content), packed=len(body), crc=zlib.crc32(content)), body


def _nested() -> Iterator[bytes]:
    inner = bytes(8 * MIB)
    for _ in range(6):
        inner = b"".join(_texts({b"%d.zip" % number: inner for number in range(16)}))
    return _texts({b"p-1/a.zip": inner})
