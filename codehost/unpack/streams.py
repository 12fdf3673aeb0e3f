"""Compressed files as bounded streams of bytes: never more in memory than one piece."""

import bz2
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, NamedTuple, Protocol

from codehost.model.deflate import inflater
from codehost.model.errors import Failure, Reason
from codehost.model.members import MIB
from codehost.unpack.bounds import UNPACKED, Bound
from codehost.unpack.decompressing import (
    INPUT_BYTES,
    PIECE_BYTES,
    Buffering,
    DamagedError,
    EndsEarlyError,
    inflated,
    unpacked,
)
from codehost.unpack.refusal import refuse

# xz dictionaries of the highest preset take 64 MiB; more is a claim on memory, not a need.
XZ_MEMORY_BYTES = 128 * MIB
# One record of tar: 20 blocks. Writers leave what was in their buffer, others append a line feed or a signature.
MAX_TRAILING_BYTES = 20 * 512

# RFC 1952, section 2.3.1.2: bits 5 to 7 are reserved and must be zero. Some inflaters do not look.
_GZIP_RESERVED_FLAGS = 0xE0


class _Format(NamedTuple):
    """How a stream begins: its magic bytes, and how many bytes its header has.

    ``may_trail``: whether data may follow it. ``padded_to``: of what number the count of zeros behind it is a multiple.
    """

    name: str
    magic: bytes
    header_bytes: int
    may_trail: bool
    padded_to: int = 1


# Tolerated: data behind gzip and bzip2 streams. Python's readers of tar stop at the end mark in front of it, and the
# tools pass over it. xz fails at any that are not zeros, and so do the readers that call it.
_GZIP = _Format("gzip", b"\x1f\x8b", 10, may_trail=True)
_BZIP2 = _Format("bzip2", b"BZh", 4, may_trail=True)
# The .xz file format, section 2.2: the padding of streams is a multiple of four bytes.
_XZ = _Format("xz", b"\xfd7zXZ\x00", 12, may_trail=False, padded_to=4)
_ARCHIVES = (_GZIP.magic, _BZIP2.magic, _XZ.magic, b"PK\3\4", b"PK\5\6", b"ustar")


class TrailingDataError(Failure):
    """Behind the compressed stream are data that no reader goes on with: harmless behind a complete archive."""

    def __init__(self) -> None:
        super().__init__(Reason.UNSAFE_ARCHIVE, "there is data behind the compressed stream")


class _Maker(Protocol):
    def __call__(self) -> Buffering: ...


def pieces(file: BinaryIO, suffix: str) -> Iterator[bytes]:
    """The content of a file compressed as ``suffix`` says (.gz, .bz2, .xz, or .tar for none), piece by piece.

    Raises:
        TrailingDataError: behind all content are data that no reader goes on with, or padding that Python fails at.
        Failure: the stream is damaged, truncated, or followed by anything but zeros (unsafe-archive), or takes too
            much memory (unsupported-format).
        OSError: the file cannot be read.
    """
    return _READERS[suffix](file)


def holds_archive(data: bytes) -> bool:
    """Whether what follows an archive may begin another one somewhere, for a reader that goes on."""
    return any(magic in data for magic in _ARCHIVES)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    # RFC 1952, section 2.2: a gzip file is one or more members, one after the other.
    data = _first(file, _GZIP)
    while data:
        if data[3:4] and data[3] & _GZIP_RESERVED_FLAGS:
            raise refuse("the gzip stream has flags that are not defined")
        member = inflater(gzip=True)
        with _explained(_GZIP):
            yield from inflated(member, data, partial(file.read, INPUT_BYTES))
        data = _after_stream(member.unused_data, file, _GZIP)


def _bunzip(file: BinaryIO) -> Iterator[bytes]:
    return _multi_stream(file, _BZIP2, bz2.BZ2Decompressor)


def _unxz(file: BinaryIO) -> Iterator[bytes]:
    return _multi_stream(file, _XZ, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES))


def _multi_stream(file: BinaryIO, form: _Format, make: _Maker) -> Iterator[bytes]:
    data = _first(file, form)
    while data:
        stream = make()
        with _explained(form):
            yield from unpacked(stream, data, partial(file.read, INPUT_BYTES))
        data = _after_stream(stream.unused_data, file, form)


def _first(file: BinaryIO, form: _Format) -> bytes:
    data = file.read(INPUT_BYTES)
    if not data.startswith(form.magic):
        raise refuse(f"the file is named as a {form.name} file and is none")
    return data


@contextmanager
def _explained(form: _Format) -> Iterator[None]:
    try:
        yield
    except EndsEarlyError:
        raise refuse(f"the {form.name} stream ends early") from None
    except DamagedError as error:
        # The library tells this by its words alone.
        if form is _XZ and "memory usage limit" in str(error).lower():
            what = f"the xz stream takes more than {XZ_MEMORY_BYTES // MIB} MiB of memory"
            raise Failure(Reason.UNSUPPORTED_FORMAT, what) from error
        raise refuse(f"the {form.name} stream is damaged ({error})") from error


def _after_stream(data: bytes, file: BinaryIO, form: _Format) -> bytes:
    """What follows a complete stream: another one, or nothing when the rest is padding of zeros."""
    if len(data) < form.header_bytes:
        data += file.read(INPUT_BYTES)
    if data.startswith(form.magic) and len(data) >= form.header_bytes:
        return data
    zeros = 0
    while data and not data.strip(b"\0"):
        zeros += len(data)
        data = file.read(INPUT_BYTES)
    if data:
        # The bytes in front may be zeros: Python's gzip reads a stream behind such, gzip itself does not.
        behind = data.lstrip(b"\0") + file.read(INPUT_BYTES)
        if not form.may_trail or len(behind) > MAX_TRAILING_BYTES or holds_archive(behind):
            raise refuse("there is data behind the compressed stream")
        raise TrailingDataError
    if zeros % form.padded_to:
        raise refuse(f"the padding behind the {form.name} stream is no multiple of {form.padded_to} bytes")
    if zeros and not form.may_trail:
        # Python's lzma fails at any padding, which tarfile does not reach behind a complete archive.
        raise TrailingDataError
    return b""


_READERS = {".tar": _plain, ".gz": _gunzip, ".bz2": _bunzip, ".xz": _unxz}


class Source:
    """Exact reads from a stream of pieces, with a bound on all that is read: ``limit`` bytes, which ``by`` set.

    ``may_trail``: whether data behind the compressed stream are its end like any other.
    """

    def __init__(self, stream: Iterator[bytes], limit: int, by: str = UNPACKED) -> None:
        self._stream = stream
        self._bound = Bound(limit, by)
        self._piece = b""
        self._at = 0
        self.total = 0
        self.ended = False
        self.may_trail = False

    def _next(self) -> bool:
        self._piece = self._read()
        self._at = 0
        return bool(self._piece)

    def _read(self) -> bytes:
        try:
            piece = next(self._stream, b"")
        except TrailingDataError:
            if not self.may_trail:
                raise
            piece = b""
        self.total += len(piece)
        if self.total > self._bound.size:
            raise self._bound.exceeded()
        return piece

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

    def peek(self, count: int) -> bytes:
        """The next ``count`` bytes without passing over them; fewer only at the end."""
        while len(self._piece) - self._at < count:
            more = self._read()
            if not more:
                break
            self._piece = self._piece[self._at :] + more
            self._at = 0
        return self._piece[self._at : self._at + count]

    def drain(self) -> Iterator[bytes]:
        """All that is left, piece by piece."""
        rest = self._piece[self._at :]
        self._piece, self._at = b"", 0
        if rest:
            yield rest
        while self._next():
            yield self._piece
