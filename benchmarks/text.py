"""Stretches of realistic text and noise, cut from what every Python installation carries.

Nothing of it is stored: the pools are read at run time. The same seed gives the same bytes on the same Python.
"""

import random
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics

MIB = 1 << 20
_PYTHON_BYTES = 24 * MIB
_TABLE_BYTES = 4 * MIB
_NOISE_BYTES = 8 * MIB
_FEWEST_C_BYTES = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """What members are cut from: each one much longer than deflate's window of 32 kB, so that cuts do not repeat."""

    python: bytes
    prose: bytes
    c: bytes
    table: bytes
    noise: bytes


@cache
def pools() -> Pools:
    """The pools of this Python installation, read once (about a second)."""
    python = _joined(_sources(Path(sysconfig.get_path("stdlib")), "*.py"), _PYTHON_BYTES)
    headers = _joined(_sources(Path(sysconfig.get_path("include")), "*.h"), _PYTHON_BYTES)
    rng = random.Random(20)
    return Pools(
        python=python,
        prose="\n\n".join(topics[name] for name in sorted(topics)).encode(),
        # An installation without headers still gets a corpus: Python in place of C.
        c=headers if len(headers) >= _FEWEST_C_BYTES else python,
        table=_table(rng, _TABLE_BYTES),
        noise=rng.randbytes(_NOISE_BYTES),
    )


def cut_lines(pool: bytes, size: int, rng: random.Random) -> bytes:
    """About ``size`` bytes of whole lines from anywhere in the pool; longer than the pool means several cuts."""
    pieces: list[bytes] = []
    wanted = size
    while wanted > 0:
        piece = _one_cut(pool, wanted, rng)
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def cut_bytes(pool: bytes, size: int, rng: random.Random) -> bytes:
    """Exactly ``size`` bytes from anywhere in the pool, repeated when the pool is shorter."""
    start = rng.randrange(len(pool))
    return (pool[start:] + pool * (size // len(pool) + 1))[:size]


def _one_cut(pool: bytes, wanted: int, rng: random.Random) -> bytes:
    start = pool.find(b"\n", rng.randrange(len(pool))) + 1
    end = pool.find(b"\n", min(start + wanted, len(pool)) - 1) + 1
    return pool[start : end or len(pool)] or pool[:wanted]


def _sources(root: Path, pattern: str) -> Iterator[Path]:
    return (path for path in sorted(root.rglob(pattern)) if "site-packages" not in path.parts)


def _joined(paths: Iterator[Path], most: int) -> bytes:
    pieces: list[bytes] = []
    total = 0
    for path in paths:
        piece = path.read_bytes()
        pieces.append(piece)
        total += len(piece)
        if total >= most:
            break
    return b"".join(pieces)


def _table(rng: random.Random, size: int) -> bytes:
    lines: list[bytes] = []
    total = 0
    while total < size:
        line = (
            f'  {{"id": {rng.randrange(10**6)}, "name": "{rng.choice(_WORDS)}_{rng.choice(_WORDS)}", '
            f'"score": {rng.random():.6f}, "tags": ["{rng.choice(_WORDS)}", "{rng.choice(_WORDS)}"]}},\n'
        ).encode()
        lines.append(line)
        total += len(line)
    return b"".join(lines)


_WORDS = (
    "alpha", "band", "cache", "delta", "edge", "field", "graph", "header", "index", "join", "kernel", "label",
    "matrix", "node", "offset", "parser", "query", "record", "stream", "token", "update", "vector", "worker", "zone",
)  # fmt: skip
