import struct

import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipextra import check_kind, extra_field, unicode_paths, wide_numbers
from tests.unpack.zips import FULL32, extra_block, unicode_path, wide_field


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (b"", None),
        (b"\1\0\3\0abc", b"abc"),
        (b"\2\0\1\0x\1\0\0\0", b""),
        (b"\2\0\1\0x", None),
        (b"\2\0", None),
        (b"   ", None),
        (b"\0\0\0\0\0\0", None),
    ],
)
def test_extra_fields(extra: bytes, expected: bytes | None) -> None:
    assert extra_field(extra, 1) == expected


@pytest.mark.parametrize("extra", [b"\1\0\0\0" * 2, b"\1\0\4\0abc", b"\2\0\xff\0abc", b"\2\0\0\0\2\0\1\0"])
def test_a_doubtful_extra_field_is_refused(extra: bytes) -> None:
    with pytest.raises(Failure, match="extra field is damaged"):
        extra_field(extra, 1)


@pytest.mark.parametrize(
    ("numbers", "extra", "expected"),
    [
        ((1, 2, 3), b"", (1, 2, 3)),
        ((1, 2, 3), wide_field(), (1, 2, 3)),
        ((1, 2, 3), wide_field(1), (1, 2, 3)),
        ((1, 2, 3), wide_field(1, 2, 3), (1, 2, 3)),
        ((FULL32, 2, 3), wide_field(10), (10, 2, 3)),
        ((FULL32, 2, 3), wide_field(10, 2), (10, 2, 3)),
        ((1, FULL32, FULL32), wide_field(10, 20), (1, 10, 20)),
        ((FULL32, FULL32, FULL32), wide_field(10, 20, 30), (10, 20, 30)),
        ((FULL32, FULL32, FULL32), extra_block(1, struct.pack("<3QL", 10, 20, 30, 0)), (10, 20, 30)),
        ((FULL32, 2, 3), extra_block(1, struct.pack("<QL", 10, 0)), (10, 2, 3)),
    ],
)
def test_wide_numbers_stand_for_those_that_are_all_ones(
    numbers: tuple[int, int, int], extra: bytes, expected: tuple[int, int, int]
) -> None:
    assert wide_numbers(extra, *numbers) == expected


@pytest.mark.parametrize(
    ("numbers", "extra", "what"),
    [
        ((FULL32, 2, 3), b"", "missing"),
        ((FULL32, FULL32, 3), wide_field(10), "missing"),
        ((FULL32, 2, 3), wide_field(10) + wide_field(10), "two of one kind"),
        ((1, 2, 3), wide_field(9), "contradict"),
        ((1, 2, 3), wide_field(1, 9), "contradict"),
        ((FULL32, 2, 3), wide_field(10, 0), "contradict"),
        ((1, FULL32, 3), wide_field(1, 20), "contradict"),
        ((0, 0, 3), wide_field(1, 2), "contradict"),
        ((FULL32, 2, 3), extra_block(1, struct.pack("<QL", 10, 1)), "damaged"),
        ((FULL32, 2, 3), extra_block(1, struct.pack("<QB", 10, 0)), "damaged"),
        ((1, 2, 3), wide_field(1, 2, 3, 4), "damaged"),
    ],
)
def test_wide_numbers_that_have_two_readings_are_refused(
    numbers: tuple[int, int, int], extra: bytes, what: str
) -> None:
    with pytest.raises(Failure, match=what):
        wide_numbers(extra, *numbers)


def test_before_a_descriptor_zeros_leave_the_numbers_open() -> None:
    assert wide_numbers(wide_field(0, 0), 0, 0, 0, described=True) == (0, 0, 0)
    assert wide_numbers(wide_field(10, 20), 0, 0, 0, described=True) == (10, 20, 0)
    with pytest.raises(Failure, match="contradict"):
        wide_numbers(wide_field(10, 20), 10, 21, 0, described=True)


def test_unicode_paths() -> None:
    assert unicode_paths(unicode_path(b"a", b"b") + b"\2\0\0\0" + unicode_path(b"x", b"c", 2)) == [b"b", b"c"]
    with pytest.raises(Failure, match="unicode path is damaged"):
        unicode_paths(unicode_path(b"a", b""))


@pytest.mark.parametrize(("asi", "mode"), [(0o120777, 0o100644), (0o100644, 0o120777), (0o120777, 0)])
def test_a_link_by_only_one_of_its_modes_is_refused(asi: int, mode: int) -> None:
    field = extra_block(0x756E, struct.pack("<LH", 0, asi))
    check_kind(field, asi)
    with pytest.raises(Failure, match="symbolic link"):
        check_kind(field, mode)
