"""Mutations of zip archives that keep them readable: any field of either header or of both, bodies, records, order."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random

from tests.fuzz.deflates import odd_stream
from tests.fuzz.names import HOSTILE, TARGETS
from tests.fuzz.zippieces import END, END_FIELDS, LOCAL_FIELDS, WIDTHS, Fields, Member, Zip, put_together, take_apart
from tests.unpack.zips import (
    FULL32,
    Part,
    build,
    extra_block,
    packed,
    raw_deflate,
    unicode_path,
    wide_field,
)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Names and zips: from Python's zipfile, and built field by field."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"zipfile-{method}.zip", _written(method, streaming=False)
    yield "streamed.zip", _written(zipfile.ZIP_DEFLATED, streaming=True)
    wheel = [packed(b"x = 1\n" * 300, method, name=b"p/%d.py" % method) for method in (0, 8, 12, 14)]
    info = Part(name=b"p-1.dist-info/METADATA", content=b"Name: p\nAuthor: A\n\n")
    link = Part(name=b"p/link", content=b"8.py", method=0, mode=0o120777)
    folder = Part(name=b"p/", method=0, mode=0o040755)
    yield "wheel.whl", build(folder, *wheel, link, info, comment=b"a comment")
    body = raw_deflate(b"wide")
    wide: Fields = {"size": FULL32, "compressed": FULL32, "extra": wide_field(4, len(body))}
    yield "wide.zip", build(Part(name=b"p-1/wide.py", content=b"wide", local=dict(wide), central=dict(wide)), info)
    times = extra_block(0x5455, b"\1" + bytes(4))
    extra = Part(name=b"p-1/t.py", content=b"t", local={"extra": times}, central={"extra": times})
    utf = Part(name="p-1/\u00e9.py".encode(), content=b"u", flags=0x800)
    yield "extra.zip", build(extra, utf, Part(name=b"p-1/empty.py"))


def _written(method: int, *, streaming: bool) -> bytes:
    buffer = io.BytesIO()
    target = _Unseekable(buffer) if streaming else buffer
    with zipfile.ZipFile(target, "w", method) as archive:  # type: ignore[call-overload] # a file that cannot seek
        for name in ("p-1/PKG-INFO", "p-1/p/__init__.py", "p-1/p/\u00e9.py"):
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = method, 0o100644 << 16
            archive.writestr(info, b"Name: p\n" * 100)
    return buffer.getvalue()


class _Unseekable:
    """A file that can only be written on, so that the library writes data descriptors."""

    def __init__(self, file: io.BytesIO) -> None:
        self.write, self.flush = file.write, file.flush


def mutate(rng: Random, data: bytes) -> bytes:
    """The archive with one to three things in it changed; unchanged when it cannot be taken apart."""
    archive = take_apart(data)
    if archive is None:
        return data
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        rng.choice(_MUTATORS)(rng, archive)
    return put_together(archive)


def _value(rng: Random, key: str, before: int | bytes) -> int | bytes:
    if isinstance(before, bytes):
        return rng.choice((b"PK\0\0", b"PK\3\4", b"PK\7\x08", rng.randbytes(4)))
    if key == "method":
        return rng.choice((0, 1, 8, 9, 12, 14, 93, 95, 99))
    if key == "flags":
        return before ^ 1 << rng.randrange(16)
    if key == "external":
        mode = rng.choice((0o100755, 0o120777, 0o040755, 0o060644, 0o010644, 0o140644, 0, 0o104755))
        return mode << 16 | rng.choice((0, 0x10, 0x20))
    if key == "made_by":
        return rng.choice((0, 3, 7, 10, 11, 14, 19, 255)) << 8 | 20
    width = WIDTHS.get(key, 16)
    return rng.choice((0, 1, before + 1, before - 1, (1 << width) - 1, rng.getrandbits(width), before ^ 8))


def _one_field(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    fields = rng.choice((member.local, member.central))
    key = rng.choice(sorted(fields))
    fields[key] = _value(rng, key, fields[key])


def _both_fields(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    key = rng.choice([key for key in LOCAL_FIELDS if key != "magic"])
    member.local[key] = member.central[key] = _value(rng, key, member.central[key])


def _offset(rng: Random, archive: Zip) -> None:
    rng.choice(archive.members).central["offset"] = rng.choice((0, 1, 30, rng.getrandbits(12), 0xFFFFFFFF))


def _name(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    name = rng.choice((*HOSTILE, rng.choice(archive.members).names[1], member.names[1].upper()))
    member.names[1] = name
    if rng.random() < 0.9:
        member.names[0] = name
    if rng.random() < 0.5:
        member.central["flags"] = member.local["flags"] = int(member.central["flags"]) | 0x800


def _link(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    member.central |= {"external": 0o120777 << 16, "made_by": rng.choice((3, 3, 3, 0, 19)) << 8 | 20}
    _fill(member, rng.choice(TARGETS), 0)


def _fill(member: Member, content: bytes, method: int, data: bytes | None = None) -> None:
    member.data = data if data is not None else raw_deflate(content) if method else content
    numbers: Fields = {"crc": zlib.crc32(content), "size": len(content), "compressed": len(member.data)}
    numbers |= {"method": method, "flags": int(member.central["flags"]) & 0x800}
    member.local |= numbers
    member.central |= numbers
    member.descriptor = b""


def _body(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    stream, content = odd_stream(rng)
    _fill(member, content, 8, stream)
    if rng.random() < 0.1:
        member.central["size"] = member.local["size"] = len(content) + rng.choice((-1, 1))


def _bytes(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    if member.data:
        at = rng.randrange(len(member.data))
        member.data = member.data[:at] + rng.randbytes(1) + member.data[at + 1 :]
        if int(member.central["method"]) == 0:
            member.central["crc"] = member.local["crc"] = zlib.crc32(member.data)


def _grow(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    member.data += rng.choice((b"\0", rng.randbytes(3), bytes(5000), b"PK\7\x08"))
    if rng.random() < 0.7:
        member.central["compressed"] = member.local["compressed"] = len(member.data)


def _extra(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    name = rng.choice((*HOSTILE, *member.names))
    size, compressed = (int(member.central[key]) & FULL32 for key in ("size", "compressed"))
    block = rng.choice(
        (
            wide_field(*rng.choice(((size,), (size, compressed), (size, compressed, 0), (0,), (1 << 40, 5), ()))),
            unicode_path(rng.choice((name, member.names[1])), name, rng.choice((1, 1, 2))),
            extra_block(0x756E, bytes(4) + struct.pack("<H", 0o120777) + bytes(8) + b"/etc"),
            extra_block(0x5455, b"\3" + bytes(rng.choice((4, 8)))),
            extra_block(rng.choice((0x0017, 0x9901, 0x000A, 0x6375, 0xCAFE)), rng.randbytes(7)),
            rng.randbytes(rng.randint(1, 9)),
            bytes(rng.randint(1, 7)),
        )
    )
    for side in rng.choice(((0,), (1,), (0, 1))):
        member.extras[side] = rng.choice((block, member.extras[side] + block, block + member.extras[side]))


def _wide(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    numbers = [int(member.central[key]) & FULL32 for key in ("size", "compressed")]
    keys = rng.choice((("size", "compressed"), ("size",), ("compressed",)))
    told = [numbers[key == "compressed"] + rng.choice((0, 0, 0, 1)) for key in keys]
    for side, fields in enumerate((member.local, member.central)):
        if rng.random() < 0.8:
            fields.update(dict.fromkeys(keys, FULL32))
            member.extras[side] = wide_field(*told)


def _descriptor(rng: Random, archive: Zip) -> None:
    member = rng.choice(archive.members)
    numbers = [int(member.central[key]) for key in ("crc", "compressed", "size")]
    if rng.random() < 0.3:
        numbers[rng.randrange(3)] ^= 1
    narrow, wide = (struct.pack(form, *(number & full for number in numbers)) for form, full in _FORMS)
    magic = b"PK\7\x08"
    member.descriptor = rng.choice((narrow, wide, magic + narrow, magic + wide, narrow[:-1], magic + wide + b"\0"))
    for fields in rng.choice(((member.local,), (member.local, member.central), ())):
        fields["flags"] = int(fields["flags"]) | 8
    if rng.random() < 0.5:
        member.local |= {"crc": 0, "compressed": 0, "size": 0}


_FORMS = (("<3L", FULL32), ("<L2Q", 0xFFFFFFFF))


def _order(rng: Random, archive: Zip) -> None:
    places = list(range(len(archive.members)))
    twice = rng.choice(places)
    archive.order = rng.choice((places[::-1], places[1:], [*places, twice], [twice] * 2, []))


def _twin(rng: Random, archive: Zip) -> None:
    twin = deepcopy(rng.choice(archive.members))
    if rng.random() < 0.6:
        _fill(twin, rng.randbytes(5), rng.choice((0, 8)))
    archive.members.insert(rng.randrange(len(archive.members) + 1), twin)


def _end(rng: Random, archive: Zip) -> None:
    key = rng.choice(END_FIELDS)
    widths = {"size": 32, "offset": 32}
    known = len(archive.members)
    values = (0, 1, known, known + 1, (1 << widths.get(key, 16)) - 1, rng.getrandbits(10))
    archive.end[key] = rng.choice(values) if key != "magic" else b"PK\5\7"
    archive.wide_end = rng.random() < 0.4


def _around(rng: Random, archive: Zip) -> None:
    filling = rng.choice(
        (b"\0", b"#!/bin/sh\n", rng.randbytes(20), END.pack(b"PK\5\6", *[0] * 7), b"PK\6\7" + bytes(16))
    )
    place = rng.choice(("before", "between", "behind", "comment"))
    setattr(archive, place, filling)


def _comment(rng: Random, archive: Zip) -> None:
    inner = build(Part(name=b"other.py", content=b"other"))
    rng.choice(archive.members).comment = rng.choice((b"c", inner, b"PK\1\2", bytes(300)))
    if rng.random() < 0.5:
        archive.comment = rng.choice((b"c" * 65535, inner, b"PK\5\6", b"\xff\0", inner[-22:]))


_MUTATORS: tuple[Callable[[Random, Zip], None], ...] = (
    *(_one_field, _one_field, _both_fields, _offset, _name, _name, _link, _body, _body, _bytes, _grow),
    *(_extra, _extra, _wide, _descriptor, _order, _twin, _end, _around, _comment),
)
