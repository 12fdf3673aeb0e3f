import pytest

from codehost.model.errors import Failure, Reason
from codehost.unpack.tarheader import decode_header, is_header
from tests.unpack.tars import BLOCK, GNU, POSIX, header, patched

UID, DEVICE = 108, 329
# Of a header whose name is one byte, by signed characters.
SIGNED = sum(header(b"\xff")) - sum(header(b"\xff")[148:156]) + 8 * ord(" ") - 256


@pytest.mark.parametrize(
    ("field", "mode"),
    [
        (b"0000755\0", 0o755),
        (b"00000755", 0o755),
        (b"   755 \0", 0o755),
        (b"755\0rest", 0o755),
        (b"\x80\0\0\0\0\0\x01\xed", 0o755),
        (b" " * 8, 0),
        (bytes(8), 0),
    ],
)
def test_numbers(field: bytes, mode: int) -> None:
    assert decode_header(header(b"f", mode=field)).mode == mode


@pytest.mark.parametrize(
    ("field", "what"),
    [
        (b"\x00000755\0", "behind a NUL"),
        (b"\0garbage", "behind a NUL"),
        (b"-000001\0", "is none"),
        (b"+000001\0", "is none"),
        (b"0o00001\0", "is none"),
        (b"00_0001\0", "is none"),
        (b"\t000001\0", "is none"),
        (b"0001 001", "is none"),
        (b"0001 abc", "is none"),
        (b"\x81\0\0\0\0\0\0\1", "is none"),
        (b"0000008\0", "not octal"),
    ],
)
def test_numbers_that_are_none_for_some_reader_are_refused(field: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        decode_header(header(b"f", mode=field))
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize("at", [UID, UID + 8, DEVICE, DEVICE + 8])
@pytest.mark.parametrize("field", [b"0001750\0", bytes(8), b" " * 8, b"     -2 ", b"7\0rest..", b"\xff" * 7 + b"\xfe"])
def test_owners_and_devices(at: int, field: bytes) -> None:
    assert decode_header(patched(header(b"f"), at, field)).path == b"f"


@pytest.mark.parametrize("at", [UID, UID + 8, DEVICE, DEVICE + 8])
@pytest.mark.parametrize("field", [b"garbage!", b"\x90" * 8, b"9999999\0", b"-\0\0\0\0\0\0\0", b"7 7 7 7 "])
def test_owners_and_devices_that_end_the_archive_for_tarfile(at: int, field: bytes) -> None:
    with pytest.raises(Failure, match="owner or a device"):
        decode_header(patched(header(b"f"), at, field))


@pytest.mark.parametrize("magic", [GNU, bytes(8), b"ustar 00", b"USTAR\x0000", b"ustar\0\0\0", b"ustar\x0001"])
def test_a_prefix_without_the_posix_magic_is_refused(magic: bytes) -> None:
    with pytest.raises(Failure, match="without the POSIX magic"):
        decode_header(header(b"f", magic=magic, prefix=b"14000000000\x0014000000000\0"))
    # Nobody takes the name of a long name's header.
    assert decode_header(header(b"f", magic=magic, prefix=b"p", kind=b"L")).path == b"f"


@pytest.mark.parametrize("width", [8, 12])
def test_numbers_in_base_256_have_the_range_of_doubles(width: int) -> None:
    at = 108 if width == 8 else 136
    for number in (2**53 - 1, 1 - 2**53):
        field = (0x80 if number > 0 else 0xFF).to_bytes() + (number % (1 << 8 * (width - 1))).to_bytes(width - 1, "big")
        assert decode_header(patched(header(b"f"), at, field)).path == b"f"
    for number in (2**53, -(2**53)):
        field = (0x80 if number > 0 else 0xFF).to_bytes() + (number % (1 << 8 * (width - 1))).to_bytes(width - 1, "big")
        with pytest.raises(Failure, match="larger than all readers know"):
            decode_header(patched(header(b"f"), at, field))


@pytest.mark.parametrize(
    ("block", "what"),
    [
        (header(b"f", target=b"x"), "no link has a link's target"),
        (header(b"f", kind=b"7", target=b"x"), "no link has a link's target"),
        (header(b"@", kind=b"K", magic=GNU, target=b"x"), "no link has a link's target"),
        (header(b"f", kind=b"1"), "hard link's header has no target"),
        (header(b"", kind=b"x"), "no name"),
        (header(b"", kind=b"g"), "no name"),
        (header(b"", kind=b"K", magic=GNU), "no name"),
        (header(b"", kind=b"L", magic=b"ustar\0\0\0", prefix=b"p"), "no name"),
        (header(b"f\0\n"), "goes on behind its end"),
        (header(b"f", prefix=b"p\0\r"), "goes on behind its end"),
        (header(b"f", target=b"\0\xe2\x80\xa9"), "goes on behind its end"),
        (patched(header(b"f", magic=GNU), 386, b"0"), "sparse"),
        (patched(header(b"f", magic=GNU), 494, b"0"), "sparse"),
        (patched(header(b"f", prefix=b"p" * 132), 508, b"tar\0"), "no room for"),
        (patched(header(b"f", prefix=b"p" * 155), 508, b"tar\0"), "no room for"),
        (header(b"f", prefix=bytes(130) + b"x"), "empty prefix that goes on"),
        (patched(header(b"f"), 476, b"\x80"), "number in a header is none"),
        (patched(header(b"f", prefix=b"p"), 488, b"\xe2"), "number in a header is none"),
    ],
)
def test_what_some_reader_takes_otherwise_is_refused(block: bytes, what: str) -> None:
    with pytest.raises(Failure, match=what) as caught:
        decode_header(block)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize(
    "block",
    [
        header(b"d", kind=b"5", target=b"x"),
        header(b"pax", kind=b"x", target=b"x"),
        header(b"", kind=b"x", prefix=b"p"),
        header(b"", kind=b"5", prefix=b"p"),
        header(b"f\nx"),
        header(b"f", kind=b"2", target=b"x\ny"),
        patched(header(b"f", magic=GNU), 385, b"\1"),
        patched(header(b"f", magic=GNU), 495, b"\1"),
        patched(header(b"f", prefix=b"p" * 131), 508, b"tar\0"),
        header(b"f", prefix=b"p" * 155),
        header(b"f", prefix=b"p" * 131 + b"\x90" * 24),
        patched(header(b"f", magic=bytes(8)), 476, b"\x90"),
    ],
)
def test_what_all_readers_take_alike_is_read(block: bytes) -> None:
    assert decode_header(block).size == 0


def test_a_checksum_must_end_within_its_field() -> None:
    total = sum(header(b"f")) - sum(header(b"f")[148:156]) + 8 * ord(" ")
    assert decode_header(header(b"f", checksum=b"%07o " % total)).path == b"f"
    with pytest.raises(Failure, match="checksum has no end"):
        decode_header(header(b"f", checksum=b"%08o" % total))


def test_a_wide_checksum_is_wrong() -> None:
    block = header(b"f")
    wide = b"\x80" + (sum(block) - sum(block[148:156]) + 8 * ord(" ")).to_bytes(7, "big")
    with pytest.raises(Failure, match="checksum is wrong"):
        decode_header(header(b"f", checksum=wide))


def test_a_blank_size_is_refused() -> None:
    with pytest.raises(Failure, match="size is blank"):
        decode_header(header(b"f", size=b" " * 12))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (header(b"f"), True),
        (header(b"f", magic=bytes(8)), True),
        (header(b"\xff", checksum=b"%06o\0 " % SIGNED), True),
        (header(b"f", checksum=b"000000\0 "), False),
        (header(b"f", checksum=b"garbage!"), False),
        (header(b"f")[:-1], False),
        (bytes(BLOCK), False),
        (b"x" * BLOCK, False),
        (b"", False),
    ],
)
def test_is_header(block: bytes, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_header(block) is expected


def test_the_magic_is_posix() -> None:
    assert decode_header(header(b"f", magic=POSIX, prefix=b"p")).path == b"p/f"
