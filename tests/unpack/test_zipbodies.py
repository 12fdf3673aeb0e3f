import errno
import io
import random

import pytest

from codehost.model.errors import Failure, Reason
from codehost.unpack.zipbodies import read_body
from codehost.unpack.zipdirectory import Directory, Entry, read_entries
from tests.unpack.zips import Part, layout, lzma_body, packed, raw_deflate

METHODS = [0, 8, 12, 14]
CONTENTS = [b"", b"x", b"hello " * 120_000, random.Random(0).randbytes(150_000)]


def entry_of(part: Part) -> Entry:
    central = layout(part)[1]
    (entry,) = read_entries(central, Directory(0, len(central), 1))
    return entry


def body(part: Part, *, keep: bool) -> tuple[bytes | None, bytes | None]:
    return read_body(io.BytesIO(b"before" + part.stored() + b"behind"), 6, entry_of(part), keep=keep)


@pytest.mark.parametrize("content", CONTENTS, ids=len)
@pytest.mark.parametrize("method", METHODS)
def test_bodies(method: int, content: bytes) -> None:
    part = packed(content, method)
    assert body(part, keep=True) == (content, part.stored() if method == 8 else None)
    assert body(part, keep=False) == (None, None)


@pytest.mark.parametrize("content", CONTENTS[1:], ids=len)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("keep", [True, False])
def test_a_body_that_lies_is_refused(method: int, content: bytes, keep: bool) -> None:  # noqa: FBT001 - a table
    good = packed(content, method)
    lies: list[dict[str, object]] = [
        {"central": {"size": len(content) - 1}},
        {"central": {"size": len(content) + 1}},
        {"central": {"crc": 1}},
        {"data": good.stored()[:-1]},
        {"data": good.stored() + b"\0"},
        {"data": random.Random(1).randbytes(len(good.stored()))},
    ]
    for lie in lies:
        with pytest.raises(Failure) as caught:
            body(packed(content, method, **lie), keep=keep)
        assert caught.value.reason is Reason.UNSAFE_ARCHIVE, lie


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (packed(b"x", 14, flags=0), "no end marker"),
        (packed(b"x", 14, data=b"\x09\4\5\0"), "LZMA properties"),
        (packed(b"x", 14, data=b"\x09\4\6\0" + lzma_body(b"x")[4:]), "LZMA properties"),
        (packed(b"x", 14, data=b"\x09\4\5\0\xff" + lzma_body(b"x")[5:]), "LZMA properties"),
        (packed(b"x", 14, data=b"\x09\4\5\0\xe0" + lzma_body(b"x")[5:]), "stream is damaged"),
    ],
)
def test_lzma_streams_that_are_refused(part: Part, what: str) -> None:
    with pytest.raises(Failure, match=what):
        body(part, keep=True)


def test_an_lzma_dictionary_is_no_larger_than_what_it_describes() -> None:
    huge = 0xFFFF_FFFF
    assert body(packed(b"x", 14, data=lzma_body(b"x", dictionary=huge)), keep=True)[0] == b"x"
    claim = packed(b"x", 14, data=lzma_body(b"x", dictionary=huge), central={"size": huge - 1})
    with pytest.raises(Failure, match="dictionary is too large"):
        body(claim, keep=False)


def test_a_body_that_grows_is_left_at_once() -> None:
    bomb = Part(data=raw_deflate(bytes(16 << 20)), content=b"x")
    for keep in (True, False):
        with pytest.raises(Failure, match=r"far more room|size or checksum"):
            body(bomb, keep=keep)


class Unreadable(io.BytesIO):
    """A file on a disk that fails from the second read on."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > 1:
            raise OSError(errno.EIO, "the disk fails")
        return super().read(size)


@pytest.mark.parametrize("method", METHODS)
def test_a_disk_that_fails_is_no_damage_of_the_archive(method: int) -> None:
    part = packed(random.Random(0).randbytes(400_000), method)
    with pytest.raises(OSError, match="the disk fails"):
        read_body(Unreadable(part.stored()), 0, entry_of(part), keep=False)
