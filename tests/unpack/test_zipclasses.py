"""The classes of zip archives that readers disagree about, each refused; and what looks alike and is clean, read.

Other readers are the judges of the second table: what is accepted must be to them what it is to us.
"""

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.zip import read_zip
from tests.unpack.zips import (
    FULL32,
    Part,
    build,
    end_record,
    end_records64,
    extra_block,
    layout,
    packed,
    raw_deflate,
    unicode_path,
    wide_field,
)

TEXT = b"print('hello')\n" * 9
CRC = zlib.crc32(TEXT)
PACKED = len(raw_deflate(TEXT))
SIGNATURE = b"PK\x07\x08"
NARROW = struct.pack("<3L", CRC, PACKED, len(TEXT))
WIDE = struct.pack("<L2Q", CRC, PACKED, len(TEXT))
OPEN = {"crc": 0, "compressed": 0, "size": 0, "flags": 8}
E_ACUTE = "é".encode()
A = Part(name=b"a.py", content=TEXT)
B = Part(name=b"b.py", content=b"other\n")
LINK = 0o120777


def one(**fields: object) -> bytes:
    return build(Part(**{"name": b"a.py", "content": TEXT, **fields}))  # type: ignore[arg-type] # see Part


def streamed(mode: int) -> bytes:
    """libarchive's extra field: the version made by, and the external attributes."""
    return extra_block(0x6C78, struct.pack("<BHL", 5, 3 << 8, mode << 16))


def stored_twice(numbers: bytes, shown: bytes = TEXT) -> bytes:
    """A stored member with a descriptor, in whose content there is another one and one more member."""
    content = shown + SIGNATURE + numbers + layout(B)[0]
    ends = SIGNATURE + struct.pack("<3L", zlib.crc32(content), len(content), len(content))
    return one(content=content, method=0, flags=8, local=OPEN, descriptor=ends)


def both(**claims: int | bytes) -> bytes:
    return one(local=claims, central=claims)


def end64(*, entries: int = 1, length: int = 44, shift: int = 0, between: bytes = b"", narrow: int = FULL32) -> bytes:
    """One member, with a 64-bit end record."""
    body, directory = layout(A)
    at = len(body) + len(directory)
    records = end_records64(entries, len(directory), len(body), at + shift, length=length)
    return body + directory + records[:56] + between + records[56:] + end_record(1, narrow, narrow)


def disagreeing_ends() -> bytes:
    body, directory = layout(A)
    records = end_records64(1, len(directory), len(body), len(body) + len(directory))
    return body + directory + records + end_record(1, len(directory), 1)


def unlisted(*parts: Part, hidden: int) -> bytes:
    """An archive whose directory leaves out one of its members."""
    body, _ = layout(*parts)
    directory, at = b"", 0
    for index, part in enumerate(parts):
        if index != hidden:
            directory += layout(part, before=bytes(at))[1]
        at += len(layout(part)[0])
    return body + directory + end_record(len(parts) - 1, len(directory), len(body))


def twice_listed() -> bytes:
    body, directory = layout(A)
    return body + 2 * directory + end_record(2, 2 * len(directory), len(body))


def two_directories(*, first: bool) -> bytes:
    """Two directories behind each other; the end record gives the place of one and the size of both, or the other."""
    body, directory = layout(A, B)
    hidden = layout(A)[1]
    parts = (directory, hidden) if first else (hidden, directory)
    return body + b"".join(parts) + end_record(2, len(directory), len(body) + (0 if first else len(hidden)))


def nested() -> Part:
    return Part(name=b"n.zip", content=build(B), method=0)


UNSAFE = {
    # Which end record, and which directory.
    "end-record-in-the-comment": (build(A, comment=b"x" + end_record(0, 0, 0) + b"y"), "comment holds another"),
    "end-signature-in-the-comment": (build(A, comment=b"PK\5\6 and no more"), "comment holds another"),
    "comment-that-is-an-end-record": (build(A, comment=end_record(0, 0, 0)), "several end records"),
    "comment-that-is-an-archive": (build(A, comment=build(B)), "several end records"),
    "comment-longer-than-the-file": (build(A)[:-2] + b"\5\0", "no end record, or data behind"),
    "archive-behind-an-archive": (build(A) + build(B), "directory does not lie right before"),
    "archive-behind-with-offsets": (build(B, before=build(A)), "data before its first member"),
    "wrong-directory-size": (build(A)[:-10] + b"\1" + build(A)[-9:], "directory does not lie right before"),
    "empty-directory-of-a-full-archive": (layout(A)[0] + end_record(0, 0, len(layout(A)[0])), "directory is empty"),
    "too-few-entries": (
        b"".join(layout(A, B)) + end_record(1, len(layout(A, B)[1]), len(layout(A, B)[0])),
        "no member",
    ),
    "too-many-entries": (b"".join(layout(A)) + end_record(2, len(layout(A)[1]), len(layout(A)[0])), "is damaged"),
    "two-directories-first": (two_directories(first=True), "directory does not lie right before"),
    "two-directories-last": (two_directories(first=False), "data that its directory does not list"),
    "several-disks": (one(central={"disk": 1}), "several disks"),
    "end-on-another-disk": (build(A)[:-18] + b"\1\0" + build(A)[-16:], "several disks"),
    # 64 bits.
    "end64-disagrees": (disagreeing_ends(), "end records disagree"),
    "end64-with-another-count": (end64(entries=2), "end records disagree"),
    "end64-elsewhere": (end64(shift=-1), "before its locator"),
    "end64-with-extensible-data": (end64(length=60, between=bytes(16)), "before its locator"),
    "end64-with-a-lying-length": (end64(length=45), "end records disagree"),
    "end64-missing": (layout(A)[0] + layout(A)[1] + end_record(1, FULL32, FULL32), "64-bit record that is missing"),
    "wide-size-not-asked-for": (both(extra=wide_field(9)), "contradict"),
    "wide-size-in-the-local-header": (one(local={"extra": wide_field(9, 9)}), "contradict"),
    "wide-size-in-the-directory": (one(central={"extra": wide_field(9, 9)}), "contradict"),
    "wide-offset-in-the-directory": (one(central={"extra": wide_field(len(TEXT), PACKED, 7)}), "contradict"),
    "wide-sizes-one-too-many": (both(size=FULL32, extra=wide_field(len(TEXT), 0)), "contradict"),
    "wide-sizes-too-few": (both(size=FULL32, compressed=FULL32, extra=wide_field(len(TEXT))), "missing"),
    "wide-sizes-twice": (both(size=FULL32, extra=2 * wide_field(len(TEXT))), "two of one kind"),
    # Two headers.
    "local-name": (one(local={"name": b"b.py"}), "two headers disagree"),
    "local-name-longer": (one(local={"name": b"a.py/b"}), "two headers disagree"),
    "local-size": (one(local={"size": 1}), "two headers disagree"),
    "local-compressed": (one(local={"compressed": 1}), "two headers disagree"),
    "local-zeros-without-descriptor": (one(local={**OPEN, "flags": 0}), "two headers disagree"),
    "local-crc": (one(local={"crc": 1}), "two headers disagree"),
    "local-method": (one(local={"method": 0}), "two headers disagree"),
    "local-utf8-flag": (one(local={"flags": 0x800}), "two headers disagree"),
    "local-encryption-flag": (one(local={"flags": 1}), "two headers disagree"),
    "central-descriptor-flag": (one(central={"flags": 8}), "two headers disagree"),
    "local-extra-broken": (one(local={"extra": b"\x55\x54\xff\0x"}), "extra field is damaged"),
    "central-extra-broken": (one(central={"extra": b"\x55\x54\xff\0x"}), "extra field is damaged"),
    # Data descriptors.
    "descriptor-missing": (one(local=OPEN), "data descriptor disagrees"),
    "descriptor-crc": (one(local=OPEN, descriptor=SIGNATURE + b"\1" + NARROW[1:]), "data descriptor disagrees"),
    "descriptor-size": (one(local=OPEN, descriptor=SIGNATURE + NARROW[:-1] + b"\1"), "data descriptor disagrees"),
    "descriptor-of-zeros": (one(local=OPEN, descriptor=SIGNATURE + bytes(12)), "data descriptor disagrees"),
    "descriptor-and-more": (one(local=OPEN, descriptor=SIGNATURE + NARROW + b"\0"), "data descriptor disagrees"),
    "descriptor-twice": (one(local=OPEN, descriptor=2 * (SIGNATURE + NARROW)), "data descriptor disagrees"),
    "descriptor-not-announced": (one(descriptor=SIGNATURE + NARROW), "directory does not list"),
    "descriptor-and-zeros-in-the-directory": (
        one(local=OPEN, central=OPEN, descriptor=SIGNATURE + NARROW),
        "data descriptor disagrees|size or checksum",
    ),
    # Data that no member has.
    "prefix": (b"#!/bin/sh\n" + build(A), "right before its end record"),
    "prefix-with-offsets": (build(A, before=b"#!/bin/sh\n"), "data before its first member"),
    "suffix": (build(A, behind=b"x"), "data behind it"),
    "gap": (build(Part(name=b"a.py", content=TEXT, descriptor=b"gap"), B), "directory does not list"),
    "gap-of-zeros": (build(Part(name=b"a.py", content=TEXT, descriptor=bytes(4)), B), "directory does not list"),
    "gap-before-the-directory": (build(A, Part(name=b"b.py", descriptor=b"gap")), "directory does not list"),
    "first-member-unlisted": (unlisted(A, B, hidden=0), "data before its first member"),
    "middle-member-unlisted": (unlisted(A, Part(name=b"c.py"), B, hidden=1), "directory does not list"),
    "last-member-unlisted": (unlisted(A, B, hidden=1), "directory does not list"),
    "truncated": (build(A, B)[:-30], "no end record"),
    "without-its-head": (build(A, B)[7:], "right before its end record"),
    # Names.
    "one-name-two-contents": (build(A, Part(name=b"a.py")), "one name and differ"),
    "one-name-two-modes": (build(A, Part(name=b"a.py", content=TEXT, mode=0o100755)), "one name and differ"),
    "one-name-file-and-link": (build(A, Part(name=b"a.py", content=TEXT, mode=LINK)), "one name and differ"),
    "one-place-two-names": (build(A, Part(name=b".//a.py")), "one name and differ"),
    "one-name-in-two-encodings": (
        build(Part(name=b"\x82", content=TEXT), Part(name=E_ACUTE, flags=0x800)),
        "one name and differ",
    ),
    "one-member-listed-twice": (twice_listed(), "overlap"),
    "file-and-directory": (build(Part(name=b"d"), Part(name=b"d/")), "one name and differ"),
    "file-with-members-below": (build(Part(name=b"d", content=b"x"), Part(name=b"d/a.py")), "lies below another"),
    "link-with-members-below": (build(Part(name=b"d", content=b"/", mode=LINK), Part(name=b"d/a.py")), "lies below"),
    "zero-byte": (one(name=b"a.py\0.txt"), "zero byte"),
    "no-name": (one(name=b""), "no name"),
    "not-utf8": (one(name=b"a\xff", flags=0x800), "said to be UTF-8"),
    "overlong-utf8": (one(name=b"..\xc0\xafa", flags=0x800), "said to be UTF-8"),
    "unicode-path": (both(extra=unicode_path(b"a.py", b"b.py")), "unicode path"),
    "unicode-path-in-the-local-header": (one(local={"extra": unicode_path(b"a.py", b"b.py")}), "unicode path"),
    "unicode-path-in-the-directory": (one(central={"extra": unicode_path(b"a.py", b"b.py")}), "unicode path"),
    "unicode-path-stale": (both(extra=unicode_path(b"old", b"b.py")), "unicode path"),
    "unicode-path-of-another-version": (both(extra=unicode_path(b"a.py", b"b.py", 2)), "unicode path"),
    "unicode-paths": (
        both(extra=unicode_path(b"a.py", b"a.py") + unicode_path(b"a.py", b"b.py")),
        "unicode path",
    ),
    "unicode-path-of-no-name": (both(extra=unicode_path(b"a.py", b"")), "unicode path"),
    # Kinds.
    "directory-with-a-body": (one(name=b"d/"), "directory has a body"),
    "directory-with-a-hidden-body": (one(name=b"d/", content=b"", data=b"\3\0" + TEXT), "compressed stream"),
    "dos-directory-with-a-body": (one(made_by=0, central={"external": 0x10}), "directory by its attributes"),
    **{
        f"directory-of-host-{host}": (
            one(name=b"d", content=b"", made_by=host << 8, central={"external": 0x10}),
            "directory by its attributes",
        )
        for host in (0, 10, 11, 14)
    },
    **{
        f"{kind}-of-host-{host}": (
            build(A, Part(name=b"l", content=b"a.py", made_by=host << 8, mode=mode)),
            "what its attributes mean depends",
        )
        for host in (2, 5, 12, 13, 16, 17, 18, 19, 30)
        for kind, mode in (("link", LINK), ("directory", 0o040755), ("fifo", 0o010644))
    },
    **{
        f"label-of-host-{host}": (one(made_by=host << 8, central={"external": 8}), "label of a disk")
        for host in (0, 5, 6, 11)
    },
    "link-by-the-streamed-attributes": (one(local={"extra": streamed(LINK)}), "of one kind by its extra field"),
    "directory-by-the-streamed-attributes": (one(central={"extra": streamed(0o040755)}), "of one kind by its extra"),
    "streamed-attributes-of-an-unknown-form": (
        one(local={"extra": extra_block(0x6C78, b"\x80")}),
        "extra field is damaged",
    ),
    "stored-with-two-ends": (stored_twice(struct.pack("<3L", zlib.crc32(TEXT), len(TEXT), len(TEXT))), "has two ends"),
    "stored-with-two-ends-wide": (stored_twice(struct.pack("<L2Q", CRC, len(TEXT), len(TEXT))), "has two ends"),
    "stored-with-an-end-at-its-beginning": (stored_twice(bytes(12), shown=b""), "has two ends"),
    "one-name-flagged-and-not": (
        build(Part(name=E_ACUTE, content=TEXT), Part(name=b"./" + E_ACUTE, flags=0x800)),
        "of which one is flagged",
    ),
    "link-by-mode-directory-by-name": (build(Part(name=b"d/", mode=LINK)), "symbolic link by its mode"),
    "directory-by-mode": (one(mode=0o040755), "directory by its mode"),
    "fifo-with-a-body": (one(mode=0o010644), "device by its mode"),
    "device-with-a-body": (one(mode=0o020644), "device by its mode"),
    "link-by-an-extra-field": (both(extra=extra_block(0x756E, struct.pack("<LH", 0, LINK))), "symbolic link"),
    # Overlap.
    "overlap": (
        build(
            Part(name=b"a", content=b"xP", method=0, data=b"x", local={"compressed": 2}, central={"compressed": 2}), B
        ),
        "overlaps what follows",
    ),
    # What cannot be read.
    "encrypted": (one(flags=1), "encrypted"),
    "strongly-encrypted": (one(flags=0x41), "encrypted"),
    "directory-encrypted": (one(flags=0x2000), "encrypted"),
    "aes": (both(extra=extra_block(0x9901, b"\2\0AE\3\x08\0")), "encrypted"),
    "version": (one(central={"needs": 64}), "needs a version"),
    "patch": (one(flags=0x20), "patch"),
    **{f"method-{number}": (one(method=number), f"method {number}") for number in (1, 6, 9, 93, 95, 97, 98, 99)},
    # Sizes and checksums that both headers lie about.
    "crc": (both(crc=1), "size or checksum"),
    "size-too-small": (both(size=len(TEXT) - 1), "size or checksum|compressed stream"),
    "size-too-large": (both(size=len(TEXT) + 1), "size or checksum"),
    "data-behind-the-stream": (one(data=raw_deflate(TEXT) + b"hidden"), "compressed stream"),
    "stream-cut-off": (one(data=raw_deflate(TEXT)[:-1]), "compressed stream"),
}

CLEAN: dict[str, tuple[bytes, list[str]]] = {
    **{f"method-{number}": (build(packed(TEXT, number, name=b"a.py")), ["a.py"]) for number in (0, 8, 12, 14)},
    "comment": (build(A, comment=b"PK\5 and PK\6 are no records"), ["a.py"]),
    "archive-in-an-archive": (build(A, nested()), ["a.py", "n.zip"]),
    "end64": (end64(), ["a.py"]),
    "wide-sizes": (both(size=FULL32, compressed=FULL32, extra=wide_field(len(TEXT), PACKED)), ["a.py"]),
    "wide-sizes-not-needed": (both(extra=wide_field(len(TEXT), PACKED)), ["a.py"]),
    "wide-field-empty": (one(local={**OPEN, "extra": wide_field()}, descriptor=SIGNATURE + WIDE), ["a.py"]),
    "descriptor": (one(flags=8, local=OPEN, descriptor=SIGNATURE + NARROW), ["a.py"]),
    "descriptor-unsigned": (one(flags=8, local=OPEN, descriptor=NARROW), ["a.py"]),
    "descriptor-wide": (one(flags=8, local=OPEN, descriptor=SIGNATURE + WIDE), ["a.py"]),
    "descriptor-announced-locally": (one(local=OPEN, descriptor=SIGNATURE + NARROW), ["a.py"]),
    "descriptor-of-known-numbers": (one(flags=8, descriptor=SIGNATURE + NARROW), ["a.py"]),
    "effort": (one(local={"flags": 2}), ["a.py"]),
    "extra-fields-that-differ": (
        one(local={"extra": extra_block(0x5455, b"\3" + bytes(8))}, central={"extra": extra_block(0x5455, bytes(5))}),
        ["a.py"],
    ),
    "extra-padding": (one(local={"extra": bytes(7)}), ["a.py"]),
    "unicode-path-that-agrees": (both(extra=unicode_path(b"a.py", b"a.py")), ["a.py"]),
    "any-order": (build(B, A), ["b.py", "a.py"]),
    "directory-twice": (build(Part(name=b"d/", mode=0o040755), Part(name=b"d/", mode=0o040755)), ["d"]),
    "directory-deflated": (build(Part(name=b"d/", mode=0o040755)), ["d"]),
    "empty-file": (build(Part(name=b"e")), ["e"]),
    "mode-of-no-system": (one(mode=0o170644), ["a.py"]),
    **{f"file-of-host-{host}": (one(made_by=host << 8, mode=0o100644), ["a.py"]) for host in (0, 2, 10, 11, 19)},
    "directory-of-dos": (build(A, Part(name=b"d/", made_by=0, central={"external": 0x10})), ["a.py", "d"]),
    "streamed-attributes": (one(local={"extra": streamed(0o100755)}), ["a.py"]),
    "streamed-attributes-without-a-mode": (one(local={"extra": extra_block(0x6C78, b"\1\0\3")}), ["a.py"]),
    "stored-with-the-end-of-another": (
        stored_twice(struct.pack("<3L", CRC + 1, len(TEXT), len(TEXT))),
        ["a.py"],
    ),
    "names-of-two-cases": (build(A, Part(name=b"A.py")), ["a.py", "A.py"]),
}


def read(data: bytes) -> list[Member]:
    return list(read_zip(io.BytesIO(data), Limits()))


@pytest.mark.parametrize(("data", "what"), UNSAFE.values(), ids=UNSAFE)
def test_what_has_two_readings_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        read(data)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize(("data", "names"), CLEAN.values(), ids=CLEAN)
def test_what_has_one_reading_is_read_as_others_read_it(data: bytes, names: list[str]) -> None:
    members = read(data)
    assert [member.path.decode() for member in members] == names
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        theirs = {info.filename.rstrip("/"): archive.read(info) for info in archive.infolist()}
    ours = {member.path.decode(): member.content or b"" for member in members}
    assert ours == theirs


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs Info-ZIP's unzip")
@pytest.mark.parametrize("name", sorted(CLEAN.keys() - {"method-14"}))
def test_unzip_reads_the_same(tmp_path: Path, name: str) -> None:
    data, _ = CLEAN[name]
    path = tmp_path / "archive.zip"
    path.write_bytes(data)
    subprocess.run(["unzip", "-qq", "-o", path, "-d", tmp_path / "out"], check=True, timeout=30, capture_output=True)
    for member in read(data):
        if member.kind is MemberKind.FILE:
            assert (tmp_path / "out" / member.path.decode()).read_bytes() == member.content


def test_a_file_that_is_there_twice_and_the_same_is_read_once() -> None:
    (member,) = read(build(A, Part(name=b"a.py", content=TEXT, time=1)))
    assert member.content == TEXT


def test_a_utf8_name_without_its_flag_is_known_by_its_unicode_path() -> None:
    field = unicode_path(E_ACUTE, E_ACUTE)
    for local, central in ((b"", field), (field, field)):
        (member,) = read(one(name=E_ACUTE, local={"extra": local}, central={"extra": central}))
        assert member.path == E_ACUTE
