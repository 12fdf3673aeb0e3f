import struct

import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipattributes import UNIX, check_streamed, is_dos_directory, unix_mode
from tests.unpack.zips import extra_block

LINK, DIRECTORY, FILE = 0o120777, 0o040755, 0o100644
FAT, VMS, DARWIN = 0, 2, 19


def streamed(flags: int, *numbers: bytes) -> bytes:
    return extra_block(0x6C78, bytes([flags]) + b"".join(numbers))


def external(mode: int) -> bytes:
    return struct.pack("<L", mode << 16)


@pytest.mark.parametrize(
    ("host", "attributes", "name", "mode"),
    [
        (UNIX, LINK << 16, b"a", LINK),
        (UNIX, FILE << 16 | 8, b"a", FILE),
        (FAT, LINK << 16, b"a", 0),
        (FAT, 0x10, b"a", 0),
        (DARWIN, FILE << 16, b"a", 0),
        (DARWIN, 0o755 << 16, b"a", 0),
        (VMS, DIRECTORY << 16, b"a/", 0),
    ],
)
def test_modes_are_those_of_unix(host: int, attributes: int, name: bytes, mode: int) -> None:
    assert unix_mode(host, attributes, name) == mode


@pytest.mark.parametrize(
    ("host", "attributes", "what"),
    [(FAT, 8, "label of a disk"), (DARWIN, LINK << 16, "depends on who reads"), (VMS, DIRECTORY << 16, "depends on")],
)
def test_attributes_of_two_readings_are_refused(host: int, attributes: int, what: str) -> None:
    with pytest.raises(Failure, match=what):
        unix_mode(host, attributes, b"a")


@pytest.mark.parametrize(
    ("host", "attributes", "expected"), [(FAT, 0x10, True), (FAT, 0x20, False), (UNIX, 0x10, False)]
)
def test_dos_directories(host: int, attributes: int, expected: bool) -> None:  # noqa: FBT001 - a table
    assert is_dos_directory(host, attributes) is expected


@pytest.mark.parametrize(
    ("extra", "mode"),
    [
        (b"", LINK),
        (streamed(0), LINK),
        (streamed(3, b"\0\3", b"\0\0"), LINK),
        (streamed(4, external(FILE)), 0),
        (streamed(7, b"\0\3", b"\0\0", external(LINK)), LINK),
        (streamed(13, b"\0\3", external(DIRECTORY), b"\2\0no"), DIRECTORY),
        (extra_block(0x5455, external(LINK)), FILE),
    ],
)
def test_streamed_attributes_that_agree(extra: bytes, mode: int) -> None:
    check_streamed(extra, mode)


@pytest.mark.parametrize(
    ("extra", "mode", "what"),
    [
        (streamed(4, external(LINK)), FILE, "of one kind"),
        (streamed(5, b"\0\3", external(LINK)), 0, "of one kind"),
        (streamed(7, b"\0\3", b"\0\0", external(DIRECTORY)), LINK, "of one kind"),
        (streamed(0x84, b"\0", external(LINK)), FILE, "damaged"),
        (extra_block(0x6C78, b""), FILE, "damaged"),
    ],
)
def test_streamed_attributes_that_differ_are_refused(extra: bytes, mode: int, what: str) -> None:
    with pytest.raises(Failure, match=what):
        check_streamed(extra, mode)
