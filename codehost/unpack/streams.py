"""Compressed files as bounded streams of bytes: never more in memory than one piece."""

import bz2
import lzma
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from codehost.model.deflate import DeflateError, inflater
from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB

# Small enough that a piece is still in the processor's cache when it is hashed and deflated again.
INPUT_BYTES = 128 * 1024
PIECE_BYTES = 512 * 1024
# xz dictionaries of the highest preset take 64 MiB; more is a claim on memory, not a need.
XZ_MEMORY_BYTES = 128 * MIB

_GZIP_MAGIC = b"\x1f\x8b"
_ERRORS = (DeflateError, OSError, lzma.LZMAError, EOFError, ValueError)


class _Decompressor(Protocol):
    """What bz2 and lzma decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /, max_length: int = -1) -> bytes: ...


def pieces(file: BinaryIO, suffix: str) -> Iterator[bytes]:
    """The content of a file compressed as ``suffix`` says (.gz, .bz2, .xz, or .tar for none), piece by piece.

    Raises:
        Failure: the stream is damaged, truncated, or followed by anything but zeros.
    """
    reader = _READERS[suffix]
    try:
        yield from reader(file)
    except _ERRORS as error:
        raise Failure(Reason.UNSAFE_ARCHIVE, f"the {suffix} stream is damaged ({error})") from error


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    # RFC 1952, section 2.2: a gzip file is one or more members, one after the other.
    data = file.read(INPUT_BYTES)
    if not data.startswith(_GZIP_MAGIC):
        raise Failure(Reason.UNSAFE_ARCHIVE, "the file is named as a gzip file and is none")
    while data:
        member = inflater(gzip=True)
        while True:
            piece = member.decompress(data, PIECE_BYTES)
            if piece:
                yield piece
            if member.eof:
                break
            data = member.unconsumed_tail or file.read(INPUT_BYTES)
            if not data and not piece:
                raise Failure(Reason.UNSAFE_ARCHIVE, "the gzip stream ends early")
        data = _after_stream(member.unused_data or file.read(INPUT_BYTES), file, _GZIP_MAGIC)


def _bunzip(file: BinaryIO) -> Iterator[bytes]:
    return _multi_stream(file, b"BZh", bz2.BZ2Decompressor)


def _unxz(file: BinaryIO) -> Iterator[bytes]:
    return _multi_stream(file, b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES))


class _Maker(Protocol):
    def __call__(self) -> _Decompressor: ...


def _multi_stream(file: BinaryIO, magic: bytes, make: _Maker) -> Iterator[bytes]:
    data = file.read(INPUT_BYTES)
    if not data.startswith(magic):
        raise Failure(Reason.UNSAFE_ARCHIVE, "the file's first bytes are not those of its format")
    while data:
        stream = make()
        while not stream.eof:
            if stream.needs_input and not data:
                data = file.read(INPUT_BYTES)
                if not data:
                    raise Failure(Reason.UNSAFE_ARCHIVE, "the compressed stream ends early")
            piece = stream.decompress(data, PIECE_BYTES)
            data = b""
            if piece:
                yield piece
        data = _after_stream(stream.unused_data or file.read(INPUT_BYTES), file, magic)


def _after_stream(data: bytes, file: BinaryIO, magic: bytes) -> bytes:
    """What follows a complete stream: another one, padding of zeros (then nothing), or damage."""
    if len(data) < len(magic):
        data += file.read(INPUT_BYTES)
    if data.startswith(magic):
        return data
    while data:
        if data.strip(b"\0"):
            raise Failure(Reason.UNSAFE_ARCHIVE, "there is data behind the compressed stream")
        data = file.read(INPUT_BYTES)
    return b""


_READERS = {".tar": _plain, ".gz": _gunzip, ".bz2": _bunzip, ".xz": _unxz}


class Source:
    """Exact reads from a stream of pieces, with a bound on all that is read (bytes)."""

    def __init__(self, stream: Iterator[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._piece = b""
        self._at = 0
        self.total = 0
        self.ended = False

    def _next(self) -> bool:
        piece = next(self._stream, b"")
        self.total += len(piece)
        if self.total > self._limit:
            raise Failure(Reason.TOO_LARGE, f"the archive unpacks to more than {self._limit} bytes")
        self._piece = piece
        self._at = 0
        return bool(piece)

    def take(self, count: int, padding: int = 0) -> bytes:
        """Exactly ``count`` bytes, passing over ``padding`` more; fewer only at the end, then ``ended`` is set."""
        start = self._at
        end = start + count
        if end + padding <= len(self._piece):
            self._at = end + padding
            return self._piece[start:end]
        parts = [self._piece[start:end]]
        self._at = start + len(parts[0])
        missing = count - len(parts[0])
        while missing > 0 and self._next():
            part = self._piece[:missing]
            self._at = len(part)
            missing -= len(part)
            parts.append(part)
        self.ended = missing > 0 or self.skip(padding) < padding
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Pass over ``count`` bytes without keeping them; returns how many there were."""
        left = count
        while left > 0:
            here = min(left, len(self._piece) - self._at)
            self._at += here
            left -= here
            if left > 0 and not self._next():
                self._piece, self._at = b"", 0
                break
        return count - left

    def drain(self) -> Iterator[bytes]:
        """All that is left, piece by piece."""
        rest = self._piece[self._at :]
        self._piece, self._at = b"", 0
        if rest:
            yield rest
        while self._next():
            yield self._piece
