"""Mutations of tar archives that keep them readable: fields, pax records and blocks, the checksums made right again."""

from collections.abc import Callable, Iterator
from random import Random

from tests.fuzz.names import HOSTILE, TARGETS
from tests.unpack.tars import BLOCK, END, GNU, POSIX, gnu_long, header, member, padded, patched, pax, record

_TYPES = b"0\0001234567xgLKAVDMNSXI"
# Offset and width of the fields of a header.
_NUMBERS = {"mode": (100, 8), "uid": (108, 8), "size": (124, 12), "mtime": (136, 12), "major": (329, 8)}
_HUGE = (1 << 53, (1 << 53) - 1, -(1 << 53), 1 << 55, -(1 << 55))
# Whole fields that only some readers know: GNU's sparse map and real size, star's times and mark, the end of a prefix.
_ODD_PLACES = {386: 24, 482: 13, 476: 12, 488: 12, 508: 4, 475: 1}
_KEYS = (
    *(b"path", b"linkpath", b"size", b"mtime", b"uid", b"uname", b"comment", b"hdrcharset", b"charset"),
    *(b"GNU.sparse.major", b"GNU.sparse.name", b"GNU.sparse.realsize", b"SCHILY.realsize", b"SCHILY.xattr.user.x"),
)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Names and tars, uncompressed."""
    files = member(b"p-1/PKG-INFO", b"Name: p\nAuthor: A\n\n") + member(b"p-1/x.py", b"x = 1\n" * 200, mode=0o755)
    folder = header(b"p-1/", kind=b"5", mode=0o755)
    yield "ustar", folder + files + member(b"y.py", b"y", prefix=b"p-1/deep/er") + END
    yield "gnu", folder + files + gnu_long(b"L", b"p-1/" + b"n" * 150) + member(b"p-1/cut", b"z", magic=GNU) + END
    extended = pax({b"path": "p-1/\u00e9.py".encode(), b"mtime": b"1600000000.5"}) + member(b"p-1/e.py", b"e")
    yield "pax", pax({b"comment": b"a commit"}, b"g") + files + extended + END
    sized = pax({b"size": b"700"}) + member(b"p-1/sized", b"s" * 700)
    yield "sizes", files + sized + END + bytes(8192)
    links = header(b"p-1/link", kind=b"2", target=b"x.py") + header(b"p-1/hard", kind=b"1", target=b"p-1/x.py")
    long = gnu_long(b"K", b"deep/" * 30 + b"x") + header(b"p-1/far", kind=b"2", target=b"d", magic=GNU)
    yield "links", files + links + long + END
    yield "old", member(b"p-1/v7", b"7", magic=bytes(8), kind=b"\0") + header(b"p-1/d/", magic=bytes(8)) + files + END
    yield "devices", files + header(b"p-1/fifo", kind=b"6") + header(b"p-1/null", kind=b"3") + END
    yield "twice", files + files + member(b"p-1/x.py", b"other") + END
    yield "no-end", files
    yield "short-end", files + bytes(BLOCK)


def mutate(rng: Random, tar: bytes) -> bytes:
    """The tar with one thing in it changed."""
    return rng.choice(_MUTATORS)(rng, tar)


def headers(tar: bytes) -> list[int]:
    """Where the blocks are that look like headers."""
    found = []
    for at in range(0, len(tar) - BLOCK + 1, BLOCK):
        block = tar[at : at + BLOCK]
        stored = block[148:156].strip(b" \0")
        total = sum(block) - sum(block[148:156]) + 8 * 32
        if stored.isdigit() and not stored.strip(b"01234567") and int(stored, 8) == total:
            found.append(at)
    return found


def _patch(rng: Random, tar: bytes, at: int, field: bytes) -> bytes:
    places = headers(tar)
    if not places:
        return tar
    start = rng.choice(places)
    return tar[:start] + patched(tar[start : start + BLOCK], at, field) + tar[start + BLOCK :]


def _number(rng: Random, width: int) -> bytes:
    value = rng.choice((0, 1, 7, 511, 512, 513, 1 << 20, 1 << 33, rng.getrandbits(33)))
    digits = b"%o" % value
    choices = (
        digits[-(width - 1) :].rjust(width - 1, b"0") + b"\0",
        digits[-width:].rjust(width, b"0"),
        digits[-(width - 1) :].rjust(width - 1) + b" ",
        digits[-(width - 2) :] + b" \0",
        b"\x80" + value.to_bytes(16, "big")[-(width - 1) :],
        b"\xff" + (-value).to_bytes(16, "big", signed=True)[-(width - 1) :],
        b"-" + digits[-(width - 2) :] + b"\0",
        b"+" + digits[-(width - 2) :] + b"\0",
        bytes(width),
        b" " * width,
        b"0x10".ljust(width, b"\0"),
        b"1_0".ljust(width, b"\0"),
        b"8".ljust(width, b"\0"),
        digits[-3:] + b"\0" + b"7" * (width - 4),
        rng.randbytes(width),
    )
    return rng.choice(choices)[:width].ljust(width, b"\0")


def _change_number(rng: Random, tar: bytes) -> bytes:
    at, width = _NUMBERS[rng.choice(("size", "size", "size", *_NUMBERS))]
    return _patch(rng, tar, at, _number(rng, width))


def _change_type(rng: Random, tar: bytes) -> bytes:
    return _patch(rng, tar, 156, bytes([rng.choice(_TYPES)]))


def _change_name(rng: Random, tar: bytes) -> bytes:
    return _patch(rng, tar, 0, rng.choice(HOSTILE)[:100].ljust(rng.choice((1, 100)), b"\0"))


def _change_target(rng: Random, tar: bytes) -> bytes:
    changed = _patch(rng, tar, 157, rng.choice(TARGETS)[:100].ljust(100, b"\0"))
    return _patch(rng, changed, 156, rng.choice((b"1", b"2")))


def _change_magic(rng: Random, tar: bytes) -> bytes:
    return _patch(rng, tar, 257, rng.choice((POSIX, GNU, bytes(8), b"ustar\0  ", b"ustar \0\0", b"ustar\0\x30\x31")))


def _change_prefix(rng: Random, tar: bytes) -> bytes:
    prefix = rng.choice((*HOSTILE, b"p-1", b"\0hidden", b"x" * 155))
    return _patch(rng, tar, 345, prefix[:155].ljust(rng.choice((1, 155)), b"\0"))


def _insert(tar: bytes, rng: Random, blocks: bytes) -> bytes:
    places = [*headers(tar), len(tar.rstrip(b"\0")) + -len(tar.rstrip(b"\0")) % BLOCK, len(tar)]
    at = rng.choice(places)
    return tar[:at] + blocks + tar[at:]


def _value(rng: Random, key: bytes) -> bytes:
    if key in {b"path", b"linkpath", b"GNU.sparse.name"}:
        return rng.choice(HOSTILE + TARGETS)
    if key in {b"size", b"GNU.sparse.realsize", b"SCHILY.realsize", b"uid"}:
        return rng.choice((b"0", b"1", b"512", b"00512", b"-1", b"+5", b" 5", b"1e3", b"99999999999", b"", b"5_0"))
    if key == b"mtime":
        return rng.choice((b"0", b"-1", b"1.5", b"nan", b"inf", b"1e300", b"", b"9" * 25, b"1_0"))
    return rng.choice((b"BINARY", b"ISO-IR 10646 2000 UTF-8", b"latin-1", b"1", b"", b"a\nb", b"\0"))


def _add_pax(rng: Random, tar: bytes) -> bytes:
    keys = [rng.choice(_KEYS) for _ in range(rng.randint(1, 3))]
    body = b"".join(record(key, _value(rng, key)) for key in keys)
    if rng.random() < 0.2:
        body = rng.choice((body[:-1], body + b"\0", body + b"12 x=y\n", b"0" + body, body.replace(b"=", b" "), b""))
    return _insert(tar, rng, member(b"pax", body, kind=rng.choice((b"x", b"x", b"g", b"X"))))


def _add_long(rng: Random, tar: bytes) -> bytes:
    kind = rng.choice((b"L", b"K"))
    name = rng.choice(HOSTILE if kind == b"L" else TARGETS) + rng.choice((b"\0", b"", b"\0hidden"))
    return _insert(tar, rng, member(b"././@LongLink", name, kind=kind, magic=rng.choice((GNU, POSIX))))


def _add_member(rng: Random, tar: bytes) -> bytes:
    name = rng.choice(HOSTILE)
    kind = bytes([rng.choice(b"00001235")])
    content = rng.randbytes(rng.choice((0, 3, 512))) if kind == b"0" else b""
    target = rng.choice(TARGETS) if kind in {b"1", b"2"} else b""
    if rng.random() < 0.5:
        long = pax({b"path": name, **({b"linkpath": target} if target else {})})
        return _insert(tar, rng, long + member(b"short", content, kind=kind, target=target[:100]))
    return _insert(tar, rng, member(name[:100], content, kind=kind, target=target[:100]))


def _cut_long(rng: Random, tar: bytes) -> bytes:
    """An extended header whose size ends before its body does."""
    kind = rng.choice((b"L", b"K", b"x"))
    body = record(b"path", rng.choice(HOSTILE)) * 2 if kind == b"x" else rng.choice(HOSTILE) * 3 + b"\0rest"
    size = rng.randrange(len(body) + 1)
    return _insert(tar, rng, header(b"././@LongLink", size=size, kind=kind, magic=GNU) + padded(body))


def _add_lines(rng: Random, tar: bytes) -> bytes:
    """Records of several lines, with others in them, and keys with blanks."""
    inner = record(rng.choice((b"path", b"linkpath", b"size")), rng.choice((b"0", b"512", *TARGETS)))
    inner = rng.choice((inner, b"0" + inner, b"+" + inner, inner.replace(b" ", b"", 1), inner.replace(b" ", b"=", 1)))
    key = rng.choice((b"comment", b"uname", b"path", b"SCHILY.xattr.user.x", b"c\n" + inner.partition(b"=")[0]))
    body = record(key, rng.choice((b"c\n" + inner[:-1], b"c\n" + inner + b"d", b"in 3 lines:\na\nb")))
    body += rng.choice((b"", b"", record(rng.choice((b" path", b"\tsize", b"path ", b" comment")), b"1")))
    return _insert(tar, rng, member(b"pax", body, kind=rng.choice((b"x", b"x", b"g"))))


def _drop_for_some(rng: Random, tar: bytes) -> bytes:
    """A member that some readers drop, so that they look for headers in its body."""
    body = member(b"p-1/evil.py", b"evil") + member(b"p-1/more.py", b"more")
    places = headers(tar)
    at = rng.choice(places) if places else 0
    block = header(b"p-1/big", size=len(body), kind=rng.choice((b"0", b"7", b"\0", b"1", b"5", b"x")))
    block = rng.choice((_with_target, _with_odd_sum, _with_huge_number, _with_odd_place, _without_name))(rng, block)
    return tar[:at] + block + body + tar[at:]


def _with_target(rng: Random, block: bytes) -> bytes:
    return patched(block, 157, rng.choice((b"x", b"\0x", b"\0\nx")))


def _with_odd_sum(rng: Random, block: bytes) -> bytes:
    block = patched(block, rng.randrange(8, 90), b"\xe9")
    total = sum(block) - sum(block[148:156]) + 8 * 32 - rng.choice((0, 256))
    return block[:148] + rng.choice((b"%08o", b"%07o\0", b"%8o", b"%07o ", b" %06o\0")) % total + block[156:]


def _with_huge_number(rng: Random, block: bytes) -> bytes:
    at, width = rng.choice((*_NUMBERS.values(), (116, 8), (337, 8)))
    value = rng.choice(_HUGE)
    first = b"\x80" if value >= 0 else b"\xff"
    return patched(block, at, first + value.to_bytes(width, "big", signed=True)[1:])


def _with_odd_place(rng: Random, block: bytes) -> bytes:
    at, width = rng.choice(list(_ODD_PLACES.items()))
    field = rng.choice((b"%011o" % rng.getrandbits(12), b"\x90", b"tar\0", rng.randbytes(width)))[:width]
    prefix = rng.choice((b"", b"p-1", b"p" * 140))
    magic = rng.choice((GNU, POSIX, b"ustar\0\0\0", b"ustar\x0001"))
    return patched(patched(patched(block, 257, magic), 345, prefix), at, field)


def _without_name(rng: Random, block: bytes) -> bytes:
    return patched(block, 0, rng.choice((bytes(100), b"p\0\nx")))


def _move_blocks(rng: Random, tar: bytes) -> bytes:
    places = [*headers(tar), len(tar)]
    start, end = sorted((rng.choice(places), rng.choice(places)))
    blocks, rest = tar[start:end], tar[:start] + tar[end:]
    return rng.choice((rest, _insert(rest, rng, blocks), _insert(tar, rng, blocks)))


def _end(rng: Random, tar: bytes) -> bytes:
    bare = tar.rstrip(b"\0")
    bare = padded(bare)
    behind = rng.choice((b"", bytes(512), bytes(700), bytes(1024), bytes(10240), member(b"p-1/late", b"late")))
    return rng.choice((bare, bare + bytes(512), bare + END)) + behind + rng.choice((b"", END, b"x"))


def _mark(rng: Random, tar: bytes) -> bytes:
    return _insert(tar, rng, rng.choice((bytes(512), END, bytes(511) + b"\1")))


_MUTATORS: tuple[Callable[[Random, bytes], bytes], ...] = (
    *(_change_number, _change_number, _change_type, _change_name, _change_target, _change_magic, _change_prefix),
    *(_add_pax, _add_pax, _add_long, _add_member, _add_member, _move_blocks, _end, _mark),
    *(_cut_long, _add_lines, _drop_for_some),
)
