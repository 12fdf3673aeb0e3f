"""Tar archives of which a reader that believes them would die (IEEE Std 1003.1, pax, "ustar Interchange Format").

Each is made for the limits that it should meet: it exceeds one of them and leaves the others in peace.
"""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat

from benchmarks.bombkinds import MIB, ZEROS, Bomb, all_allowed, gz, noise, noisy, zeros_bz2, zeros_gz, zeros_xz
from codehost.model.members import Limits

BLOCK = 512
END = bytes(2 * BLOCK)
_EXABYTE = 1 << 60
_TARGET = 4_000
_METADATA = b"p-1/PKG-INFO"

Pieces = Iterable[bytes]


def header(name: bytes, size: int = 0, kind: bytes = b"0", target: bytes = b"") -> bytes:
    """A header block, ``size`` in base 256 where octal digits do not do."""
    digits = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    numbers = b"0000644\0" + b"0000000\0" * 2 + digits + b"%011o\0" % 0
    front = name.ljust(100, b"\0") + numbers
    back = (kind + target.ljust(100, b"\0") + b"ustar\x0000").ljust(BLOCK - 156, b"\0")
    return b"%b%06o\0 %b" % (front, sum(front) + sum(back) + 8 * 32, back)


def member(name: bytes, content: bytes, kind: bytes = b"0") -> bytes:
    """A header and its body."""
    return header(name, len(content), kind) + content + bytes(-len(content) % BLOCK)


def record(key: bytes, value: bytes) -> bytes:
    """One pax record, which counts its own length."""
    rest = b" %b=%b\n" % (key, value)
    length = len(rest)
    while len(b"%d" % length) + len(rest) != length:
        length = len(b"%d" % length) + len(rest)
    return b"%d" % length + rest


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """An extended header."""
    return member(b"pax", b"".join(record(key, value) for key, value in records), kind)


def tar_bombs(limits: Limits) -> list[Bomb]:
    """A bomb of each kind, for these limits."""
    size = limits.unpacked_bytes * 5 // 4
    rounds = size // ZEROS
    first = header(b"p-1/zeros", rounds * ZEROS)
    many = 2 * limits.members
    few = limits.members // 2
    names = 2 * limits.name_bytes // _TARGET
    links = limits.name_bytes // _TARGET * 3 // 4
    bodies = limits.unpacked_bytes // MIB * 5 // 4
    text = min(limits.member_bytes, 15 * MIB)
    return [
        _gz("tar.gz: zeros", size, "ratio", lambda: chain([gzip.compress(first)], repeat(zeros_gz(), rounds))),
        Bomb(
            kind="tar.bz2: zeros, 50 bytes for every 64 MiB",
            filename="p-1.tar.bz2",
            unpacks=size,
            bound="ratio",
            write=lambda: chain([bz2.compress(first)], repeat(zeros_bz2(), rounds)),
        ),
        _xz("tar.xz: zeros", size, "ratio", lambda: chain([lzma.compress(first)], repeat(zeros_xz(), rounds))),
        _xz("tar.xz: far repeats of noise", size, "ratio", partial(_far_repeats, min(size, 256 * MIB))),
        _xz("tar.xz: dictionary of 4 GiB", 0, "dictionary of 128 MiB", _huge_dictionary),
        _gz("gzip: a million empty members", 0, "no member", lambda: repeat(gzip.compress(b"", 1), many)),
        Bomb(
            kind="bzip2: a million empty streams",
            filename="p-1.tar.bz2",
            unpacks=0,
            bound="no member",
            write=lambda: repeat(bz2.compress(b""), many),
        ),
        _tar("tar: empty files", 0, "members", lambda: _files(many)),
        _tar("tar: one name again and again", 0, "members", lambda: repeat(header(b"p-1/a"), many)),
        _tar("tar: pax header of 4 GiB claimed", 1 << 32, "size of a header", lambda: [header(b"p", 1 << 32, b"x")]),
        _tar("tar: long name of 4 GiB claimed", 1 << 32, "size of a header", lambda: [header(b"p", 1 << 32, b"L")]),
        _gz("tar: pax headers without end", size, "headers in a row", partial(_endless, b"x", bodies)),
        _gz("tar: global headers without end", size, "headers in a row", partial(_endless, b"g", bodies)),
        _gz("tar: long names without end", size, "headers in a row", partial(_endless, b"L", bodies)),
        _tar("tar: tiny pax headers without end", 0, "headers in a row", partial(_tiny, many)),
        _gz("tar: pax records of 7 bytes", size, "headers in a row", partial(_tiny_records, bodies)),
        _tar("tar: file of an exabyte claimed", _EXABYTE, "end of the file", lambda: [header(b"p-1/a", _EXABYTE)]),
        _tar("tar: exabyte claimed by pax", _EXABYTE, "end of the file", _pax_exabyte),
        _tar("tar: sparse file by pax", _EXABYTE, "no sparse files", _pax_sparse),
        _tar("tar: sparse file of GNU", _EXABYTE, "no sparse files", lambda: [header(b"p-1/a", 512, b"S"), bytes(512)]),
        _fine("tar: one name of 100,000 directories", lambda: [_long_name(b"a/" * 100_000 + b"f"), header(b"p-1/b")]),
        _tar("tar: names of 100,000 directories", 0, "nameBytes", partial(_deep_names, limits)),
        _tar("tar: a directory for each file, 98 deep", 0, "directories", partial(_deep_trees, limits)),
        _fine("tar: all members, directories and names allowed", partial(_all_allowed, limits)),
        _fine("tar: half the directories allowed", lambda: _directories(limits.directories // 2, few)),
        _tar("tar: names of 4,000 bytes", 0, "nameBytes", lambda: _long_names(names)),
        _tar("tar: link targets of 4,000 bytes", 0, "nameBytes", lambda: _links(names)),
        _fine("tar: links into 2,000 directories each", lambda: _links(links)),
        _tar("tar: links to links to links", 0, "members", lambda: _chain_of_links(many)),
        _tar("tar: one file, hard-linked again and again", text * few, "unpackedBytes", lambda: _fan_out(text, few)),
        _fine("tar: PKG-INFO of one line", lambda: [member(_METADATA, b"Author: " + b"a" * (text - 8))]),
        _fine("tar: PKG-INFO of a million fields", lambda: [member(_METADATA, b"Author: a\n" * (text // 10))]),
        _fine("tar: .gitmodules made to keep patterns busy", lambda: [*_git_files(text), header(b"p-1/f")]),
    ]


def _tar(kind: str, unpacks: int, bound: str, write: Callable[[], Pieces]) -> Bomb:
    return _gz(kind, unpacks, bound, lambda: gz(write()))


def _gz(kind: str, unpacks: int, bound: str, write: Callable[[], Pieces]) -> Bomb:
    return Bomb(kind=kind, filename="p-1.tar.gz", unpacks=unpacks, bound=bound, write=write)


def _xz(kind: str, unpacks: int, bound: str, write: Callable[[], Pieces]) -> Bomb:
    return Bomb(kind=kind, filename="p-1.tar.xz", unpacks=unpacks, bound=bound, write=write)


def _fine(kind: str, write: Callable[[], Pieces]) -> Bomb:
    whole = partial(_closed, write)
    return Bomb(
        kind=kind, filename="p-1.tar.gz", unpacks=0, bound="harmless", write=lambda: gz(whole()), refused=frozenset()
    )


def _closed(write: Callable[[], Pieces]) -> Iterator[bytes]:
    yield from write()
    yield END


def _far_repeats(size: int) -> Iterator[bytes]:
    # What deflate, whose window is short, could not write down again in less than the whole size.
    stream = lzma.LZMACompressor(preset=1)
    body = noise(MIB // 4) * 4
    yield stream.compress(header(b"p-1/noise", size))
    for _ in range(size // MIB):
        yield stream.compress(body)
    yield stream.flush()


def _huge_dictionary() -> Pieces:
    packed = bytearray(lzma.compress(member(b"p-1/a", b"x") + END))
    # The xz format, 3.1: size, flags, the filter's id, the size of its properties; then the dictionary's, 40 for 4 GiB.
    end = 12 + 4 * (packed[12] + 1)
    packed[16] = 40
    packed[end - 4 : end] = zlib.crc32(packed[12 : end - 4]).to_bytes(4, "little")
    return [bytes(packed)]


def _files(count: int) -> Iterator[bytes]:
    return (header(b"p-1/%d" % number) for number in range(count))


def _endless(kind: bytes, count: int) -> Iterator[bytes]:
    # Just below what one header may have; noise enough to keep any ratio.
    body = noisy(MIB - 4096, 30)
    block = member(b"p", body, kind) if kind == b"L" else pax((b"comment", body), kind=kind)
    return repeat(gzip.compress(block, 1), count)


def _tiny(count: int) -> Iterator[bytes]:
    return repeat(pax((b"comment", b"")), count)


def _tiny_records(count: int) -> Iterator[bytes]:
    block = member(b"p", b"7 ab=c\n" * ((MIB - 4096) // 7), b"x")
    return repeat(gzip.compress(block, 1), count)


def _pax_exabyte() -> Pieces:
    return [pax((b"size", b"%d" % _EXABYTE)), header(b"p-1/a")]


def _pax_sparse() -> Pieces:
    return [pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.realsize", b"%d" % _EXABYTE)), header(b"p-1/a", 512)]


def _long_name(name: bytes) -> bytes:
    return pax((b"path", b"p-1/" + name)) + header(b"p")


def _deep_names(limits: Limits) -> Iterator[bytes]:
    return repeat(_long_name(b"a/" * 100_000 + b"f"), 2 * limits.name_bytes // 200_000 + 1)


def _deep_trees(limits: Limits) -> Iterator[bytes]:
    for number in range(limits.directories // 48):
        yield _long_name(b"%d/" % number + b"a/" * 96 + b"f")


def _directories(count: int, files: int) -> Iterator[bytes]:
    return (header(b"p-1/%d/f" % number) for number in range(min(count, files)))


def _all_allowed(limits: Limits) -> Iterator[bytes]:
    for number, name in enumerate(all_allowed(limits, 200)):
        # Each with a content of its own, as far as numbers go.
        yield pax((b"path", name)) + member(b"p", b"%d" % number)


def _long_names(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield _long_name(b"%d/" % number + b"/".join([b"a" * 200] * 20))


def _links(count: int) -> Iterator[bytes]:
    yield header(b"p-1/a/b")
    target = pax((b"linkpath", b"a/" * (_TARGET // 2)))
    for number in range(count):
        yield target + header(b"p-1/%d" % number, kind=b"2")


def _chain_of_links(count: int) -> Iterator[bytes]:
    return (header(b"p-1/%d" % number, kind=b"2", target=b"%d" % (number + 1)) for number in range(count))


def _fan_out(size: int, count: int) -> Iterator[bytes]:
    yield member(b"p-1/big", noise(size))
    for number in range(count):
        yield header(b"p-1/%d" % number, kind=b"1", target=b"p-1/big")


def _git_files(size: int) -> Iterator[bytes]:
    room = size // 4 - 64
    crafted = {
        b"spaces": b" " * room,
        b"section": b'[submodule "' + b"/." * (room // 2),
        b"url": b'[submodule "a"]\nurl = https://' + b"a." * (room // 2) + b"!",
        b"user": b'[submodule "a"]\nurl = ' + b"a." * (room // 2) + b"!",
        b"path": b'[submodule "a"]\npath =' + b" " * room + b"-",
        b"other": b'[submodule "a"]\nbranch = ' + b"a" * (room // 2) + b" " * (room // 2) + b"!",
        b"lines": b'[submodule "a"]\n' + b" #\n" * (room // 3),
    }
    for name, content in crafted.items():
        yield member(b"p-1/%b/.gitmodules" % name, content)
        yield member(b"p-1/%b/.gitattributes" % name, content)
