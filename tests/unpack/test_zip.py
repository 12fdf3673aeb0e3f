import io
import struct
import zipfile
import zlib

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.zip import read_zip
from tests.unpack.zips import FULL32, UNIX, Part, build, end_record, end_records64, layout, packed, raw_deflate

TEXT = b"hello, hello, hello\n" * 5
CRC = zlib.crc32(TEXT)
PACKED = len(raw_deflate(TEXT))
WIDE = struct.pack("<HH2Q", 1, 16, len(TEXT), PACKED)
DESCRIBED = {"crc": 0, "compressed": 0, "size": 0, "flags": 8}
NARROW_NUMBERS = struct.pack("<3L", CRC, PACKED, len(TEXT))
WIDE_NUMBERS = struct.pack("<L2Q", CRC, PACKED, len(TEXT))
SIGNATURE = b"PK\x07\x08"
UTF8 = 0x800


def read(data: bytes, limits: Limits | None = None) -> list[Member]:
    return list(read_zip(io.BytesIO(data), limits or Limits()))


def only(part: Part) -> Member:
    (found,) = read(build(part))
    return found


def text(**fields: object) -> Part:
    return Part(**{"content": TEXT, **fields})  # type: ignore[arg-type] # see Part


@pytest.mark.parametrize(
    "part",
    [
        text(),
        text(method=0),
        text(flags=6),
        text(local={"flags": 2}),
        text(local=DESCRIBED, flags=8, descriptor=SIGNATURE + NARROW_NUMBERS),
        text(local=DESCRIBED, flags=8, descriptor=NARROW_NUMBERS),
        text(local=DESCRIBED, flags=8, descriptor=SIGNATURE + WIDE_NUMBERS),
        text(local=DESCRIBED, flags=8, descriptor=WIDE_NUMBERS),
        text(local=DESCRIBED, descriptor=SIGNATURE + NARROW_NUMBERS),
        text(flags=8, descriptor=SIGNATURE + NARROW_NUMBERS),
        text(local={"compressed": FULL32, "size": FULL32, "extra": WIDE}),
        text(central={"compressed": FULL32, "size": FULL32, "extra": WIDE}),
        text(central={"size": FULL32, "extra": struct.pack("<HHQ", 1, 8, len(TEXT))}),
        text(central={"offset": FULL32, "extra": b"\x99\x99\2\0ab" + struct.pack("<HHQ", 1, 8, 0)}),
        text(local={"extra": b"\x99\x99\2\0ab"}),
    ],
)
def test_content(part: Part) -> None:
    found = only(part)
    assert (found.content, found.size, found.kind) == (TEXT, len(TEXT), MemberKind.FILE)
    assert found.deflated == (raw_deflate(TEXT) if part.method == 8 else None)


@pytest.mark.parametrize("method", [0, 8])
def test_an_empty_member(method: int) -> None:
    assert only(Part(method=method)).content == b""


@pytest.mark.parametrize(
    ("name", "flags", "path"),
    [
        (b"a/b", 0, b"a/b"),
        ("é".encode(), UTF8, "é".encode()),
        (b"caf\x82", 0, "café".encode()),
        (b"a\\b", 0, b"a\\b"),
    ],
)
def test_names(name: bytes, flags: int, path: bytes) -> None:
    assert only(Part(name=name, flags=flags)).path == path


@pytest.mark.parametrize(
    ("part", "kind", "executable"),
    [
        (Part(mode=0o100755), MemberKind.FILE, True),
        (Part(mode=0o100644), MemberKind.FILE, False),
        (Part(mode=0o100655), MemberKind.FILE, False),
        (Part(mode=0o755), MemberKind.FILE, True),
        (Part(mode=0), MemberKind.FILE, False),
        (Part(mode=0o100755, made_by=0), MemberKind.FILE, False),
        (Part(mode=0o120777, content=b"t"), MemberKind.SYMLINK, True),
        (Part(mode=0o120777, content=b"t", made_by=0), MemberKind.FILE, False),
        (Part(mode=0o020644), MemberKind.DEVICE, False),
        (Part(mode=0o010644), MemberKind.DEVICE, False),
        (Part(name=b"d/", mode=0o040755), MemberKind.DIRECTORY, True),
        (Part(name=b"d/", mode=0), MemberKind.DIRECTORY, False),
    ],
)
def test_kinds(part: Part, kind: MemberKind, executable: bool) -> None:  # noqa: FBT001 - a table
    found = only(part)
    assert (found.kind, found.executable) == (kind, executable)
    assert not found.path.endswith(b"/")


def test_the_body_of_a_symlink_is_its_target() -> None:
    assert only(Part(mode=0o120777, content=b"../t")).target == b"../t"


@pytest.mark.parametrize(
    ("date", "time", "mtime"),
    [
        (0x21, 0, 315_532_800),  # 1980-01-01
        (0, 0, 315_532_800),
        (44 << 9 | 2 << 5 | 29, 23 << 11 | 59 << 5 | 29, 1_709_251_198),  # 2024-02-29 23:59:58
        (44 << 9 | 13 << 5 | 1, 0, 315_532_800),
        (127 << 9 | 12 << 5 | 31, 31 << 11 | 63 << 5 | 31, 4_354_848_242),
    ],
)
def test_times(date: int, time: int, mtime: int) -> None:
    assert only(Part(date=date, time=time)).mtime == mtime


def test_members_come_in_the_order_of_the_directory() -> None:
    assert [found.path for found in read(build(Part(name=b"b"), Part(name=b"a"), comment=b"c" * 0xFFFF))] == [
        b"b",
        b"a",
    ]


def test_a_64_bit_end_record() -> None:
    body, directory = layout(text())
    at = len(body) + len(directory)
    records = end_records64(1, len(directory), len(body), at)
    for narrow in (end_record(0xFFFF, FULL32, FULL32), end_record(1, len(directory), len(body))):
        assert read(body + directory + records + narrow)[0].content == TEXT
    for wrong in (end_record(2, len(directory), len(body)), end_record(1, len(directory), 7)):
        refused(body + directory + records + wrong, "two end records disagree")
    refused(body + directory + end_record(0xFFFF, FULL32, FULL32), "64-bit record that is missing")
    moved = end_records64(1, len(directory), len(body), at - 1)
    refused(body + directory + moved + end_record(1, FULL32, FULL32), "before its locator")
    longer = end_records64(1, len(directory), len(body), at, length=45)
    refused(body + directory + longer + end_record(1, FULL32, FULL32), "end records disagree")


def refused(data: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        read(data)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (text(central={"crc": 1}, local={"crc": 1}), "size or checksum is wrong"),
        (text(central={"crc": 1}), "two headers disagree"),
        (text(local={"crc": 1}), "two headers disagree"),
        (text(local={"size": 1}), "two headers disagree"),
        (text(local={"compressed": 1}), "two headers disagree"),
        (text(local={"name": b"g"}), "two headers disagree"),
        (text(local={"method": 0}), "two headers disagree"),
        (text(local={"flags": UTF8}), "two headers disagree"),
        (text(local={"magic": b"PK\1\2"}), "local header is missing"),
        (text(local={"compressed": FULL32, "size": FULL32}), "64-bit sizes are missing"),
        (text(local={"size": FULL32, "extra": struct.pack("<HHQ", 1, 8, 7)}), "two headers disagree"),
        (text(local=DESCRIBED, flags=8), "data descriptor disagrees"),
        (text(local=DESCRIBED, flags=8, descriptor=SIGNATURE + bytes(12)), "data descriptor disagrees"),
        (text(local={**DESCRIBED, "size": 7}, flags=8, descriptor=NARROW_NUMBERS), "two headers disagree"),
        (text(flags=1), "encrypted"),
        (text(method=93), "method 93"),
        (text(method=9), "method 9"),
        (text(central={"disk": 1}), "several disks"),
        (text(central={"offset": 5}), "data before its first member"),
        (text(central={"offset": 1 << 30}), "data before its first member"),
        (text(central={"size": FULL32}), "64-bit sizes are missing"),
        (text(central={"size": FULL32, "extra": b"\1\0\4\0abcd"}), "64-bit sizes are missing"),
        (text(central={"size": FULL32, "extra": WIDE[:4] + TEXT[:16] + WIDE}), "extra field is damaged"),
        (text(data=raw_deflate(TEXT)[:-3]), "compressed stream"),
        (text(data=raw_deflate(TEXT) + b"xx"), "compressed stream"),
        (text(data=b"\xff" * 30), "deflate stream is damaged"),
        (text(data=raw_deflate(TEXT + b"x")), "compressed stream|size or checksum"),
        (text(data=raw_deflate(TEXT[1:])), "size or checksum is wrong"),
        (Part(content=b"", data=bytes(5000)), "far more room"),
        (Part(name=b"d/", content=b"x"), "directory has a body"),
        (Part(mode=0o040755), "directory by its mode"),
    ],
)
def test_a_bad_member_is_refused(part: Part, what: str) -> None:
    refused(build(part), what)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (build(text(), behind=b"x"), "no end record, or data behind it"),
        (build(text())[:-1], "no end record"),
        (b"x" + build(text()), "right before its end record"),
        (build(text(), Part(content=b"other")), "one name and differ"),
        (build(Part(name=b"a"), Part(name=b"b", central={"offset": 0})), "overlap"),
        (build(text(), comment=end_record(0, 0, 0)), "several end records"),
        (layout(text())[0] + end_record(0, 0, 0), "right before its end record"),
        (layout(text())[0] + end_record(1, 0, len(layout(text())[0])), "directory is damaged"),
        (end_record(0, 0, 0, disk=1), "several disks"),
    ],
)
def test_a_bad_archive_is_refused(data: bytes, what: str) -> None:
    refused(data, what)


def test_members_may_not_overlap() -> None:
    inner = Part(name=b"b", content=TEXT, method=0)
    quoted = layout(inner)[0]
    # The first member's local extra field covers the whole of the second one.
    outer = Part(name=b"a", content=TEXT, method=0, local={"extra": b"\x99\x99\x1e\0" + quoted[:30]})
    body, directory = layout(outer, Part(name=b"b", content=TEXT, method=0))
    shifted = directory[:-5] + (35).to_bytes(4, "little") + directory[-1:]
    refused(body + shifted + end_record(2, len(shifted), len(body)), "overlaps")


def test_members_may_not_overlap_by_a_single_byte() -> None:
    # The last byte that the first member claims is the first of the second one's header, so that its CRC is right.
    claims: dict[str, int | bytes] = {"compressed": 2}
    first = Part(name=b"a", content=b"xP", method=0, data=b"x", local=claims, central=claims)
    refused(build(first, Part(name=b"b")), "overlaps what follows")


@pytest.mark.parametrize("at", ["directory", "between", "end"])
def test_gaps_around_the_directory_are_refused(at: str) -> None:
    body, directory = layout(text())
    if at == "directory":
        directory += bytes(4)
        end = end_record(1, len(directory), len(body))
    elif at == "between":
        end = bytes(4) + end_record(1, len(directory), len(body))
    else:
        end = end_record(1, len(directory) - 1, len(body) + 1)
    refused(body + directory + end, "zip archive's directory")


def test_every_truncation_is_refused() -> None:
    data = build(text(), Part(name=b"g", method=0, content=b"x"))
    for length in range(len(data)):
        refused(data[:length], "zip archive")


@pytest.mark.parametrize("method", [0, 8, 12, 14])
def test_a_large_member_is_not_kept_but_checked(method: int) -> None:
    data = build(packed(TEXT, method, name=b"big"), Part(name=b"small", content=b"x"))
    big, small = read(data, Limits(member_bytes=50))
    assert (big.content, big.deflated, big.size, small.content) == (None, None, len(TEXT), b"x")
    for claims in ({"crc": 1}, {"size": len(TEXT) + 1}, {"size": len(TEXT) - 1}):
        lie = packed(TEXT, method, name=b"big", local=claims, central=claims)
        with pytest.raises(Failure, match="size or checksum is wrong"):
            read(build(lie), Limits(member_bytes=50))


@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(members=1), "more than 1 members"),
        (Limits(members=2, name_bytes=-450), "directory has 94 bytes"),
        (Limits(unpacked_bytes=150), "unpacks to more than 150 bytes"),
    ],
)
def test_limits(limits: Limits, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        read(build(text(name=b"a"), text(name=b"b")), limits)
    assert caught.value.reason is Reason.TOO_LARGE


class Unseekable(io.BytesIO):
    """Makes the standard library write data descriptors."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("make", [io.BytesIO, Unseekable])
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_the_standard_library_writes(make: type[io.BytesIO], wide: bool, method: int) -> None:  # noqa: FBT001 - a table
    file = make()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in ("a", "b/é"):
            with archive.open(name, "w", force_zip64=wide) as out:
                out.write(TEXT)
    found = read(file.getvalue())
    assert [(one.path.decode(), one.content) for one in found] == [("a", TEXT), ("b/é", TEXT)]


def test_unix_marker() -> None:
    assert UNIX == 0x300
