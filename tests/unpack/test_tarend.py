import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits
from codehost.unpack.streams import MAX_TRAILING_BYTES
from codehost.unpack.tar import read_tar
from tests.unpack.tars import BLOCK, END, member

F = member(b"f", b"x")
G = member(b"g", b"y")
LONE = bytes(BLOCK)


def read(data: bytes, compression: str = ".tar") -> list[bytes]:
    return [found.path for found in read_tar(io.BytesIO(data), compression, Limits())]


@pytest.mark.parametrize(
    ("behind", "compression"),
    [
        (b"\n", ".tar"),
        (b"stale buffer " * 100, ".tar"),
        (bytes(20 * BLOCK) + b"x" * BLOCK, ".tar"),
        (b"x" * MAX_TRAILING_BYTES, ".tar"),
        (b"\n", ".gz"),
        (b"signature", ".bz2"),
        (bytes(4), ".xz"),
        (bytes(20 * BLOCK), ".xz"),
    ],
)
def test_what_no_reader_looks_at_is_padding(behind: bytes, compression: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {
        ".tar": bytes,
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    assert read(packers[compression](F + END) + behind, compression) == [b"f"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (F + LONE + G + END, "single block of zeros"),
        (F + LONE + b"x" * BLOCK, "single block of zeros"),
        (F + END + G + END, "members behind the end"),
        (F + END + G[:BLOCK], "members behind the end"),
        (F + END + b"x" * BLOCK + G, "members behind the end"),
        (F + END + b"x" * 100 + bytes(BLOCK - 100) + member(b"g", b"y", magic=bytes(8)), "members behind the end"),
        (F + END + b"x" * 7 + G, "members behind the end"),
        (F + END + b"PK\3\4", "members behind the end"),
        (F + END + gzip.compress(G), "members behind the end"),
        (F + END + b"x" * (MAX_TRAILING_BYTES + 1), "data behind the end"),
    ],
)
def test_what_some_reader_goes_on_with_is_refused(data: bytes, what: str) -> None:
    for packed, compression in ((data, ".tar"), (gzip.compress(data), ".gz"), (gzip.compress(data) + b"\n", ".gz")):
        with pytest.raises(Failure, match=what) as caught:
            read(packed, compression)
        assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_old_headers_behind_the_end_are_found_in_their_place_only() -> None:
    old = member(b"g", b"y", magic=bytes(8))
    assert read(F + END + b"x" * 7 + old) == [b"f"]
    with pytest.raises(Failure, match="members behind the end"):
        read(F + END + b"x" * BLOCK + old)


@pytest.mark.parametrize("end", [b"", LONE])
def test_trailing_data_need_a_whole_end_mark_before_them(end: bytes) -> None:
    with pytest.raises(Failure, match="data behind the compressed stream"):
        read(gzip.compress(F + end) + b"\n", ".gz")
    with pytest.raises(Failure, match="data behind the compressed stream"):
        read(lzma.compress(F + end) + bytes(4), ".xz")
