"""Tar archives built block by block, so that tests can write what no library would."""

import struct

BLOCK = 512
END = bytes(2 * BLOCK)
POSIX = b"ustar\x0000"
GNU = b"ustar  \0"
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12x")


def octal(value: int, width: int) -> bytes:
    """A number as octal digits with a NUL behind them."""
    return b"%0*o\0" % (width - 1, value)


def header(
    name: bytes,
    *,
    size: int | bytes = 0,
    kind: bytes = b"0",
    mode: int | bytes = 0o644,
    mtime: int | bytes = 0,
    target: bytes = b"",
    magic: bytes = POSIX,
    prefix: bytes = b"",
    checksum: bytes | None = None,
) -> bytes:
    """One header block; numbers may be given as the raw bytes of their field."""
    raw = {
        "mode": octal(mode, 8) if isinstance(mode, int) else mode,
        "size": octal(size, 12) if isinstance(size, int) else size,
        "mtime": octal(mtime, 12) if isinstance(mtime, int) else mtime,
    }
    zero = octal(0, 8)
    owner = (b"user", b"group", zero, zero)
    first = (name, raw["mode"], zero, zero, raw["size"], raw["mtime"])
    blank = _HEADER.pack(*first, b" " * 8, kind, target, magic, *owner, prefix)
    return _HEADER.pack(*first, checksum or b"%06o\0 " % sum(blank), kind, target, magic, *owner, prefix)


def patched(block: bytes, at: int, field: bytes) -> bytes:
    """A header block with other bytes at an offset, its checksum made right again."""
    blank = bytearray(block)
    blank[at : at + len(field)] = field
    blank[148:156] = b" " * 8
    blank[148:156] = b"%06o\0 " % sum(blank)
    return bytes(blank)


def padded(content: bytes) -> bytes:
    """The content with zeros up to the end of its last block."""
    return content + bytes(-len(content) % BLOCK)


def member(name: bytes, content: bytes = b"", **fields: int | bytes) -> bytes:
    """A header that counts the content, and the content."""
    return header(name, **{"size": len(content), **fields}) + padded(content)  # type: ignore[arg-type] # see header


def record(key: bytes, value: bytes) -> bytes:
    """One pax record, which counts its own length."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest) + 1
    while len(b"%d" % length) + len(rest) != length:
        length += 1
    return b"%d" % length + rest


def pax(records: dict[bytes, bytes], kind: bytes = b"x") -> bytes:
    """An extended header."""
    return member(b"pax", b"".join(record(key, value) for key, value in records.items()), kind=kind)


def gnu_long(kind: bytes, name: bytes) -> bytes:
    """GNU's long name (kind L) or long link target (kind K) for the next member."""
    return member(b"././@LongLink", name + b"\0", kind=kind, magic=GNU)
