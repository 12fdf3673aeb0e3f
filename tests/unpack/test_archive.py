import bz2
import gzip
import io
import lzma

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits
from codehost.unpack.archive import read_archive
from tests.unpack.tars import END, member
from tests.unpack.zips import Part, build

TAR = member(b"f", b"x") + END
ZIP = build(Part(name=b"f", content=b"x"))


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("a-1.tar.gz", gzip.compress(TAR)),
        ("a-1.TGZ", gzip.compress(TAR)),
        ("a-1.tar.bz2", bz2.compress(TAR)),
        ("a-1.tbz", bz2.compress(TAR)),
        ("a-1.tar.xz", lzma.compress(TAR)),
        ("a-1.txz", lzma.compress(TAR)),
        ("a-1.tar", TAR),
        ("a-1.zip", ZIP),
        ("a-1-py3-none-any.whl", ZIP),
        ("a-1-py2.7.egg", ZIP),
    ],
)
def test_formats(filename: str, data: bytes) -> None:
    assert [(found.path, found.content) for found in read_archive(io.BytesIO(data), filename, Limits())] == [
        (b"f", b"x")
    ]


@pytest.mark.parametrize("filename", ["a-1.rpm", "a-1.exe", "a-1.tar.Z", "a-1.gz", "a-1", "zip", ""])
def test_other_names_are_unsupported(filename: str) -> None:
    with pytest.raises(Failure) as caught:
        read_archive(io.BytesIO(TAR), filename, Limits())
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("filename", ["a-1.tar.gz", "a-1.tar.bz2", "a-1.tar.xz", "a-1.zip"])
@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", b"\0" * 5000])
def test_a_file_that_is_not_what_its_name_says_is_refused(filename: str, data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        list(read_archive(io.BytesIO(data), filename, Limits()))
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE
