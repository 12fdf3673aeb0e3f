"""The libraries' decompressors, fed piece by piece, with one error for what each of them raises.

bz2 raises the same ``OSError`` for a damaged stream as the disk does for a failing read, so nothing but the
decompressing itself is tried here: a disk that fails is no damage of the archive.
"""

import lzma
from collections.abc import Callable, Iterator
from typing import Protocol

from codehost.model.deflate import DeflateError, Inflater

# Small enough that a piece is still in the processor's cache when it is hashed and deflated again.
INPUT_BYTES = 128 * 1024
PIECE_BYTES = 512 * 1024

_ERRORS = (DeflateError, OSError, lzma.LZMAError, EOFError, ValueError)


class DamagedError(Exception):
    """The compressed bytes are none of their format's; the library's error is the cause."""


class EndsEarlyError(Exception):
    """There are no more bytes, and the stream is not at its end."""


class Decompressor(Protocol):
    """What all decompressors have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream's end was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the stream's end."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most so many bytes of content."""
        ...


class Buffering(Decompressor, Protocol):
    """What those of bz2 and lzma add: they keep what they could not use yet."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more data."""
        ...


def decompress(stream: Decompressor, data: bytes, most: int) -> bytes:
    """At most ``most`` bytes of what ``data`` unpacks to.

    Raises:
        DamagedError: the library cannot read it.
    """
    try:
        return stream.decompress(data, most)
    except _ERRORS as error:
        raise DamagedError(str(error)) from error


def inflated(stream: Inflater, data: bytes, more: Callable[[], bytes]) -> Iterator[bytes]:
    """The content of one deflate stream, piece by piece; ``more`` gives what follows ``data``, empty at the end.

    Raises:
        DamagedError, EndsEarlyError: see there.
    """
    while True:
        piece = decompress(stream, data, PIECE_BYTES)
        if piece:
            yield piece
        if stream.eof:
            return
        data = stream.unconsumed_tail or more()
        if not data and not piece:
            raise EndsEarlyError


def unpacked(stream: Buffering, data: bytes, more: Callable[[], bytes]) -> Iterator[bytes]:
    """The content of one bzip2, xz or LZMA stream; as ``inflated``."""
    while not stream.eof:
        if stream.needs_input and not data:
            data = more()
            if not data:
                raise EndsEarlyError
        piece = decompress(stream, data, PIECE_BYTES)
        data = b""
        if piece:
            yield piece
