"""A corpus of sdists shaped like real ones, the same for the same seed.

The shape follows 63 real sdists (762 MB unpacked, 44,924 members): about 17 kB a member with a heavy tail; mostly
small Python modules, some C, tables, documents and pictures; directories several levels deep; a few very large
sdists among many small ones; every third one with a PAX header before each member, as setuptools writes them.
"""

import gzip
import io
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.text import cut_bytes, cut_lines, pools

EPOCH = 1_700_000_000
PNG = b"\x89PNG\r\n\x1a\n"
_BLOCK = 64 << 10
_WORDS = ("core", "util", "io", "net", "api", "backends", "plugins", "formats", "model", "views", "compat", "tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One sort of member: its share of all, and the log-normal law of its size in bytes."""

    pool: str
    suffix: str
    share: float
    median: int
    sigma: float
    most: int


KINDS = (
    Kind(pool="python", suffix=".py", share=0.81, median=5_200, sigma=1.3, most=400_000),
    Kind(pool="prose", suffix=".rst", share=0.08, median=4_000, sigma=1.2, most=200_000),
    Kind(pool="c", suffix=".c", share=0.05, median=20_000, sigma=1.4, most=1_500_000),
    Kind(pool="table", suffix=".json", share=0.04, median=26_000, sigma=1.9, most=6_000_000),
    Kind(pool="noise", suffix=".png", share=0.02, median=12_000, sigma=1.2, most=1_000_000),
)
_EMPTY_SHARE = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member to write: its path below the top directory, its bytes, and whether it can be run."""

    path: str
    data: bytes
    runnable: bool = False


def generate(folder: Path, *, files: int, members: int, seed: int = 1) -> list[Path]:
    """Write ``files`` sdists (.tar.gz) with about ``members`` members together, the largest first.

    Args:
        folder: an existing directory.
        files: how many sdists, at least 1.
        members: how many members all of them hold, directories included; each sdist holds at least 8.
        seed: the same seed, counts and Python give the same bytes.

    Returns:
        The paths written.
    """
    rng = random.Random(seed)
    paths: list[Path] = []
    for number, count in enumerate(_shares(rng, files, members)):
        stem = f"sample{number:03d}-1.{number}.0"
        path = folder / f"{stem}.tar.gz"
        _write_sdist(path, stem, count, random.Random(f"{seed}/{number}"), pax=number % 3 == 0)
        paths.append(path)
    return paths


def _shares(rng: random.Random, files: int, members: int) -> list[int]:
    weights = sorted((rng.lognormvariate(0, 0.9) for _ in range(files)), reverse=True)
    return [max(8, round(members * weight / sum(weights))) for weight in weights]


def _write_sdist(path: Path, stem: str, count: int, rng: random.Random, *, pax: bool) -> None:
    layout = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    # Without a name and a time in the gzip header the same members give the same file.
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
        io.BufferedWriter(packed, _BLOCK) as buffered,
        tarfile.open(fileobj=buffered, mode="w", format=layout) as tar,
    ):
        _write_members(tar, stem, count, rng, pax=pax)


def _write_members(tar: tarfile.TarFile, stem: str, count: int, rng: random.Random, *, pax: bool) -> None:
    folders = _folders(rng, max(1, count // 12))
    for name in ("", *folders):
        tar.addfile(_header(f"{stem}/{name}".rstrip("/"), rng, pax=pax, folder=True))
    for entry in _entries(stem, folders, count - len(folders) - 1, rng):
        header = _header(f"{stem}/{entry.path}", rng, pax=pax, runnable=entry.runnable)
        header.size = len(entry.data)
        tar.addfile(header, io.BytesIO(entry.data))


def _header(
    name: str, rng: random.Random, *, pax: bool, folder: bool = False, runnable: bool = False
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    # A fraction of a second is what makes tarfile write a PAX header.
    info.mtime = EPOCH + rng.randrange(10**6) + (rng.random() if pax else 0)
    info.mode = 0o755 if folder or runnable else 0o644
    info.type = tarfile.DIRTYPE if folder else tarfile.REGTYPE
    info.uname = info.gname = "builder"
    return info


def _folders(rng: random.Random, count: int) -> list[str]:
    folders = ["src", "src/sample", "tests", "docs"][: max(1, count)]
    while len(folders) < count:
        parent = rng.choice(folders[1:] or folders)
        folders.append(f"{parent}/{rng.choice(_WORDS)}{len(folders)}")
    return folders


def _entries(stem: str, folders: list[str], count: int, rng: random.Random) -> Iterator[Entry]:
    project, _, version = stem.rpartition("-")
    prose = pools().prose
    readme = cut_lines(prose, 6_000, rng)
    about = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\nAuthor: A. Builder\n\n".encode()
    yield Entry(path="PKG-INFO", data=about + readme)
    yield Entry(path="README.rst", data=readme)
    yield Entry(path="LICENSE", data=prose[:11_000])
    yield Entry(path="setup.py", data=b"from setuptools import setup\nsetup()\n", runnable=True)
    weights = [kind.share for kind in KINDS]
    for number in range(count - 4):
        kind = rng.choices(KINDS, weights)[0]
        yield _entry(kind, f"{rng.choice(folders)}/{rng.choice(_WORDS)}_{number:05d}", rng)


def _entry(kind: Kind, path: str, rng: random.Random) -> Entry:
    size = min(kind.most, int(rng.lognormvariate(0, kind.sigma) * kind.median) + 1)
    if kind.pool == "noise":
        return Entry(path=path + kind.suffix, data=PNG + cut_bytes(pools().noise, size, rng))
    if kind.pool == "python" and rng.random() < _EMPTY_SHARE:
        return Entry(path=path + kind.suffix, data=b"")
    text = cut_lines(getattr(pools(), kind.pool), size, rng)
    return Entry(path=path + kind.suffix, data=text, runnable=rng.random() < 0.02)
