import pytest

from codehost.model.errors import Failure, Reason
from codehost.unpack.pax import PaxRecords, parse_pax
from tests.unpack.tars import record

LONG = b"d/" * 2000 + b"f"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", PaxRecords()),
        (record(b"path", b"a/b"), PaxRecords(path=b"a/b")),
        (record(b"path", LONG), PaxRecords(path=LONG)),
        (record(b"path", b"a=b"), PaxRecords(path=b"a=b")),
        (record(b"comment", b"a\nb"), PaxRecords()),
        # Lines that are no records to anybody: no number, none in front of the key, another key.
        (record(b"comment", b"a\npath=b\n a path=b\n3 lines, path=b\n3 depth=b\npath=3 size=4"), PaxRecords()),
        (record(b"uid", b"70000") + record(b"gid", b"-2") + record(b"uid", b""), PaxRecords()),
        (record(b"atime", b"1.5") + record(b"ctime", b"-1") + record(b"atime", b""), PaxRecords()),
        (record(b"path", b"caf\xc3\xa9"), PaxRecords(path=b"caf\xc3\xa9")),
        (record(b"path", b"caf\xe9"), PaxRecords(path=b"caf\xe9")),
        (record(b"path", "\U0010ffff\ud7ff".encode()), PaxRecords(path=b"\xf4\x8f\xbf\xbf\xed\x9f\xbf")),
        (record(b"path", b"\xff") + record(b"hdrcharset", b"BINARY"), PaxRecords(path=b"\xff")),
        (record(b"linkpath", b"../x"), PaxRecords(target=b"../x")),
        (record(b"size", b"8589934592"), PaxRecords(size=1 << 33)),
        (record(b"mtime", b"1700000000.987654321"), PaxRecords(mtime=1_700_000_000)),
        (record(b"mtime", b"-1.5"), PaxRecords(mtime=-2)),
        (record(b"uname", b"x") + record(b"comment", b"\xff\x00"), PaxRecords()),
        (record(b"hdrcharset", b"BINARY") + record(b"path", b"\xff"), PaxRecords(path=b"\xff")),
        (record(b"path", b"a") + record(b"size", b"3"), PaxRecords(path=b"a", size=3)),
    ],
)
def test_records(body: bytes, expected: PaxRecords) -> None:
    assert parse_pax(body, shared=False) == expected


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"path=a\n", "no length"),
        (b"08 path=a\n", "no length"),
        (b"-9 path=a\n", "no length"),
        (b" path=a\n", "no length"),
        (b"9" * 30 + b" path=a\n", "no length"),
        (b"99 path=a\n", "damaged"),
        (b"9 path=a\nx", "no length"),
        (b"10 path=a\n\n", "no length"),
        (b"3 \n", "damaged"),
        (b"2 path=a\n", "damaged"),
        (b"9 path\n\n", "damaged"),
        (b"6 =ab\n", "damaged"),
        (record(b"path", b"a\0b"), "NUL"),
        (record(b"linkpath", b"a\0"), "NUL"),
        (record(b"pa\0th", b"a"), "NUL"),
        (record(b"path", b"a") * 2, "says path twice"),
        (record(b"size", b"-1"), "size is no number"),
        (record(b"size", b"0x10"), "size is no number"),
        (record(b"size", b"9" * 21), "size is no number"),
        (record(b"mtime", b"soon"), "mtime is no number"),
        (record(b"mtime", b"inf"), "mtime is no number"),
        (record(b"mtime", b"nan"), "mtime is no number"),
        (record(b"mtime", b"1e3"), "mtime is no number"),
        (record(b"mtime", b"1_0"), "mtime is no number"),
        (record(b"mtime", b" 10"), "mtime is no number"),
        (record(b"mtime", b"+10"), "mtime is no number"),
        (record(b"mtime", b"1."), "mtime is no number"),
        (record(b"mtime", b".5"), "mtime is no number"),
        (record(b"mtime", b"10\n"), "mtime is no number"),
        (record(b"mtime", b""), "mtime is no number"),
        (record(b"mtime", b"9" * 19), "mtime is no number"),
        (record(b"atime", b"zzz"), "atime is no number"),
        (record(b"ctime", b"1e400"), "ctime is no number"),
        (record(b"uid", b"abc"), "uid is no number"),
        (record(b"uid", b"1.5"), "uid is no number"),
        (record(b"gid", b"9" * 19), "gid is no number"),
        (record(b"gname", b"a\0b"), "NUL"),
        (record(b"uname", b"a\0b"), "NUL"),
        (record(b" path", b"a"), "begins with a blank"),
        (record(b"\tcomment", b"a"), "begins with a blank"),
        (record(b"path", b"a\nb"), "line feed in a name"),
        (record(b"linkpath", b"a\n"), "line feed in a name"),
        (record(b"comment", b"\n9 path=b"), "within another one"),
        (record(b"comment", b"\n09 path=b"), "within another one"),
        (record(b"comment", b"\n+9path=b"), "within another one"),
        (record(b"comment", b"\n9=path=b"), "within another one"),
        (record(b"comment", b"\n13\xe2\x80\x8alinkpath=b"), "within another one"),
        (record(b"comment", b"\n\xa09size=b"), "within another one"),
        (record(b"SCHILY.xattr.user.x", b"a\n\n9 size=5\nb"), "within another one"),
        (record(b"c\n9 path", b"a"), "within another one"),
        (record(b"size", b"010"), "size is no number"),
        (record(b"size", b""), "size is no number"),
        (record(b"path", b""), "empty path"),
        (record(b"linkpath", b""), "empty linkpath"),
        (record(b"path", b"\xe0\x80\xaf"), "not in UTF-8"),
        (record(b"path", b"\xf0\x80\x80\xaf"), "not in UTF-8"),
        (record(b"path", b"\xf4\x90\x80\x80"), "not in UTF-8"),
        (record(b"path", b"\xf8\x80\x80\x80\xaf"), "not in UTF-8"),
        (record(b"path", b"dir\xc0\xafname"), "not in UTF-8"),
        (record(b"linkpath", b"\xed\xa0\x80"), "not in UTF-8"),
        (record(b"hdrcharset", b"ISO-IR 10646 2000 UTF-8") + record(b"path", b"\xff"), "not in UTF-8"),
        (record(b"GNU.sparse.major", b"1"), "sparse"),
        (record(b"SCHILY.realsize", b"9"), "sparse"),
        (record(b"SUN.holesdata", b" 0 3 "), "sparse"),
        (record(b"GNU.volume.offset", b"1"), "several volumes"),
        (record(b"hdrcharset", b"ISO-IR 8859 1 1998"), "not in UTF-8"),
        (record(b"hdrcharset", b"BINARY") * 2, "hdrcharset twice"),
        (record(b"comment", record(b"hdrcharset", b"\xff")), "within another record"),
        (record(b"a hdrcharset", b"BINARY"), "within another record"),
        (record(b" hdrcharset", b"BINARY"), "begins with a blank"),
    ],
)
def test_damage_is_refused(body: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        parse_pax(body, shared=False)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_a_global_header_may_date_members_but_not_name_or_size_them() -> None:
    assert parse_pax(record(b"mtime", b"7"), shared=True) == PaxRecords(mtime=7)
    for key in (b"path", b"linkpath", b"size"):
        with pytest.raises(Failure, match=f"global header sets {key.decode()}"):
            parse_pax(record(key, b"1"), shared=True)


def test_updated_keeps_what_the_other_does_not_say() -> None:
    first = PaxRecords(path=b"a", mtime=1)
    assert first.updated(PaxRecords(mtime=2, size=0)) == PaxRecords(path=b"a", mtime=2, size=0)
    assert PaxRecords(size=0)
    assert not PaxRecords()
