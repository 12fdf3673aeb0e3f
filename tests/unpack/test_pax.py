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
        (record(b"path", b"a=b\nc"), PaxRecords(path=b"a=b\nc")),
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
        (record(b" hdrcharset", b"BINARY"), "within another record"),
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
