"""Zip archives built field by field, so that tests can write what no library would (PKWARE APPNOTE 6.3.10)."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

FULL16 = 0xFFFF
FULL32 = 0xFFFFFFFF
UNIX = 3 << 8


def raw_deflate(content: bytes) -> bytes:
    """The content as a deflate stream without header or trailer."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


@dataclass(frozen=True, kw_only=True)
class Part:
    """One member. ``local`` and ``central`` override fields of that header only, ``data`` the bytes between them."""

    name: bytes = b"f"
    content: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    made_by: int = UNIX
    time: int = 0
    date: int = 0x21
    local: dict[str, int | bytes] = field(default_factory=dict)
    central: dict[str, int | bytes] = field(default_factory=dict)
    data: bytes | None = None
    descriptor: bytes = b""

    def stored(self) -> bytes:
        """The bytes of the member's body."""
        if self.data is not None:
            return self.data
        return raw_deflate(self.content) if self.method == 8 else self.content

    def fields(self) -> dict[str, int | bytes]:
        """What both headers say, unless they are overridden."""
        return {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "compressed": len(self.stored()),
            "size": len(self.content),
            "extra": b"",
        }


def _local(part: Part) -> bytes:
    say = part.fields() | part.local
    name, extra = say["name"], say["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    numbers = (say["crc"], say["compressed"], say["size"])
    fixed = struct.pack(
        "<4s5H3L2H",
        say.get("magic", b"PK\3\4"),
        20,
        say["flags"],
        say["method"],
        part.time,
        part.date,
        *numbers,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _central(part: Part, offset: int) -> bytes:
    say = part.fields() | {"offset": offset} | part.central
    name, extra = say["name"], say["extra"]
    assert isinstance(name, bytes)
    assert isinstance(extra, bytes)
    fixed = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        part.made_by | 20,
        say.get("needs", 20),
        say["flags"],
        say["method"],
        part.time,
        part.date,
        say["crc"],
        say["compressed"],
        say["size"],
        len(name),
        len(extra),
        0,
        say.get("disk", 0),
        0,
        say.get("external", part.mode << 16),
        say["offset"],
    )
    return fixed + name + extra


def end_record(entries: int, size: int, offset: int, comment: bytes = b"", disk: int = 0) -> bytes:
    """The end record."""
    return struct.pack("<4s4H2LH", b"PK\5\6", disk, 0, entries, entries, size, offset, len(comment)) + comment


def end_records64(entries: int, size: int, offset: int, at: int, *, length: int = 44) -> bytes:
    """The 64-bit end record, which is at the offset ``at``, and its locator."""
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", length, 45, 45, 0, 0, entries, entries, size, offset)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)


def extra_block(kind: int, body: bytes) -> bytes:
    """One extra field."""
    return struct.pack("<HH", kind, len(body)) + body


def wide_field(*numbers: int) -> bytes:
    """The 64-bit extra field."""
    return extra_block(1, struct.pack(f"<{len(numbers)}Q", *numbers))


def unicode_path(header_name: bytes, path: bytes, version: int = 1) -> bytes:
    """Info-ZIP's unicode path field, for the header's name."""
    return extra_block(0x7075, struct.pack("<BL", version, zlib.crc32(header_name)) + path)


def lzma_body(content: bytes, *, dictionary: int = 1 << 16) -> bytes:
    """An LZMA member's body: version, properties, the stream with its end marker."""
    filters = [{"id": lzma.FILTER_LZMA1, "lc": 3, "lp": 0, "pb": 2, "dict_size": 1 << 16}]
    stream = lzma.compress(content, lzma.FORMAT_RAW, filters=filters)
    return b"\x09\x04\x05\x00\x5d" + dictionary.to_bytes(4, "little") + stream


def packed(content: bytes, method: int, **fields: object) -> Part:
    """A member that is packed by one of the methods that installers read."""
    packers: dict[int, Callable[[bytes], bytes]] = {8: raw_deflate, 12: bz2.compress, 14: lzma_body}
    data = packers[method](content) if method else content
    given = {"content": content, "method": method, "data": data, "flags": 2 if method == 14 else 0}
    return Part(**given | fields)  # type: ignore[arg-type] # see Part


def layout(*parts: Part, before: bytes = b"") -> tuple[bytes, bytes]:
    """The members behind ``before``, and the directory that follows them."""
    body = before
    directory = b""
    for part in parts:
        directory += _central(part, len(body))
        body += _local(part) + part.stored() + part.descriptor
    return body, directory


def build(*parts: Part, comment: bytes = b"", before: bytes = b"", behind: bytes = b"") -> bytes:
    """A whole archive, with ``before`` in front, which its offsets account for, and ``behind`` after its end."""
    body, directory = layout(*parts, before=before)
    return body + directory + end_record(len(parts), len(directory), len(body), comment) + behind
