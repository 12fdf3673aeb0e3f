import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipdirectory import Directory, find_end, read_entries, widen
from tests.unpack.zips import FULL32, Part, end_record, end_records64, layout


def test_the_end_record_is_found_behind_its_comment() -> None:
    tail = b"members" + end_record(3, 20, 100, b"PK\5 \6 is no record")
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
