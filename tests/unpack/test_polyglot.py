import gzip
import io
import struct
import zipfile

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits
from codehost.unpack.archive import read_archive
from tests.unpack.tars import END, member
from tests.unpack.zips import Part, build

ZIP = build(Part(name=b"setup.py", content=b"another"))
EMPTY_ZIP = b"PK\5\6" + bytes(18)
TAR = member(b"f", b"x") + END
PACKED = gzip.compress(TAR)


def in_header(extra: bytes) -> bytes:
    """The packed tar with a field in its gzip header (RFC 1952, section 2.3: FEXTRA)."""
    return PACKED[:3] + b"\x04" + PACKED[4:10] + struct.pack("<H", len(extra)) + extra + PACKED[10:]


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("a-1.tar.gz", PACKED + ZIP),
        ("a-1.tar.gz", in_header(ZIP)),
        ("a-1.tar.gz", in_header(EMPTY_ZIP)),
        ("a-1.tar.gz", gzip.compress(member(b"inner.zip", ZIP) + END, compresslevel=0)),
        ("a-1.tar", member(b"inner.zip", ZIP) + END),
        ("a-1.tar", TAR + ZIP),
        ("a-1.tar", TAR + ZIP + b"PK\5\6 to hide the end record before it"),
    ],
)
def test_a_tar_that_is_a_zip_is_refused(filename: str, data: bytes) -> None:
    assert zipfile.is_zipfile(io.BytesIO(data))  # by which pip has chosen
    with pytest.raises(Failure, match="a tar archive and a zip archive at once") as caught:
        read_archive(io.BytesIO(data), filename, Limits())
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize(
    "content",
    [
        b"PK\5\6" + b"x" * 40,
        b"PK\5\6" + bytes(8) + b"\xff" * 10,
        ZIP + bytes(1 << 17),
    ],
)
def test_the_signature_alone_makes_no_zip(content: bytes) -> None:
    data = io.BytesIO(member(b"f", content) + END)
    assert [found.content for found in read_archive(data, "a-1.tar", Limits())] == [content]


@pytest.mark.parametrize("filename", ["a-1.tar.gz", "a-1.tar.bz2", "a-1.tar.xz", "a-1.tar"])
@pytest.mark.parametrize("data", [ZIP, EMPTY_ZIP])
def test_a_zip_by_the_name_of_a_tar_is_refused(filename: str, data: bytes) -> None:
    with pytest.raises(Failure, match="a zip archive at once"):
        read_archive(io.BytesIO(data), filename, Limits())
