"""Deflate streams written bit by bit, the odd and the impossible among them, with the content that they stand for.

What one inflater takes and another refuses is a repository that git cannot read, so every rule of RFC 1951 that an
inflater may forget to check is broken here one time in a few.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

# RFC 1951, 3.2.7: the order in which the lengths of the code length code are given.
_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_END = 256
_LONGEST = 15
# Sixteen codes of four bits: a complete code for every length there is, with no repeats.
_LENGTHS = (*([4] * 16), 0, 0, 0)
_FIXED = (*([8] * 144), *([9] * 112), *([7] * 24), *([8] * 8))

QUIRKS = (
    "none",
    "none",
    "none",
    "incomplete literals",
    "incomplete distances",
    "incomplete lengths",
    "too many literals",
    "too many distances",
    "oversubscribed literals",
    "oversubscribed distances",
    "no end of block",
    "one distance",
    "no distance",
    "too far back",
    "distance of no code",
    "length of no code",
    "no last block",
    "reserved type",
    "bits behind",
    "bytes behind",
    "wrong stored length",
)


@dataclass(slots=True)
class Bits:
    """Bits in deflate's order: from the least significant of each byte."""

    value: int = 0
    count: int = 0

    def number(self, value: int, width: int) -> None:
        """A number, its lowest bit first."""
        self.value |= value << self.count
        self.count += width

    def code(self, code: tuple[int, int]) -> None:
        """A Huffman code, its highest bit first."""
        for place in range(code[1] - 1, -1, -1):
            self.number(code[0] >> place & 1, 1)

    def align(self) -> None:
        """Zero bits up to the end of the byte."""
        self.count += -self.count % 8

    def bytes(self) -> bytes:
        """The stream so far."""
        return self.value.to_bytes((self.count + 7) // 8, "little")


def codes_of(lengths: Sequence[int]) -> dict[int, tuple[int, int]]:
    """The canonical code (RFC 1951, 3.2.2): symbol -> (code, its length in bits)."""
    found: dict[int, tuple[int, int]] = {}
    code = 0
    for length in range(1, _LONGEST + 1):
        for symbol, wanted in enumerate(lengths):
            if wanted == length:
                found[symbol] = code & ((1 << length) - 1), length
                code += 1
        code <<= 1
    return found


def complete(symbols: Sequence[int], size: int) -> list[int]:
    """Lengths that make a complete code for ``symbols`` (two or more) out of ``size``."""
    count = len(symbols)
    longest = (count - 1).bit_length()
    short = (1 << longest) - count
    lengths = [0] * size
    for place, symbol in enumerate(symbols):
        lengths[symbol] = longest - (place < short)
    return lengths


@dataclass(slots=True)
class _Writer:
    rng: Random
    quirk: str
    bits: Bits = field(default_factory=Bits)
    content: bytearray = field(default_factory=bytearray)

    def stored(self) -> None:
        body = self.rng.randbytes(self.rng.choice((0, 0, 1, 7, 300)))
        self.bits.number(0, 2)
        self.bits.align()
        self.bits.number(len(body), 16)
        self.bits.number(len(body) ^ (0xFFFE if self.quirk == "wrong stored length" else 0xFFFF), 16)
        for byte in body:
            self.bits.number(byte, 8)
        self.content += body

    def fixed(self) -> None:
        self.bits.number(1, 2)
        self._symbols(codes_of(_FIXED), {symbol: (symbol, 5) for symbol in range(32)}, range(97, 107))

    def dynamic(self) -> None:
        alphabet = sorted(self.rng.sample(range(256), self.rng.randint(1, 12)))
        end = [] if self.quirk == "no end of block" else [_END]
        literals = complete([*alphabet, *end, 257, 258], 287 if self.quirk == "too many literals" else 259)
        distances = self._distances()
        lengths = list(_LENGTHS)
        _break(literals, self.quirk, "literals")
        _break(distances, self.quirk, "distances")
        if self.quirk == "incomplete lengths":
            # No length of fifteen is ever written: its code can go.
            lengths[15] = 0
        self._tables(literals, distances, lengths)
        self._symbols(codes_of(literals), codes_of(distances), alphabet)

    def _distances(self) -> list[int]:
        if self.quirk == "one distance":
            return [self.rng.choice((1, 1, 2, 15))]
        if self.quirk == "no distance":
            return [0]
        if self.quirk == "too many distances":
            return complete(range(32), 32)
        return complete(range(4), 4) if self.rng.random() < 0.5 else complete(range(30), 30)

    def _tables(self, literals: list[int], distances: list[int], lengths: list[int]) -> None:
        self.bits.number(2, 2)
        self.bits.number(len(literals) - 257, 5)
        self.bits.number(len(distances) - 1, 5)
        self.bits.number(15, 4)
        for symbol in _ORDER:
            self.bits.number(lengths[symbol], 3)
        codes = codes_of(lengths)
        for length in (*literals, *distances):
            self.bits.code(codes[length])

    def _symbols(
        self, literals: dict[int, tuple[int, int]], distances: dict[int, tuple[int, int]], alphabet: Sequence[int]
    ) -> None:
        for _ in range(self.rng.choice((0, 1, 5, 60))):
            byte = self.rng.choice(alphabet)
            self.bits.code(literals[byte])
            self.content.append(byte)
            if self.rng.random() < 0.2 and 0 in distances:
                self._match(literals, distances)
        if self.quirk == "length of no code" and 286 in literals:
            self.bits.code(literals[286])
        if self.quirk == "distance of no code":
            self.bits.code(literals[257])
            self.bits.number(self.rng.getrandbits(15), 15)
        if _END in literals:
            self.bits.code(literals[_END])

    def _match(self, literals: dict[int, tuple[int, int]], distances: dict[int, tuple[int, int]]) -> None:
        symbol = self.rng.choice((257, 258))
        back = self.rng.choice([known for known in range(4) if known in distances])
        if back >= len(self.content) and self.quirk != "too far back":
            back = 0
        self.bits.code(literals[symbol])
        self.bits.code(distances[back])
        # 3.2.5: the first codes stand for lengths from 3 and distances from 1, without extra bits.
        for _ in range(symbol - 254):
            self.content.append(self.content[-1 - back] if back < len(self.content) else 0)


def _break(lengths: list[int], quirk: str, which: str) -> None:
    used = [symbol for symbol, length in enumerate(lengths) if length]
    if not used:
        return
    if quirk == f"incomplete {which}":
        lengths[used[-1]] += 1
    elif quirk == f"oversubscribed {which}":
        lengths[used[-1]] = max(1, lengths[used[-1]] - 1)


def odd_stream(rng: Random, quirk: str | None = None) -> tuple[bytes, bytes]:
    """A raw deflate stream of a few blocks and its content, as far as it has one."""
    writer = _Writer(rng, quirk or rng.choice(QUIRKS))
    blocks = [
        rng.choice((writer.stored, writer.fixed, writer.dynamic, writer.dynamic)) for _ in range(rng.randint(1, 4))
    ]
    for place, block in enumerate(blocks):
        last = place == len(blocks) - 1 and writer.quirk != "no last block"
        writer.bits.number(int(last), 1)
        block()
    if writer.quirk == "reserved type":
        writer.bits.number(7, 3)
    if writer.quirk == "bits behind":
        writer.bits.number((1 << (-writer.bits.count % 8)) - 1, -writer.bits.count % 8)
    behind = rng.randbytes(rng.randint(1, 12)) if writer.quirk == "bytes behind" else b""
    return writer.bits.bytes() + behind, bytes(writer.content)


def taken_by_zlib(stream: bytes) -> bytes | None:
    """What installers and git make of a whole raw stream, None if they refuse it."""
    inflating = zlib.decompressobj(wbits=-15)
    try:
        content = inflating.decompress(stream)
    except zlib.error:
        return None
    return content if inflating.eof and not inflating.unused_data else None
