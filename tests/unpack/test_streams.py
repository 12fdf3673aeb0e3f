import bz2
import errno
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Callable

import pytest

from codehost.model.errors import Failure, Reason
from codehost.unpack.decompressing import INPUT_BYTES, PIECE_BYTES
from codehost.unpack.streams import MAX_TRAILING_BYTES, Source, TrailingDataError, pieces

SMALL = b"hello\n" * 7
ZEROS = bytes(3 * PIECE_BYTES + 5)
NOISE = os.urandom(2 * INPUT_BYTES + 3)
PACKERS: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def unpack(data: bytes, suffix: str) -> bytes:
    return b"".join(pieces(io.BytesIO(data), suffix))


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("content", [b"", SMALL, ZEROS, NOISE], ids=["empty", "small", "zeros", "noise"])
def test_content_comes_out_in_bounded_pieces(suffix: str, content: bytes) -> None:
    found = list(pieces(io.BytesIO(PACKERS[suffix](content)), suffix))
    assert b"".join(found) == content
    assert all(0 < len(piece) <= PIECE_BYTES for piece in found)


def test_a_plain_file_is_handed_on() -> None:
    assert unpack(NOISE, ".tar") == NOISE


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("content", [SMALL, NOISE], ids=["small", "noise"])
def test_several_streams_are_one(suffix: str, content: bytes) -> None:
    pack = PACKERS[suffix]
    assert unpack(pack(content) + pack(b"") + pack(SMALL), suffix) == content + SMALL


@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
@pytest.mark.parametrize("zeros", [1, 512, 2 * INPUT_BYTES])
def test_zeros_behind_the_stream_are_padding(suffix: str, zeros: int) -> None:
    assert unpack(PACKERS[suffix](SMALL) + bytes(zeros), suffix) == SMALL


@pytest.mark.parametrize("zeros", [1, 2, 3, 5, 513, 2 * INPUT_BYTES + 1])
def test_padding_of_xz_is_a_multiple_of_four_bytes(zeros: int) -> None:
    with pytest.raises(Failure, match="no multiple of 4 bytes") as caught:
        unpack(lzma.compress(SMALL) + bytes(zeros), ".xz")
    assert not isinstance(caught.value, TrailingDataError)


@pytest.mark.parametrize("suffix", PACKERS)
@pytest.mark.parametrize("behind", [b"x", b"\0" * 600 + b"x", bytes(2 * INPUT_BYTES) + b"x", b"\x1f"])
def test_other_data_behind_the_stream_is_refused(suffix: str, behind: bytes) -> None:
    refused(PACKERS[suffix](SMALL) + behind, suffix)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_stream_behind_padding_is_refused(suffix: str) -> None:
    packed = PACKERS[suffix](SMALL)
    refused(packed + bytes(512) + packed, suffix)


@pytest.mark.parametrize("suffix", PACKERS)
def test_every_truncation_is_refused(suffix: str) -> None:
    packed = PACKERS[suffix](SMALL)
    for length in range(len(packed)):
        refused(packed[:length], suffix)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_truncated_large_stream_is_refused(suffix: str) -> None:
    packed = PACKERS[suffix](NOISE)
    for length in (INPUT_BYTES - 1, INPUT_BYTES, INPUT_BYTES + 1, len(packed) - 1):
        refused(packed[:length], suffix)


@pytest.mark.parametrize("suffix", PACKERS)
def test_another_format_is_refused(suffix: str) -> None:
    for other in {"plain": SMALL, **{key: pack(SMALL) for key, pack in PACKERS.items() if key != suffix}}.values():
        refused(other, suffix)


@pytest.mark.parametrize("back", [1, 4, 5, 8])
def test_a_wrong_gzip_checksum_or_length_is_refused(back: int) -> None:
    for content in (SMALL, NOISE):
        packed = bytearray(gzip.compress(content))
        packed[-back] ^= 0x40
        refused(bytes(packed), ".gz")


@pytest.mark.parametrize("suffix", [".bz2", ".xz"])
def test_a_flipped_bit_is_refused(suffix: str) -> None:
    packed = bytearray(PACKERS[suffix](NOISE))
    packed[len(packed) // 2] ^= 1
    refused(bytes(packed), suffix)


def test_gzip_headers_with_every_field() -> None:
    flags = 0x02 | 0x04 | 0x08 | 0x10  # RFC 1952, section 2.3.1: header CRC, extra field, name, comment
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\xff" + b"\x03\0abc" + b"name.tar\0" + b"comment\0"
    head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    assert unpack(head + gzip.compress(SMALL)[10:], ".gz") == SMALL


def test_an_xz_dictionary_beyond_the_bound_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29}]
    with pytest.raises(Failure, match="more than 128 MiB of memory") as caught:
        unpack(lzma.compress(SMALL, filters=filters), ".xz")
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT


class _Unreadable(io.BytesIO):
    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0

    def read(self, _: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > 1:
            raise OSError(errno.EIO, "the disk fails")
        return super().read(100)


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_disk_that_fails_is_no_damage_of_the_archive(suffix: str) -> None:
    with pytest.raises(OSError, match="the disk fails"):
        list(pieces(_Unreadable(PACKERS[suffix](NOISE)), suffix))


@pytest.mark.parametrize("zeros", [4, 8, 512, 2 * INPUT_BYTES])
def test_padding_of_xz_is_told_when_it_is_reached(zeros: int) -> None:
    stream = pieces(io.BytesIO(lzma.compress(SMALL) + bytes(zeros)), ".xz")
    assert next(stream) == SMALL
    with pytest.raises(TrailingDataError):
        next(stream)


@pytest.mark.parametrize("behind", [b"\n", b"stale", b"\0" * 600 + b"x", b"x" * MAX_TRAILING_BYTES])
@pytest.mark.parametrize("suffix", [".gz", ".bz2"])
def test_trailing_data_is_told_when_it_is_reached(suffix: str, behind: bytes) -> None:
    stream = pieces(io.BytesIO(PACKERS[suffix](SMALL) + behind), suffix)
    assert next(stream) == SMALL
    with pytest.raises(TrailingDataError, match="data behind the compressed stream"):
        next(stream)


@pytest.mark.parametrize(
    ("suffix", "behind"),
    [
        (".gz", b"x" * (MAX_TRAILING_BYTES + 1)),
        (".gz", gzip.compress(SMALL)[:2]),
        (".gz", b"\n" + gzip.compress(SMALL)),
        (".gz", bytes(512) + gzip.compress(SMALL)),
        (".gz", bz2.compress(SMALL)),
        (".gz", b"a zip: PK\3\4"),
        (".gz", b"PK\5\6" + bytes(18)),
        (".bz2", bytes(512) + bz2.compress(SMALL)),
        (".bz2", lzma.compress(SMALL)),
        (".xz", b"\n"),
        (".xz", bytes(512) + lzma.compress(SMALL)),
    ],
)
def test_what_some_readers_go_on_with_is_refused(suffix: str, behind: bytes) -> None:
    with pytest.raises(Failure, match="data behind the compressed stream") as caught:
        unpack(PACKERS[suffix](SMALL) + behind, suffix)
    assert not isinstance(caught.value, TrailingDataError)


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80, 0xFF])
def test_undefined_gzip_flags_are_refused_by_every_inflater(flags: int) -> None:
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    packed = gzip.compress(SMALL)
    for data in (head + packed[10:], packed + head + packed[10:]):
        with pytest.raises(Failure, match="flags that are not defined"):
            unpack(data, ".gz")


def test_the_highest_xz_preset_is_read() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 26}]
    assert unpack(lzma.compress(SMALL, filters=filters), ".xz") == SMALL


def refused(data: bytes, suffix: str) -> None:
    with pytest.raises(Failure) as caught:
        unpack(data, suffix)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 100])
def test_source_reads_exactly_over_the_borders_of_pieces(cut: int) -> None:
    content = bytes(range(100))
    source = Source(iter([content[at : at + cut] for at in range(0, 100, cut)]), 100)
    assert source.take(7) == content[:7]
    assert source.skip(10) == 10
    assert source.take(0) == b""
    assert source.take(20) == content[17:37]
    assert source.skip(60) == 60
    assert b"".join(source.drain()) == content[97:]
    assert source.take(1) == b""


@pytest.mark.parametrize("cut", [1, 3, 100])
def test_source_peeks_without_passing(cut: int) -> None:
    content = bytes(range(100))
    source = Source(iter([content[at : at + cut] for at in range(0, 100, cut)]), 100)
    assert (source.take(2), source.peek(9), source.take(9)) == (content[:2], content[2:11], content[2:11])
    assert source.peek(200) == content[11:]
    assert b"".join(source.drain()) == content[11:]
    assert source.peek(1) == b""


def test_source_says_how_much_there_was() -> None:
    assert Source(iter([b"abc"]), 9).take(5) == b"abc"
    assert Source(iter([b"abc"]), 9).skip(5) == 3


def test_source_stops_at_its_limit() -> None:
    assert Source(iter([b"abc", b"def"]), 6).take(6) == b"abcdef"
    for read in (lambda source: source.take(9), lambda source: source.skip(9), lambda source: list(source.drain())):
        with pytest.raises(Failure, match="more than 5 bytes") as caught:
            read(Source(iter([b"abc", b"def"]), 5))
        assert caught.value.reason is Reason.TOO_LARGE
