"""Compressed streams around mutated bytes: plain ones, and gzip files of every odd form (RFC 1952)."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.fuzz.deflates import odd_stream

FHCRC, FEXTRA, FNAME, FCOMMENT = 2, 4, 8, 16


def raw(content: bytes, level: int = 1) -> bytes:
    """A deflate stream without header or trailer."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


def gzip_member(content: bytes, *, deflated: bytes | None = None, flags: int = 0, rng: Random | None = None) -> bytes:
    """One gzip member; with ``rng`` its optional fields have odd values and its checks may lie."""
    header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\xff"
    if flags & FEXTRA:
        header += b"\6\0" + b"AB\2\0xy"
    if flags & FNAME:
        header += b"../../name\0"
    if flags & FCOMMENT:
        header += b"comment\0"
    if flags & FHCRC:
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
    crc, size = zlib.crc32(content), len(content) & 0xFFFFFFFF
    if rng is not None and rng.random() < 0.3:
        crc ^= rng.choice((0, 1))
        size ^= rng.choice((0, 1))
    return header + (raw(content) if deflated is None else deflated) + struct.pack("<LL", crc, size)


def plain(content: bytes, suffix: str) -> bytes:
    """The content compressed as writers do."""
    return _WRITERS[suffix](content)


def odd(rng: Random, content: bytes, suffix: str) -> bytes:
    """The content compressed in a way that few writers have."""
    if suffix == ".gz":
        return rng.choice(_ODD_GZIPS)(rng, content)
    cut = rng.randrange(len(content) + 1)
    pack = _WRITERS[suffix]
    return rng.choice(
        (
            pack(content[:cut]) + pack(content[cut:]),
            pack(content) + bytes(rng.choice((1, 4, 600))),
            pack(content) + rng.randbytes(5),
            pack(content)[:-3],
            pack(content) + pack(b""),
        )
    )


def _flags(rng: Random, content: bytes) -> bytes:
    return gzip_member(content, flags=rng.randrange(32) | rng.choice((0, 0, 0, 32, 128)), rng=rng)


def _members(rng: Random, content: bytes) -> bytes:
    cuts = sorted(rng.randrange(len(content) + 1) for _ in range(rng.randint(1, 5)))
    parts = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    return b"".join(gzip_member(part, rng=None) for part in parts)


def _behind(rng: Random, content: bytes) -> bytes:
    rest = rng.choice((bytes(1), bytes(700), b"x", rng.randbytes(9), b"\x1f\x8b", gzip_member(b"x")[:-1]))
    return gzip_member(content) + rest


def _blocks(rng: Random, content: bytes) -> bytes:
    """Odd blocks that hold nothing or a few bytes, then the content in stored blocks."""
    stream, held = odd_stream(rng)
    if rng.random() < 0.5:
        return gzip_member(held, deflated=stream) + gzip_member(content)
    empty = b"\x00\x00\x00\xff\xff" * rng.randint(1, 30)
    deflated = empty + raw(content, level=0)
    return gzip_member(content, deflated=deflated)


_ODD_GZIPS: tuple[Callable[[Random, bytes], bytes], ...] = (_flags, _members, _behind, _blocks)
_WRITERS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".gz": gzip_member,
    ".bz2": bz2.compress,
    ".xz": lambda content: lzma.compress(content, preset=0),
}
