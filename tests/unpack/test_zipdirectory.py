import struct

import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipdirectory import Directory, extra_field, find_end, read_entries, wide_numbers, widen
from tests.unpack.zips import FULL32, Part, end_record, end_records64, layout


def test_the_end_record_is_found_behind_its_comment() -> None:
    tail = b"members" + end_record(3, 20, 100, b"PK\5\6 is no record")
    assert find_end(tail, 1000 + len(tail)) == (Directory(100, 20, 3), 1007, None)


def test_the_end_record_tells_of_a_64_bit_one() -> None:
    records = end_records64(70_000, 1 << 33, 1 << 34, at=500)
    tail = records + end_record(0xFFFF, FULL32, FULL32)
    end = find_end(tail, 500 + len(tail))
    assert end.end64_offset == 500
    assert widen(end, records[:56]) == Directory(1 << 34, 1 << 33, 70_000)
    with pytest.raises(Failure, match="64-bit end record is missing"):
        widen(end, records[:55])


def test_entries_must_fill_the_directory() -> None:
    data = layout(Part(name=b"a", mode=0o100755), Part(name=b"b"))[1]
    assert [(entry.name, entry.unix_mode) for entry in read_entries(data, Directory(0, len(data), 2))] == [
        (b"a", 0o100755),
        (b"b", 0o100644),
    ]
    for wrong, count in ((data, 1), (data, 3), (data[:-1], 2), (data + b"x", 2), (b"x" + data, 2)):
        with pytest.raises(Failure, match="directory"):
            list(read_entries(wrong, Directory(0, len(wrong), count)))


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (b"", None),
        (b"\1\0\3\0abc", b"abc"),
        (b"\2\0\1\0x\1\0\0\0", b""),
        (b"\2\0\1\0x", None),
        (b"\2\0", None),
        (b"\2\0\xff\0abc", None),
    ],
)
def test_extra_fields(extra: bytes, expected: bytes | None) -> None:
    assert extra_field(extra, 1) == expected


@pytest.mark.parametrize("extra", [b"\1\0\0\0" * 2, b"\1\0\4\0abc"])
def test_a_doubtful_extra_field_is_refused(extra: bytes) -> None:
    with pytest.raises(Failure, match="extra field is damaged"):
        extra_field(extra, 1)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 2, 3), (1, 2, 3)),
        ((FULL32, 2, 3), (10, 2, 3)),
        ((1, FULL32, FULL32), (1, 10, 20)),
        ((FULL32, FULL32, FULL32), (10, 20, 30)),
    ],
)
def test_wide_numbers_stand_for_those_that_are_all_ones(
    numbers: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    assert wide_numbers(struct.pack("<HH3Q", 1, 24, 10, 20, 30), *numbers) == expected
