"""The rule of the tar reader, with other readers as its judges: what they read alike is read, the rest is refused."""

import io
import tarfile
from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason
from tests.unpack.readers import GNU_TAR, Tree, gnu_tar_names, gnu_tar_tree, ours, tarfile_tree
from tests.unpack.tars import BLOCK, END, GNU, gnu_long, header, member, patched, pax, record

A = member(b"a", b"hello")
Z = member(b"z", b"zz")
OLD = bytes(8)
LINK = header(b"h", kind=b"1", size=5, target=b"a")
STAR = b"11213575217 11213575217 \0\0\0\0\0\0\0\0tar\0"
EVIL = member(b"evil.py", b"evil")
DIR = header(b"d/", kind=b"5", size=5)
LONG = b"n" * 120


def cut(body: bytes, size: int, kind: bytes = b"L") -> bytes:
    """A header before a member's whose size is not that of what follows it."""
    return header(b"././@LongLink", size=size, kind=kind, magic=GNU) + body.ljust(BLOCK, b"\0")


def summed(block: bytes) -> int:
    """The sum that a header's checksum is of."""
    return sum(block) - sum(block[148:156]) + 8 * ord(" ")


def injected(key: bytes, value: bytes, *, kind: bytes = b"x") -> bytes:
    """An extended header whose comment holds another record on a line of its own."""
    return pax({b"comment": b"c\n" + record(key, value)[:-1]}, kind=kind)


needs_gnu_tar = pytest.mark.skipif(GNU_TAR is None, reason="GNU tar is not installed")


def signed(block: bytes) -> bytes:
    """A header whose checksum is the sum of signed characters."""
    total = sum(byte - 256 * (byte > 127) for byte in block[:148] + b" " * 8 + block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


# Strange, but with one meaning.
ALIKE = {
    "contiguous file": member(b"c", member(b"inner", b"e"), kind=b"7"),
    "old file": member(b"f", b"x", kind=b"\0", magic=OLD),
    "old directory": header(b"d/", kind=b"\0", magic=OLD) + member(b"d/f", b"x"),
    "GNU magic": member(b"f", b"x", magic=GNU),
    "no magic": member(b"f", b"x", magic=OLD),
    "name without NUL": member(b"n" * 100, b"x"),
    "name with a NUL inside": member(b"f\0hidden", b"x"),
    "prefix of one dot": member(b"f", b"x", prefix=b"."),
    "directory with a size": DIR + Z,
    "directory with a size, the last": A + DIR,
    "duplicates, the later stays": member(b"f", b"1") + member(b"f", b"second"),
    "long name": gnu_long(b"L", LONG) + A,
    "long name without NUL": member(b"././@LongLink", LONG, kind=b"L", magic=GNU) + A,
    "long name of whole blocks": member(b"././@LongLink", b"n/" * 255 + b"nn", kind=b"L", magic=GNU) + A,
    "long name with a rest behind NUL": member(b"././@LongLink", LONG + b"\0rest", kind=b"L", magic=GNU) + A,
    "long name and a rest behind its size": cut(LONG + b"\0rest", len(LONG) + 1) + A,
    "long name and pax": gnu_long(b"L", LONG) + pax({b"mtime": b"1"}) + A,
    "pax and long name": pax({b"mtime": b"1"}) + gnu_long(b"L", LONG) + A,
    "pax over a traversing header": pax({b"path": b"safe"}) + member(b"evil", b"x", prefix=b"../.."),
    "pax over a traversing link": pax({b"linkpath": b"a"}) + header(b"l", kind=b"2", target=b"../../evil"),
    "pax path, binary": pax({b"hdrcharset": b"BINARY", b"path": b"caf\xe9"}) + A,
    "pax path, not in UTF-8": pax({b"path": b"caf\xe9"}) + A,
    "pax path, beyond the first block": pax({b"comment": b"c" * 490, b"path": b"late"}) + A,
    "pax size as the header's": pax({b"size": b"5"}) + A,
    "empty pax header": member(b"pax", kind=b"x") + A,
    "volume label in pax": pax({b"GNU.volume.label": b"v"}, kind=b"g") + A,
    "pax comment of several lines": pax({b"comment": b"in 2 lines:\npath=x\nthe size=5\n3 sizes"}) + A,
    "pax owners and times": pax({b"uid": b"70000", b"gid": b"-2", b"atime": b"-1.5", b"ctime": b"1"}) + A,
    "pax target of a file": pax({b"linkpath": b"a"}) + member(b"f", b"x"),
    "symbolic link by a long target only": gnu_long(b"K", LONG) + header(b"l", kind=b"2"),
    "long target of a file": gnu_long(b"K", b"a") + member(b"f", b"x"),
    "star's header": patched(member(b"f", b"x", prefix=b"p" * 130)[:BLOCK], 476, STAR) + b"x".ljust(BLOCK, b"\0"),
    "rests behind NULs": header(b"f\0rest", prefix=b"p\0rest", target=b"\0rest"),
    "time in base 256": header(b"f", mtime=b"\x80" + (2**53 - 1).to_bytes(11, "big")),
    "checksum of seven digits": header(b"f", checksum=b"%07o\0" % summed(header(b"f"))),
    "checksum with blanks in front": header(b"f", checksum=b"%6o\0 " % summed(header(b"f"))),
    "number with a rest behind NUL": member(b"f", b"hello", size=b"5\0garbage", mode=b"644\0abc"),
    "number in base 256": member(b"f", b"hello", size=b"\x80" + bytes(10) + b"\5"),
    "number of NULs": member(b"f", size=bytes(12)) + Z,
    "owner -2": patched(header(b"f"), 108, b"     -2 ") + Z,
    "no end mark": A + Z,
    "two spellings of a name": member("é".encode(), b"1") + member("e\u0301".encode(), b"2"),
    "two spellings of a directory": member("é/a".encode(), b"1") + member("e\u0301/b".encode(), b"2"),
    "pax spells the header's name anew": pax({b"path": "é".encode()}) + member("e\u0301".encode(), b"x"),
}

# Two meanings at least: what tarfile and what GNU tar read.
DIFFERENT: dict[str, tuple[bytes, list[str] | Tree, list[str] | Tree]] = {
    "blank size": (member(b"f", size=b" " * 12) + Z, ["f", "z"], ["z"]),
    "directory with a body": (DIR + bytes(8).ljust(BLOCK, b"x") + Z, ["d"], ["d", "z"]),
    "a slash behind a file": (member(b"f/", b"hi") + Z, {"f": b"hi", "z": b"zz"}, {"f": None, "z": b"zz"}),
    "a slash behind an empty file": (header(b"f/") + Z, {"f": b"", "z": b"zz"}, {"f": None, "z": b"zz"}),
    "a directory by its short name": (
        pax({b"path": b"x"}) + header(b"x/", kind=b"\0"),
        {"x": None},
        {"x": b""},
    ),
    "GNU's times": (member(b"f", b"x", magic=GNU, prefix=b"14000000000"), ["14000000000", "14000000000/f"], ["f"]),
    "prefix without magic": (member(b"f", b"x", magic=OLD, prefix=b"p"), ["p", "p/f"], ["f"]),
    "mode that is no number": (A + member(b"f", b"x", mode=b"rw-r--r-") + Z, ["a"], ["a", "f", "z"]),
    "owner that is no number": (A + patched(header(b"f"), 108, b"garbage!") + Z, ["a"], ["a", "f", "z"]),
    "device that is no number": (A + patched(header(b"f"), 329, b"garbage!") + Z, ["a"], ["a", "f", "z"]),
    "size behind a NUL": (member(b"f", b"hello", size=b"\x0000000000005") + Z, {"f": b""}, {"f": b"hello", "z": b"zz"}),
    "two long names": (gnu_long(b"L", b"x") + gnu_long(b"L", b"y") + A, ["x"], ["y"]),
    "two pax headers": (pax({b"path": b"x"}) + pax({b"comment": b"y"}) + A, ["x"], ["a"]),
    "pax beyond its size": (cut(b"10 path=x\n10 path=y\n", 10, b"x") + A, ["y"], ["x"]),
    "a pax record without line feed": (member(b"pax", b"9 path=xyz", kind=b"x") + A, ["x"], ["a"]),
    "pax key behind a blank": (pax({b" path": b"x"}) + A, ["a"], ["x"]),
    "unknown type": (member(b"f", b"hello", kind=b"A"), {"f": None}, {"f": b"hello"}),
    "volume label": (header(b"v", kind=b"V", magic=GNU) + Z, ["v", "z"], ["z"]),
}

# tarfile's list and GNU tar's, which looks for the next header behind a body that extracting does not pass over.
LISTED_DIFFERENTLY = {
    "symlink with a size": (header(b"l", kind=b"2", size=1, target=b"z") + Z, ["l", "z"], ["l"]),
    "pipe with a size": (header(b"p", kind=b"6", size=1) + Z, ["p", "z"], ["p"]),
    "hard link with a size in pax": (A + pax({b"size": b"5"}) + LINK + Z, ["a", "h", "z"], ["a", "h"]),
}

# tarfile fails, so that no installer reads it, and GNU tar reads on.
FAILING = {
    "global header behind all members": A + pax({b"comment": b"c"}, kind=b"g"),
    "hundreds of global headers": pax({b"comment": b"c"}, kind=b"g") * 400 + A,
    "charset within a comment": pax({b"comment": b"\n9 hdrcharset=\xff\n"}) + A,
}

# tarfile and GNU tar agree, and others do not: libarchive, Go's archive/tar, node's tar (as of 2026).
DIFFERENT_ELSEWHERE = {
    "old directory with a size": header(b"d/", kind=b"\0", size=5) + A + Z,
    "members within a directory": header(b"d/", kind=b"5", size=1024) + member(b"in", b"x") + Z,
    "hard link with a size": A + LINK + Z,
    "hard link with a size, the last": A + LINK,
    "hard link with a size and a header in what follows": A + LINK + member(b"z", b"z" * BLOCK + EVIL),
    "members within a hard link": A + header(b"h", kind=b"1", size=1024, target=b"a") + member(b"in", b"x") + Z,
    "long name beyond its size": cut(b"safe/evil.py\0", 4) + A,
    "long target beyond its size": cut(b"safe/evil.py\0", 4, b"K") + header(b"l", kind=b"2", target=b"a"),
    "pax header within a directory": header(b"d/", kind=b"5", size=512) + pax({b"path": b"x"}) + A,
    "the end within a directory": header(b"d/", kind=b"5", size=512) + header(b"in"),
    "size by pax only": pax({b"size": b"1024"}) + member(b"f", member(b"in", b"x"), size=0),
    "size by pax and another by the header": pax({b"size": b"3"}) + A,
    "empty name": member(b"", b"x") + Z,
    "empty directory name": header(b"", kind=b"5") + Z,
    "empty long name": gnu_long(b"L", b"") + A,
    "pax path empty": pax({b"path": b""}) + A,
    "pax path in overlong UTF-8": pax({b"path": b"d\xc0\xaff"}) + A,
    "pax path that is said to be in UTF-8": pax({b"hdrcharset": b"ISO-IR 10646 2000 UTF-8", b"path": b"caf\xe9"}) + A,
    "pax path and long name": pax({b"path": b"x"}) + gnu_long(b"L", b"y") + A,
    "global header behind pax": pax({b"path": b"x"}) + pax({b"mtime": b"0"}, kind=b"g") + A,
    "global header behind a long name": gnu_long(b"L", b"x") + pax({b"mtime": b"0"}, kind=b"g") + A,
    "pax length with a zero": member(b"pax", b"011 path=h\n", kind=b"x") + A,
    "pax length with a sign": member(b"pax", b"+11 path=h\n", kind=b"x") + A,
    "pax with NULs behind": member(b"pax", b"10 path=h\n\0\0", kind=b"x") + A,
    "sparse for Solaris": pax({b"SUN.holesdata": b" 0 3 5 "}) + A,
    "sparse for star": pax({b"SCHILY.realsize": b"9"}) + A,
    "pax record within a comment": injected(b"path", b"x") + A,
    "pax size within a comment": injected(b"size", b"0") + member(b"f", EVIL),
    "pax target within a comment": injected(b"linkpath", b"z") + header(b"l", kind=b"2", target=b"a"),
    "pax size within a global comment": injected(b"size", b"0", kind=b"g") + member(b"f", EVIL),
    "pax record within a key": member(b"pax", record(b"c\n9 path", b"x"), kind=b"x") + A,
    "pax path of two lines": pax({b"path": b"x\ny"}) + A,
    "pax target of two lines": pax({b"linkpath": b"x\ny"}) + header(b"l", kind=b"2", target=b"a"),
    "sparse by GNU's header, to libarchive": patched(header(b"f", size=5, magic=GNU), 386, b"%011o\0" % 0) + Z[BLOCK:],
    "real size by GNU's header, to libarchive": patched(header(b"f", size=5, magic=GNU), 483, b"7") + Z[BLOCK:],
    "prefix without version": member(b"f", b"x", magic=b"ustar\0\0\0", prefix=b"p"),
    "prefix of another version": member(b"f", b"x", magic=b"ustar\x0001", prefix=b"p"),
    "prefix that star has no room for": patched(header(b"f", prefix=b"p" * 132), 508, b"tar\0"),
    "empty prefix that goes on": header(b"f", prefix=bytes(130) + b"x"),
    "number in star's place": patched(header(b"f", size=len(EVIL)), 476, b"\x90") + EVIL,
    "file with a target": member(b"f", EVIL, target=b"x"),
    "contiguous file with a target": member(b"f", EVIL, kind=b"7", target=b"x"),
    "old file with a target": member(b"f", EVIL, kind=b"\0", magic=OLD, target=b"x"),
    "long name with a target": member(b"@", LONG, kind=b"L", target=b"x") + A,
    "hard link by a long target only": A + gnu_long(b"K", b"a") + header(b"h", kind=b"1"),
    "hard link by pax only": A + pax({b"linkpath": b"a"}) + header(b"h", kind=b"1"),
    "line behind a name": member(b"f\0\nx", b"x"),
    "line behind a prefix": member(b"f", b"x", prefix=b"p\0\xe2\x80\xa8x"),
    "line behind an empty target": member(b"f", EVIL, target=b"\0\rx"),
    "line behind a long name": gnu_long(b"L", b"x\0\n.py") + A,
    "line behind a long target": gnu_long(b"K", b"a\0\nx") + header(b"l", kind=b"2", target=b"a"),
    "checksum of eight digits": header(b"f", size=len(EVIL), checksum=b"%08o" % summed(header(b"f", size=len(EVIL))))
    + EVIL,
    "signed checksum": signed(header(b"\xff" * 10)),
    "huge time": member(b"f", EVIL, mtime=b"\x80" + (2**53).to_bytes(11, "big")),
    "huge negative time": member(b"f", EVIL, mtime=b"\xff" + bytes(11)),
    "huge mode": member(b"f", EVIL, mode=b"\x80\x7f" + bytes(6)),
    "huge owner": patched(header(b"f", size=len(EVIL)), 108, b"\xff" + bytes(7)) + EVIL,
    "huge device": patched(header(b"f", size=len(EVIL)), 337, b"\x80\x7f" + bytes(6)) + EVIL,
    "pax header without a name": member(b"", record(b"path", b"x"), kind=b"x") + A,
    "global header without a name": member(b"", record(b"comment", b"c"), kind=b"g") + A,
    "long name without a name": member(b"", LONG, kind=b"L", magic=GNU) + A,
    "lone block of zeros": A + bytes(BLOCK) + Z,
    "members behind the end": A + END + Z,
}


@pytest.mark.parametrize("case", ALIKE)
@needs_gnu_tar
def test_what_has_one_meaning_is_read(case: str, tmp_path: Path) -> None:
    data = ALIKE[case] + (b"" if case == "no end mark" else END)
    assert ours(data) == tarfile_tree(data) == gnu_tar_tree(data, tmp_path)


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_has_two_meanings_is_refused(case: str) -> None:
    refused(DIFFERENT[case][0])


@pytest.mark.parametrize("case", LISTED_DIFFERENTLY)
@needs_gnu_tar
def test_what_lists_have_two_meanings_of_is_refused(case: str) -> None:
    data, by_tarfile, by_gnu_tar = LISTED_DIFFERENTLY[case]
    assert sorted(tarfile_tree(data + END)) == by_tarfile
    assert gnu_tar_names(data + END) == by_gnu_tar
    refused(data)


@pytest.mark.parametrize("case", FAILING)
@needs_gnu_tar
def test_what_no_installer_reads_is_refused(case: str, tmp_path: Path) -> None:
    data = FAILING[case]
    refused(data)
    with pytest.raises((tarfile.TarError, RecursionError, UnicodeDecodeError)):
        tarfile_tree(data + END)
    assert gnu_tar_tree(data + END, tmp_path) == {"a": b"hello"}


@pytest.mark.parametrize("case", DIFFERENT_ELSEWHERE)
def test_what_has_two_meanings_elsewhere_is_refused(case: str) -> None:
    refused(DIFFERENT_ELSEWHERE[case])


@pytest.mark.parametrize("case", DIFFERENT)
@needs_gnu_tar
def test_it_has_two_meanings(case: str, tmp_path: Path) -> None:
    data, by_tarfile, by_gnu_tar = DIFFERENT[case]
    assert seen(tarfile_tree(data + END), by_tarfile)
    assert seen(gnu_tar_tree(data + END, tmp_path), by_gnu_tar)


def test_names_that_tarfile_writes_in_binary() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("caf\udce9"))
    assert b"hdrcharset=BINARY" in file.getvalue()
    assert list(ours(file.getvalue())) == ["caf\udce9"]


def seen(tree: Tree, expected: "list[str] | Tree") -> bool:
    return tree == expected if isinstance(expected, dict) else sorted(tree) == expected


def refused(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        ours(data + END)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE
