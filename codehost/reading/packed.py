"""All objects of one pack, read straight: for searches, which read nearly all of them.

gitformat-pack: an entry is a head, which says the kind and the size, and a zlib stream. Packs of this program hold
whole objects only; any other kind of entry raises.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Self

from codehost.model.deflate import decompress

# Of an object in a pack: four bits of its size, and then seven with each further byte.
LONGEST_HEAD = 10
_NAME = 20
_TRAILER = 20
_MAGIC = b"\xfftOc\x00\x00\x00\x02"
_FANOUT = 256 * 4
_FAR = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHead:
    """What stands before an object of a pack: its kind, its size in bytes, and the length of the head itself."""

    kind: int
    size: int
    length: int


def entry_head(head: bytes) -> EntryHead:
    """The head that ``head`` begins with: gitformat-pack, "pack entries".

    Raises:
        IndexError: there is nothing.
    """
    size, shift, length = head[0] & 0x0F, 4, 1
    for before, byte in pairwise(head[:LONGEST_HEAD]):
        if not before & 0x80:
            break
        size |= (byte & 0x7F) << shift
        shift += 7
        length += 1
    return EntryHead(kind=head[0] >> 4 & 0x07, size=size, length=length)


class PackedObjects:
    """The objects of a pack by their names, of 20 bytes. Nothing is mapped: the file may be larger than memory."""

    __slots__ = ("_places", "_stream")

    def __init__(self, stream: int, places: dict[bytes, tuple[int, int]]) -> None:
        self._stream = stream
        self._places = places

    @classmethod
    @contextmanager
    def opened(cls, pack: Path) -> Iterator[Self]:
        """The objects of the pack at that path, whose index lies beside it.

        Raises:
            OSError: one of the two cannot be opened.
            ValueError: the index is none.
        """
        index = pack.with_suffix(".idx").read_bytes()
        with pack.open("rb") as file:
            yield cls(file.fileno(), _places(index, os.fstat(file.fileno()).st_size))

    def size(self, name: bytes) -> int:
        """How many bytes an object has. Inflates nothing.

        Raises:
            KeyError: there is no such object.
            IndexError: the pack ends before it.
        """
        return entry_head(os.pread(self._stream, LONGEST_HEAD, self._places[name][0])).size

    def read(self, name: bytes, kind: int) -> bytes:
        """The content of an object of that kind.

        Raises:
            KeyError: there is no such object.
            IndexError: the pack ends before it.
            ValueError: it is of another kind, or damaged.
        """
        start, end = self._places[name]
        entry = os.pread(self._stream, end - start, start)
        head = entry_head(entry)
        if head.kind != kind:
            raise ValueError(name.hex())
        return decompress(memoryview(entry)[head.length :], head.size)


def _places(index: bytes, pack_size: int) -> dict[bytes, tuple[int, int]]:
    """Where each object's entry begins and ends: gitformat-pack, "version 2 pack-*.idx files"."""
    # The magic, the table of 256 counts, the names, a checksum of four bytes for each, and the offsets.
    if not index.startswith(_MAGIC) or len(index) < len(_MAGIC) + _FANOUT:
        raise ValueError(index[: len(_MAGIC)])
    names = len(_MAGIC) + _FANOUT
    (count,) = struct.unpack_from(">I", index, names - 4)
    near = names + (_NAME + 4) * count
    if len(index) < near + 4 * count:
        raise ValueError(count)
    offsets = list(struct.unpack_from(f">{count}I", index, near))
    # An offset beyond 2 GiB stands in a table of its own; what is here is its row.
    for row, offset in enumerate(offsets):
        if offset & _FAR:
            far = near + 4 * count + 8 * (offset - _FAR)
            offsets[row] = int.from_bytes(index[far : far + 8])
    ordered = sorted(offsets)
    ends = dict(pairwise([*ordered, pack_size - _TRAILER]))
    return {
        index[names + _NAME * row : names + _NAME * (row + 1)]: (offset, ends[offset])
        for row, offset in enumerate(offsets)
    }
