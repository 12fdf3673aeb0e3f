import zlib
from random import Random

import pytest

from codehost.model.deflate import DeflateError, adler32, compress, crc32, decompress, inflater
from tests.fuzz.deflates import QUIRKS, odd_stream, taken_by_zlib

CONTENT = b"hello, hello\n" * 1000


def gzip_of(content: bytes) -> bytes:
    stream = zlib.compressobj(6, zlib.DEFLATED, 31)
    return stream.compress(content) + stream.flush()


def deflate_of(content: bytes) -> bytes:
    stream = zlib.compressobj(6, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush()


def test_checksums_are_those_of_zlib() -> None:
    assert crc32(CONTENT, 0) == zlib.crc32(CONTENT)
    assert crc32(CONTENT[7:], crc32(CONTENT[:7], 0)) == zlib.crc32(CONTENT)
    assert adler32(CONTENT) == zlib.adler32(CONTENT)


def test_zlib_inflates_what_is_compressed_here() -> None:
    # Around the size from which bodies are compressed harder, too.
    for content in (b"", CONTENT, bytes(range(256)) * 64, bytes(range(256)) * 65):
        assert zlib.decompress(compress(content)) == content


@pytest.mark.parametrize(("packed", "gzip"), [(gzip_of(CONTENT), True), (deflate_of(CONTENT), False)])
def test_the_inflater_stops_at_the_end_of_the_stream(packed: bytes, gzip: bool) -> None:  # noqa: FBT001 - a table
    stream = inflater(gzip=gzip)
    assert stream.decompress(packed + b"behind") == CONTENT
    assert (stream.eof, stream.unused_data) == (True, b"behind")


def test_the_inflater_is_bounded() -> None:
    stream = inflater(gzip=True)
    data, found = gzip_of(CONTENT), []
    while not stream.eof:
        found.append(stream.decompress(data, 100))
        data = stream.unconsumed_tail
    assert b"".join(found) == CONTENT
    assert max(map(len, found)) == 100


def test_damage_is_an_error_and_an_early_end_is_not_the_end() -> None:
    with pytest.raises(DeflateError):
        inflater(gzip=False).decompress(b"\xff" * 20)
    stream = inflater(gzip=True)
    stream.decompress(gzip_of(CONTENT)[:-1])
    assert not stream.eof


def taken(stream: bytes) -> bytes | None:
    """What the inflater here makes of a whole raw stream, None if it refuses."""
    inflating = inflater(gzip=False)
    try:
        content = inflating.decompress(stream, len(stream) * 1032 + 1)
    except DeflateError:
        return None
    return content if inflating.eof and not inflating.unused_data else None


@pytest.mark.parametrize("quirk", sorted(set(QUIRKS)))
def test_a_stream_is_taken_just_when_installers_and_git_take_it(quirk: str) -> None:
    # An object in a pack that git cannot read is a broken repository; members of zips are stored as they come.
    rng = Random(quirk)
    streams = [odd_stream(rng, quirk)[0] for _ in range(60)]
    assert [taken(stream) for stream in streams] == [taken_by_zlib(stream) for stream in streams]


def test_whole_streams() -> None:
    stream = zlib.compress(CONTENT)
    assert decompress(stream, len(CONTENT)) == CONTENT
    assert decompress(memoryview(zlib.compress(b"")), 0) == b""
    wrong = bytes([*stream[:-1], stream[-1] ^ 1])
    for broken, size in ((wrong, len(CONTENT)), (stream[:-5], len(CONTENT)), (b"", 0), (stream, len(CONTENT) + 1)):
        with pytest.raises(ValueError, match=r"\w"):
            decompress(broken, size)


@pytest.mark.parametrize("quirk", sorted(set(QUIRKS)))
def test_whole_streams_are_taken_just_when_zlib_takes_them(quirk: str) -> None:
    rng = Random(quirk)
    for stream in (odd_stream(rng, quirk)[0] for _ in range(60)):
        content = taken_by_zlib(stream) or b""
        whole = b"\x78\x01" + stream + zlib.adler32(content).to_bytes(4)
        assert _decompressed(whole, len(content)) == (None if taken_by_zlib(stream) is None else content)


def _decompressed(stream: bytes, size: int) -> bytes | None:
    try:
        return decompress(stream, size)
    except ValueError:
        return None
