"""What a bomb is, and the bytes that bombs are made of. All sizes are in bytes."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from random import Random

from codehost.model.errors import Reason
from codehost.model.members import Limits

MIB = 1 << 20
ZEROS = 64 * MIB
_BATCH = 1_000

HOSTILE = frozenset({Reason.UNSAFE_ARCHIVE, Reason.TOO_LARGE, Reason.UNSUPPORTED_FORMAT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bomb:
    """An archive that takes far more than it gives.

    ``unpacks`` is what a reader would write who believes everything, 0 where that is not the point. ``bound`` names
    what stops it. ``write`` gives its bytes. ``refused``: the reasons that are right for it; with none it is harmless
    and must become a repository.
    """

    kind: str
    filename: str
    unpacks: int
    bound: str
    write: Callable[[], Iterable[bytes]]
    refused: frozenset[Reason] = HOSTILE


def all_allowed(limits: Limits, longest: int) -> Iterator[bytes]:
    """Nearly as many names as ``limits`` allow, as long as they and ``longest`` do, each in a directory of its own."""
    count = min(limits.members, limits.directories) - 10
    width = min(limits.name_bytes // count - 5, longest)
    for number in range(count):
        directory = b"p-1/%d/" % number
        yield directory + b"n" * max(1, width - len(directory))


def batches(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces."""
    iterator = iter(pieces)
    while batch := list(islice(iterator, _BATCH)):
        yield b"".join(batch)


def gz(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one gzip member."""
    stream = zlib.compressobj(1, zlib.DEFLATED, 31)
    for batch in batches(pieces):
        yield stream.compress(batch)
    yield stream.flush()


@cache
def zeros_gz() -> bytes:
    """A gzip member of ``ZEROS`` zeros."""
    return gzip.compress(bytes(ZEROS), 9)


@cache
def zeros_bz2() -> bytes:
    """A bzip2 stream of ``ZEROS`` zeros: some fifty bytes."""
    return bz2.compress(bytes(ZEROS))


@cache
def zeros_xz() -> bytes:
    """An xz stream of ``ZEROS`` zeros."""
    return lzma.compress(bytes(ZEROS), preset=1)


def deflated_zeros(count: int) -> Iterator[bytes]:
    """A raw deflate stream of ``count`` MiB of zeros."""
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    # After a full flush the deflated bytes of a piece can stand there any number of times.
    piece = stream.compress(bytes(MIB)) + stream.flush(zlib.Z_FULL_FLUSH)
    for _ in range(count):
        yield piece
    yield stream.flush()


@cache
def noise(size: int) -> bytes:
    """Bytes that nothing compresses, the same each time."""
    return Random(20).randbytes(size)


def noisy(size: int, share: int = 3) -> bytes:
    """Bytes that deflate to about a ``share`` of their size."""
    return (noise(64) + bytes(64 * (share - 1))) * (size // (64 * share))
