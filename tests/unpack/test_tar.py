import gzip
import io
import tarfile

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.tar import MAX_ALL_EXTENDED_BYTES, MAX_EXTENDED_TOGETHER, read_tar
from tests.unpack.tars import BLOCK, END, GNU, gnu_long, header, member, octal, padded, pax, record

FILE, DIRECTORY, SYMLINK, HARDLINK = MemberKind.FILE, MemberKind.DIRECTORY, MemberKind.SYMLINK, MemberKind.HARDLINK
LONG = b"a/" * 120 + b"b"


def read(data: bytes, limits: Limits | None = None) -> list[Member]:
    return list(read_tar(io.BytesIO(data), ".tar", limits or Limits()))


def long(name: bytes, size: int, kind: bytes = b"L") -> bytes:
    """A header before a member's whose size is not that of what follows it."""
    return header(b"././@LongLink", size=size, kind=kind, magic=GNU) + padded(name)


def only(data: bytes) -> Member:
    (found,) = read(data + END)
    return found


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (member(b"a/b", b"x"), b"a/b"),
        (member(b"n" * 100, b"x"), b"n" * 100),
        (member(b"b", b"x", prefix=b"p/a"), b"p/a/b"),
        (member(b"b" * 100, b"x", prefix=b"p" * 155), b"p" * 155 + b"/" + b"b" * 100),
        (member(b"b", b"x", magic=b"ustar\0\0\0"), b"b"),
        (member(b"b", b"x", magic=GNU, prefix=b"\0no prefix"), b"b"),
        (member(b"caf\xe9", b"x"), b"caf\xe9"),
        (member(b"a\0hidden", b"x"), b"a"),
        (gnu_long(b"L", LONG) + member(b"short", b"x"), LONG),
        (gnu_long(b"K", b"unused") + gnu_long(b"L", LONG) + member(b"short", b"x"), LONG),
        (pax({b"path": LONG}) + member(b"short", b"x", prefix=b"p"), LONG),
        (pax({b"mtime": b"1"}) + gnu_long(b"L", LONG) + member(b"short", b"x"), LONG),
        (pax({b"comment": b"c"}, kind=b"g") + member(b"short", b"x"), b"short"),
        # Names without the NUL, and with something behind it.
        (long(LONG, len(LONG)) + member(b"short", b"x"), LONG),
        (long(b"n" * BLOCK, BLOCK) + member(b"short", b"x"), b"n" * BLOCK),
        (long(LONG + b"\0stale", len(LONG) + 1) + member(b"short", b"x"), LONG),
    ],
)
def test_names(data: bytes, path: bytes) -> None:
    found = only(data)
    assert (found.path, found.kind, found.content) == (path, FILE, b"x")


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (member(b"f", b"12345", size=b"00000000005\0"), 5),
        (member(b"f", b"12345", size=b"          5 "), 5),
        (member(b"f", b"12345", size=b"5".ljust(12, b"\0")), 5),
        (member(b"f", b"12345", size=b"\x80" + bytes(10) + b"\x05"), 5),
        (member(b"f", b"", size=bytes(12)), 0),
        (member(b"f", b"12345", size=b"5\0 behind it"), 5),
        (pax({b"size": b"5"}) + member(b"f", b"12345"), 5),
    ],
)
def test_sizes(data: bytes, size: int) -> None:
    found = only(data)
    assert (found.size, found.content) == (size, b"12345"[:size])


@pytest.mark.parametrize(
    ("data", "mtime"),
    [
        (member(b"f", mtime=1_700_000_000), 1_700_000_000),
        (member(b"f", mtime=b"\xff" * 11 + b"\xfe"), -2),
        (member(b"f", mtime=b"\x80" + (1 << 33).to_bytes(11, "big")), 1 << 33),
        (pax({b"mtime": b"12.9"}) + member(b"f", mtime=99), 12),
        (pax({b"mtime": b"12"}, kind=b"g") + member(b"f", mtime=99), 12),
        (pax({b"mtime": b"12"}, kind=b"g") + pax({b"mtime": b"13"}) + member(b"f", mtime=99), 13),
    ],
)
def test_times(data: bytes, mtime: int) -> None:
    assert only(data).mtime == mtime


@pytest.mark.parametrize(
    ("data", "kind", "path", "target"),
    [
        (header(b"f", kind=b"\0"), FILE, b"f", b""),
        (header(b"f", kind=b"7"), FILE, b"f", b""),
        (header(b"d/", kind=b"5"), DIRECTORY, b"d", b""),
        (header(b"d", kind=b"5"), DIRECTORY, b"d", b""),
        (header(b"d//", kind=b"\0"), DIRECTORY, b"d", b""),
        (header(b"d/", kind=b"\0", prefix=b"p"), DIRECTORY, b"p/d", b""),
        (gnu_long(b"L", LONG + b"/") + header(b"a/", kind=b"\0"), DIRECTORY, LONG, b""),
        (header(b"l", kind=b"2", target=b"t/u"), SYMLINK, b"l", b"t/u"),
        (header(b"l", kind=b"2", target=b"t" * 100), SYMLINK, b"l", b"t" * 100),
        (gnu_long(b"K", LONG) + header(b"l", kind=b"2", target=b"short"), SYMLINK, b"l", LONG),
        (pax({b"linkpath": LONG}) + header(b"l", kind=b"2", target=b"short"), SYMLINK, b"l", LONG),
        (header(b"h", kind=b"1", target=b"f"), HARDLINK, b"h", b"f"),
        (header(b"c", kind=b"3"), MemberKind.DEVICE, b"c", b""),
        (header(b"b", kind=b"4"), MemberKind.DEVICE, b"b", b""),
        (header(b"p", kind=b"6"), MemberKind.DEVICE, b"p", b""),
    ],
)
def test_kinds(data: bytes, kind: MemberKind, path: bytes, target: bytes) -> None:
    found = only(data)
    assert (found.kind, found.path, found.target) == (kind, path, target)


@pytest.mark.parametrize(("mode", "executable"), [(0o755, True), (0o744, True), (0o644, False), (0o655, False)])
def test_the_owner_says_who_executes(mode: int, executable: bool) -> None:  # noqa: FBT001 - a table
    assert only(member(b"f", mode=mode)).executable is executable


def test_extended_headers_hold_for_one_member() -> None:
    data = pax({b"path": b"long", b"mtime": b"5"}) + member(b"a", b"1") + member(b"b", b"2") + END
    assert [(found.path, found.mtime) for found in read(data)] == [(b"long", 5), (b"b", 0)]


def test_signed_checksums_of_old_writers_are_not_for_all_readers() -> None:
    block = header(b"\xff" * 10)
    signed = sum(block) - sum(block[148:156]) + 8 * ord(" ") - 10 * 256
    with pytest.raises(Failure, match="signed characters"):
        only(header(b"\xff" * 10, checksum=b"%06o\0 " % signed))


@pytest.mark.parametrize("end", [b"", bytes(BLOCK), END, bytes(20 * BLOCK)])
def test_ends(end: bytes) -> None:
    assert [found.path for found in read(member(b"f", b"x") + end)] == [b"f"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (header(b"f", checksum=b"000000\0 ") + END, "checksum is wrong"),
        (header(b"f", checksum=b"notadig ") + END, "number in a header"),
        (header(b"f", size=b"00000000009\0", checksum=None)[:-1] + b"\1" + END, "checksum is wrong"),
        (header(b"f", size=b"8" * 11 + b"\0") + END, "number in a header"),
        (header(b"f", mode=b"rw-r--r-") + END, "number in a header"),
        (header(b"f", mtime=b"1.5".ljust(12)) + END, "number in a header"),
        (header(b"f", size=b"\xff" * 12) + END, "negative size"),
        (header(b"l", kind=b"2", size=1, target=b"f") + END, "symlink has a body"),
        (header(b"c", kind=b"3", size=1) + END, "device has a body"),
        (member(b"s", b"x", kind=b"S") + END, "unknown type b'S'"),
        (member(b"m", b"x", kind=b"M") + END, "unknown type b'M'"),
        (pax({b"GNU.sparse.name": b"s"}) + member(b"s", b"x") + END, "sparse"),
        (pax({b"path": b"a"}) + pax({b"path": b"b"}) + member(b"f") + END, "two extended headers"),
        (gnu_long(b"L", b"a") + gnu_long(b"L", b"b") + member(b"f") + END, "two long names"),
        (gnu_long(b"K", b"a") + gnu_long(b"K", b"b") + header(b"l", kind=b"2") + END, "two long names"),
        (pax({b"path": b"a"}) + gnu_long(b"L", b"b") + member(b"f") + END, "in two forms"),
        (gnu_long(b"K", b"a") + pax({b"linkpath": b"b"}) + header(b"l", kind=b"2") + END, "in two forms"),
        (pax({b"path": b"a"}) + END, "followed by no member"),
        (gnu_long(b"L", b"a") + END, "followed by no member"),
        (pax({b"comment": b"c"}, kind=b"g") + END, "followed by no member"),
        (member(b"f") + pax({b"comment": b"c"}, kind=b"g") + END, "followed by no member"),
        (member(b"f") + pax({b"comment": b"c"}, kind=b"g"), "followed by no member"),
        (long(b"safe/evil.py\0", 4) + member(b"f") + END, "goes on behind its end"),
        (long(b"safe\0.py", 4) + member(b"f") + END, "goes on behind its end"),
        (long(b"safe/evil", 4, b"K") + header(b"l", kind=b"2", target=b"f") + END, "goes on behind its end"),
        (long(record(b"path", b"b") * 2, 10, b"x") + member(b"f") + END, "goes on behind its end"),
        (header(b"x", kind=b"x", size=2 << 20) + END, "claims 2097152 bytes"),
        (header(b"L", kind=b"L", size=b"\xff" * 12) + END, "claims -1 bytes"),
        (pax({b"path": b"a"}, kind=b"g") + member(b"f") + END, "global header sets path"),
        (header(b"h", kind=b"1", size=b"\xff" * 12, target=b"f") + END, "hardlink has a body of -1"),
        (member(b"f", b"x") + header(b"h", kind=b"1", size=1, target=b"f") + END, "hardlink has a body of 1"),
        (gnu_long(b"L", b"n\0\nx") + member(b"f") + END, "goes on behind its end"),
        (header(b"l/", kind=b"2", target=b"f") + END, "ends as a directory's"),
        (gnu_long(b"L", b"a") + header(b"a/", kind=b"\0") + END, "ends as a directory's, or the reverse"),
        # What the header can hold it must say too; more it cannot.
        (pax({b"size": b"%d" % (8**11 - 1)}) + member(b"f") + END, "0 bytes by its header and 8589934591"),
        (pax({b"size": b"%d" % 8**11}) + member(b"f") + END, "ends within a member"),
    ],
)
def test_damage_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        read(data)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_all_extended_headers_together_have_a_bound() -> None:
    data = pax({b"comment": b"c" * (1 << 19)}, kind=b"g") + member(b"f")
    many = MAX_ALL_EXTENDED_BYTES // len(data)
    packed = gzip.compress(data) * many
    limits = Limits(ratio=1_000_000)
    assert len(list(read_tar(io.BytesIO(packed), ".gz", limits))) == many
    with pytest.raises(Failure, match="extended headers together claim more than 268435456 bytes"):
        list(read_tar(io.BytesIO(packed + gzip.compress(data) * 2), ".gz", limits))


def test_a_member_has_a_bounded_number_of_extended_headers() -> None:
    several = pax({b"comment": b"c"}, kind=b"g") * MAX_EXTENDED_TOGETHER + member(b"f")
    assert len(read(several * 5)) == 5
    with pytest.raises(Failure, match="more than 100 extended headers"):
        read(pax({b"comment": b"c"}, kind=b"g") + several)


def test_every_truncation_within_a_member_is_refused() -> None:
    parts = (pax({b"path": b"long"}), member(b"f", bytes(600)), gnu_long(b"L", LONG), member(b"g", b"x"))
    data = b"".join(parts)
    # Between a member and the next header a plain end is an end.
    whole = {0, len(parts[0] + parts[1]), len(data)}
    for length in range(0, len(data), 50):
        if length not in whole:
            with pytest.raises(Failure):
                read(data[:length])


def test_a_large_member_is_passed_over() -> None:
    data = member(b"big", bytes(3000)) + member(b"f", b"x") + END
    big, after = read(data, Limits(member_bytes=2999))
    assert (big.content, big.size, after.content) == (None, 3000, b"x")
    assert read(data, Limits(member_bytes=3000))[0].content == bytes(3000)
    with pytest.raises(Failure, match="ends within a member"):
        read(data[:3000], Limits(member_bytes=2999))


@pytest.mark.parametrize(
    ("limits", "what"),
    [(Limits(members=1), "more than 1 members"), (Limits(unpacked_bytes=1024), "unpacks to more than 1024 bytes")],
)
def test_limits(limits: Limits, what: str) -> None:
    data = member(b"f", b"x") + member(b"g", b"x")
    with pytest.raises(Failure, match=what) as caught:
        read(data, limits)
    assert caught.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_the_standard_library_writes(form: int) -> None:
    file = io.BytesIO()
    names = ["a", "d/" * 60 + "f" * 90, "b" * 99]
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = 3, 1_600_000_000, 0o755
            tar.addfile(info, io.BytesIO(b"abc"))
    found = read(file.getvalue())
    assert [one.path.decode() for one in found] == names
    assert {(one.content, one.mtime, one.executable) for one in found} == {(b"abc", 1_600_000_000, True)}


def test_a_compressed_archive_is_read_to_its_end() -> None:
    packed = gzip.compress(member(b"f", b"x") + END)
    assert [found.path for found in read_tar(io.BytesIO(packed), ".gz", Limits())] == [b"f"]


def test_octal_helper() -> None:
    assert octal(0o644, 8) == b"0000644\0"
