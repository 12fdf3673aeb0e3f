"""Many small sdists, and a few huge ones: what a mirror of the sync benchmark offers."""

import gzip
import io
import random
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import EPOCH
from benchmarks.text import MIB, cut_bytes, cut_lines, pools

SMALL_MEMBERS = 20
_SMALL_BYTES = 800
# Just below the limit beyond which a member is left out.
_HUGE_MEMBER = 14 * MIB
_PLAIN_MEMBER = 1 * MIB
_HUGE_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One release that the mirror has."""

    project: str
    version: str

    @property
    def stem(self) -> str:
        """The file name without its ending, which is the archive's top directory too."""
        return f"{self.project}-{self.version}"

    @property
    def filename(self) -> str:
        """The sdist's file name."""
        return f"{self.stem}.tar.gz"


def small(folder: Path, *, releases: int, projects: int) -> list[Offered]:
    """Write ``releases`` sdists of ``SMALL_MEMBERS`` files each, dealt evenly to ``projects`` projects."""
    offered = [Offered(project=f"sample{n % projects:04d}", version=f"1.{n // projects}.0") for n in range(releases)]
    for release in offered:
        rng = random.Random(release.stem)
        _write(folder / release.filename, release, _small_members(rng), level=6)
    return sorted(offered, key=lambda release: release.project)


def large(folder: Path, *, count: int, size: int) -> list[Offered]:
    """Write ``count`` sdists of about ``size`` bytes unpacked: text and noise, mostly in members of 14 MiB."""
    offered = [Offered(project=f"large{n}", version="1.0") for n in range(count)]
    for release in offered:
        rng = random.Random(release.stem)
        _write(folder / release.filename, release, _large_members(size, rng), level=1)
    return offered


def _small_members(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    for number in range(SMALL_MEMBERS - 1):
        size = int(rng.lognormvariate(0, 0.8) * _SMALL_BYTES) + 1
        yield f"src/{'core' if number % 2 else 'util'}/module{number:02d}.py", cut_lines(pools().python, size, rng)


def _large_members(size: int, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    for number in range(round(size * _HUGE_SHARE / _HUGE_MEMBER)):
        if number % 2:
            yield f"data/noise{number:03d}.bin", cut_bytes(pools().noise, _HUGE_MEMBER, rng)
        else:
            yield f"data/text{number:03d}.py", cut_bytes(pools().python, _HUGE_MEMBER, rng)
    for number in range(max(1, round(size * (1 - _HUGE_SHARE) / _PLAIN_MEMBER))):
        yield f"src/module{number:03d}.py", cut_bytes(pools().python, _PLAIN_MEMBER, rng)


def _write(path: Path, release: Offered, members: Iterator[tuple[str, bytes]], *, level: int) -> None:
    about = f"Metadata-Version: 2.1\nName: {release.project}\nVersion: {release.version}\nAuthor: A. Builder\n".encode()
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=level, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        _add(tar, f"{release.stem}/PKG-INFO", about)
        for name, data in members:
            _add(tar, f"{release.stem}/{name}", data)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), EPOCH, 0o644
    tar.addfile(info, io.BytesIO(data))
