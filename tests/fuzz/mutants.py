"""Mutations that know nothing of a format: bytes and blocks changed, lost, doubled and moved."""

from collections.abc import Callable, Sequence
from random import Random

_PIECES = (b"\0", b"\xff", b"PK\3\4", b"PK\1\2", b"PK\5\6", b"ustar\0" + b"00", b"../", b".git", bytes(512))

Mutator = Callable[[Random, bytes], bytes]


def flip(rng: Random, data: bytes) -> bytes:
    """A few bits are other ones."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def replace(rng: Random, data: bytes) -> bytes:
    """A few bytes are other ones."""
    at = rng.randrange(len(data) + 1)
    new = rng.choice((rng.randbytes(rng.randint(1, 8)), rng.choice(_PIECES)))
    return data[:at] + new + data[at + len(new) :]


def truncate(rng: Random, data: bytes) -> bytes:
    """The end is missing."""
    return data[: rng.choice((rng.randrange(len(data) + 1), max(0, len(data) - rng.randint(1, 40))))]


def insert(rng: Random, data: bytes) -> bytes:
    """Something is between."""
    at = rng.choice((0, len(data), rng.randrange(len(data) + 1)))
    return data[:at] + rng.choice((rng.choice(_PIECES), rng.randbytes(rng.randint(1, 64)))) + data[at:]


def move(rng: Random, data: bytes) -> bytes:
    """A block of bytes is elsewhere, gone, or there twice."""
    size = rng.choice((1, 4, 46, 512, 1024))
    start = rng.randrange(max(1, len(data) - size + 1))
    if rng.random() < 0.7:
        start -= start % min(size, 512)
    block = data[start : start + size]
    to = rng.randrange(len(data) + 1)
    rest = data[:start] + data[start + size :]
    return rng.choice((rest, rest[:to] + block + rest[to:], data[:to] + block + data[to:]))


def splice(rng: Random, one: bytes, other: bytes) -> bytes:
    """The beginning of one and the end of the other, or both in a row."""
    if rng.random() < 0.3:
        return one + other
    block = rng.choice((1, 512))
    first, second = rng.randrange(len(one) + 1), rng.randrange(len(other) + 1)
    return one[: first - first % block] + other[second - second % block :]


BLIND: Sequence[Mutator] = (flip, replace, truncate, insert, move)
