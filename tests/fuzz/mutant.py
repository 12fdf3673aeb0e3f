"""The mutants of archives: the same one for the same seed and number, wherever it is made."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz import gzips, tars, zips
from tests.fuzz.mutants import BLIND, splice
from tests.fuzz.zippieces import take_apart

_SUFFIXES = {".tar.gz": ".gz", ".tgz": ".gz", ".tar.bz2": ".bz2", ".tar.xz": ".xz", ".tar": ".tar"}
_ZIP_SUFFIXES = (".zip", ".whl", ".egg")
_TAR_ENDINGS = (".tar.gz", ".tar.gz", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
_MALO = Path(__file__).resolve().parents[2].parent / "shared" / "corpora" / "malo"
_LARGEST = 256 * 1024
_UNPACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
_DAMAGED = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A distribution file that nobody wrote: its name on the mirror and its bytes."""

    number: int
    filename: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """What mutants are made from: tars without their compression, zips, and files that are neither any more."""

    tars: tuple[bytes, ...]
    zips: tuple[bytes, ...]
    others: tuple[tuple[str, bytes], ...]

    def tar(self, rng: Random) -> bytes:
        """One of the tars; half of the time a generated one, for these are sound."""
        return rng.choice(rng.choice((self.tars, _TARS)))

    def zip(self, rng: Random) -> bytes:
        """One of the zips; half of the time a generated one."""
        return rng.choice(rng.choice((self.zips, _ZIPS)))


_TARS = tuple(data for _, data in tars.seeds())
_ZIPS = tuple(data for _, data in zips.seeds())


def corpus(*folders: Path) -> Corpus:
    """The generated seeds, the malo corpus when it lies beside the checkout, and the archives of ``folders``."""
    tar_files, zip_files = list(_TARS), list(_ZIPS)
    others: list[tuple[str, bytes]] = []
    for path in _files(*([_MALO] if _MALO.is_dir() else []), *folders):
        data = path.read_bytes()
        suffix = suffix_of(path.name)
        if suffix in _ZIP_SUFFIXES:
            if take_apart(data):
                zip_files.append(data)
            else:
                others.append((suffix, data))
        elif (tar := _unpacked(data, suffix)) is not None:
            tar_files.append(tar)
        else:
            others.append((suffix, data))
    return Corpus(tars=tuple(tar_files), zips=tuple(zip_files), others=tuple(others))


def suffix_of(name: str) -> str:
    """The ending that says what a file is, empty for a file that is no archive."""
    return next((suffix for suffix in (*_SUFFIXES, *_ZIP_SUFFIXES) if name.lower().endswith(suffix)), "")


def compression_of(suffix: str) -> str | None:
    """How a tar of this ending is compressed; None for a zip's."""
    return _SUFFIXES.get(suffix)


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and suffix_of(path.name) and path.stat().st_size <= _LARGEST:
                yield path


def _unpacked(data: bytes, suffix: str) -> bytes | None:
    try:
        tar = _UNPACKERS[_SUFFIXES[suffix]](data)
    except _DAMAGED:
        return None
    return tar if len(tar) <= 8 * _LARGEST else None


def make(seed: int, number: int, source: Corpus) -> Mutant:
    """The mutant of this number."""
    rng = Random(f"{seed}:{number}")
    choice = rng.random()
    if choice < 0.5:
        suffix = rng.choice(_ZIP_SUFFIXES)
        data = _zip(rng, source)
    elif choice < 0.97 or not source.others:
        suffix = rng.choice(_TAR_ENDINGS)
        data = _tar(rng, source, _SUFFIXES[suffix])
    else:
        suffix, data = rng.choice(source.others)
        data = rng.choice(BLIND)(rng, data)
    return Mutant(number=number, filename=_filename(suffix), data=data)


def _filename(suffix: str) -> str:
    return {".whl": "p-1-py3-none-any.whl", ".egg": "p-1-py3.11.egg"}.get(suffix, f"p-1{suffix}")


def _zip(rng: Random, source: Corpus) -> bytes:
    data = source.zip(rng)
    if rng.random() < 0.85:
        data = zips.mutate(rng, data)
    elif rng.random() < 0.3:
        return splice(rng, data, source.zip(rng))
    return rng.choice(BLIND)(rng, data) if rng.random() < 0.2 else data


def _tar(rng: Random, source: Corpus, compression: str) -> bytes:
    tar = source.tar(rng)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        tar = rng.choice((*[tars.mutate] * 6, rng.choice(BLIND)))(rng, tar)
    if rng.random() < 0.05:
        tar = splice(rng, tar, source.tar(rng))
    packed = (gzips.odd if rng.random() < 0.3 and compression != ".tar" else _plain)(rng, tar, compression)
    return rng.choice(BLIND)(rng, packed) if rng.random() < 0.1 else packed


def _plain(_: Random, tar: bytes, compression: str) -> bytes:
    return gzips.plain(tar, compression)
