import struct
import zlib

import pytest

from codehost.model.errors import Failure
from codehost.unpack.zipdirectory import Directory, read_entries
from codehost.unpack.ziplocal import check_descriptor, check_local, holds_descriptor, trailing_bytes
from tests.unpack.zips import Part, layout


def test_a_local_header_tells_how_long_it_is() -> None:
    part = Part(name=b"name", local={"extra": b"\x99\x99\0\0"})
    local, central = layout(part)
    (entry,) = read_entries(central, Directory(0, len(central), 1))
    length = 30 + trailing_bytes(local[:30])
    assert length == 30 + 4 + 4
    assert not check_local(local[:length], entry)


@pytest.mark.parametrize("header", [b"", b"PK\3\4" + bytes(25), b"PK\1\2" + bytes(26)])
def test_what_is_no_local_header(header: bytes) -> None:
    with pytest.raises(Failure, match="local header is missing"):
        trailing_bytes(header)


def test_a_descriptor_is_one_of_four_and_nothing_more() -> None:
    part = Part(content=b"hello", method=0)
    central = layout(part)[1]
    (entry,) = read_entries(central, Directory(0, len(central), 1))
    numbers = (entry.crc, 5, 5)
    narrow = b"".join(number.to_bytes(4, "little") for number in numbers)
    wide = narrow[:4] + (5).to_bytes(8, "little") * 2
    for good in (narrow, wide, b"PK\7\x08" + narrow, b"PK\7\x08" + wide):
        check_descriptor(good, entry)
        for bad in (good[:-1], good + b"\0", good.replace(b"\5", b"\6", 1), b"\0\0\0\0" + good):
            with pytest.raises(Failure, match="data descriptor disagrees"):
                check_descriptor(bad, entry)


@pytest.mark.parametrize("before", [b"", b"hello", bytes(50_000), b"PK\7\x08" * 1000, b"PK\7\x08" + b"\1" * 12])
@pytest.mark.parametrize("piece", [1, 11, 4096, 1 << 20])
def test_a_descriptor_is_found_wherever_the_pieces_end(before: bytes, piece: int) -> None:
    def holds(body: bytes) -> bool:
        return holds_descriptor(body[at : at + piece] for at in range(0, len(body), piece))

    numbers = struct.pack("<2L", zlib.crc32(before), len(before))
    assert holds(before + b"PK\7\x08" + numbers)
    assert holds(before + b"PK\7\x08" + numbers + b"PK\7\x08" + bytes(20))
    assert not holds(before + b"PK\7\x08" + numbers[:-1])
    assert not holds(before + b"x" + b"PK\7\x08" + numbers)
    assert not holds(before + b"PK\7\x08" + numbers[:4] + b"\1" + numbers[5:])
