"""The fastest zlib that this machine has: ISA-L deflates, zlib-ng inflates; where no wheel exists, the standard one.

They deflate to different bytes that inflate to the same; nothing that is named by a digest depends on which.

ISA-L does not inflate here although it is a fifth faster: it takes streams with incomplete Huffman codes, which zlib
refuses. Installers and git read by zlib, so such a stream is a release that nobody can install, and in a pack, where
members of zips are stored as they come, an object that git cannot read. zlib-ng has zlib's own rules (docs/adr/0008).
"""

import importlib
import zlib as standard
from collections.abc import Callable
from types import ModuleType
from typing import Protocol, cast


class Inflater(Protocol):
    """What ``decompressobj`` returns (documentation: Python's zlib)."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """Input behind the end of the stream."""
        ...

    @property
    def unconsumed_tail(self) -> bytes:
        """Input that was not looked at because of ``max_length``."""
        ...

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes:
        """At most ``max_length`` more bytes of content (0: no bound)."""
        ...


def _fast(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        return standard


_zlib = _fast("isal.isal_zlib")
_inflating = _fast("zlib_ng.zlib_ng")

DeflateError = cast("type[Exception]", _inflating.error)
_compress = cast("Callable[[bytes, int], bytes]", _zlib.compress)
_decompress = cast("Callable[[bytes | memoryview, int, int], bytes]", _inflating.decompress)
crc32 = cast("Callable[[bytes, int], int]", _zlib.crc32)
adler32 = cast("Callable[[bytes], int]", _zlib.adler32)


# ISA-L's level 0 compresses too (zlib's does not) and has no tables to set up, which is most of the time for small
# bodies: 15 % less time for 4 % more bytes over a corpus of sdists.
_SMALL = 16 * 1024
_SMALL_LEVEL = 1 if _zlib is standard else 0
_LEVEL = 1
_ZLIB_WBITS = 15


def compress(body: bytes) -> bytes:
    """The body as a zlib stream (RFC 1950), made for speed."""
    return _compress(body, _SMALL_LEVEL if len(body) <= _SMALL else _LEVEL)


def decompress(stream: bytes | memoryview, size: int) -> bytes:
    """The content of a whole zlib stream (RFC 1950), checked; ``size`` is how long it ought to be.

    Raises:
        ValueError: it is no such stream, or of another length.
    """
    try:
        content = _decompress(stream, _ZLIB_WBITS, max(size, 1))
    except DeflateError as error:
        raise ValueError(str(error)) from error
    if len(content) != size:
        raise ValueError(size)
    return content


def inflater(*, gzip: bool) -> Inflater:
    """A fresh decompressor for one gzip member, or for one raw deflate stream."""
    return cast("Inflater", _inflating.decompressobj(wbits=31 if gzip else -15))
