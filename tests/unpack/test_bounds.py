import gzip
import io

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB, UNRATIONED_BYTES, Limits
from codehost.unpack.archive import read_archive
from codehost.unpack.bounds import RATIO, UNPACKED, Bound, unpacked_bound
from tests.unpack.tars import END, member
from tests.unpack.zips import Part, build

# Two members in common, so that a bound per member would not do.
HALF = UNRATIONED_BYTES // 2
ZEROS = bytes(HALF + 1)


@pytest.mark.parametrize(
    ("packed", "limits", "bound"),
    [
        (0, Limits(), Bound(UNRATIONED_BYTES, RATIO)),
        (1000, Limits(ratio=1), Bound(UNRATIONED_BYTES, RATIO)),
        (1000, Limits(ratio=100_000), Bound(100_000_000, RATIO)),
        (1000, Limits(ratio=100_000, unpacked_bytes=100_000_000), Bound(100_000_000, UNPACKED)),
        (1000, Limits(ratio=100_000, unpacked_bytes=5), Bound(5, UNPACKED)),
        (1000, Limits(unpacked_bytes=UNRATIONED_BYTES), Bound(UNRATIONED_BYTES, UNPACKED)),
    ],
)
def test_the_smaller_limit_is_the_bound_and_is_named(packed: int, limits: Limits, bound: Bound) -> None:
    file = io.BytesIO(bytes(packed))
    assert unpacked_bound(file, limits) == bound
    assert file.tell() == 0


def tar_of(content: bytes) -> bytes:
    return gzip.compress(member(b"a", content) + member(b"b", content) + END)


def zip_of(content: bytes) -> bytes:
    return build(Part(name=b"a", content=content), Part(name=b"b", content=content))


@pytest.mark.parametrize(("filename", "packed"), [("a-1.tar.gz", tar_of(ZEROS)), ("a-1.zip", zip_of(ZEROS))])
def test_ratio(filename: str, packed: bytes) -> None:
    assert len(packed) < MIB // 4
    with pytest.raises(Failure, match=r"more than 67108864 bytes, all that limits\.ratio allows") as caught:
        read(packed, filename, Limits(member_bytes=1))
    assert caught.value.reason is Reason.TOO_LARGE
    assert read(packed, filename, Limits(member_bytes=1, ratio=10_000)) == 2


@pytest.mark.parametrize(
    ("filename", "packed", "size"), [("a-1.tar.gz", tar_of(b"x" * 9), 3072), ("a-1.zip", zip_of(b"x" * 9), 18)]
)
def test_unpacked_bytes(filename: str, packed: bytes, size: int) -> None:
    assert read(packed, filename, Limits(unpacked_bytes=size, ratio=1)) == 2
    with pytest.raises(Failure, match=rf"more than {size - 1} bytes, all that limits\.unpackedBytes allows") as caught:
        read(packed, filename, Limits(unpacked_bytes=size - 1, ratio=1))
    assert caught.value.reason is Reason.TOO_LARGE


def read(packed: bytes, filename: str, limits: Limits) -> int:
    return sum(1 for _ in read_archive(io.BytesIO(packed), filename, limits))
