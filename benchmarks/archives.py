"""Distribution files as the other ways need them: listed, measured, extracted, or read member by member."""

import hashlib
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

TAR = (".tar.gz", ".tgz")
ZIP = (".zip", ".whl")
_RUNNABLE = 0o100


class CannotDoError(Exception):
    """A way cannot handle a distribution file; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One distribution file on disk. ``members`` counts directories too; ``size`` is unpacked, in bytes."""

    path: Path
    sha256: str
    members: int
    size: int


class Sort(StrEnum):
    """What a member is, as git's tree modes write it."""

    FILE = "100644"
    PROGRAM = "100755"
    LINK = "120000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file or link. ``name`` is the archive's own; a link's ``data`` is its target."""

    name: str
    sort: Sort
    data: bytes


def listing(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files of a folder that can be measured, and those that cannot, each by name."""
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    known = [path for path in paths if path.name.endswith(TAR + ZIP)]
    return known, [path for path in paths if path not in known]


def examine(path: Path) -> Distribution:
    """Count and hash a distribution file.

    Raises:
        OSError, tarfile.TarError, zipfile.BadZipFile: it cannot be read.
    """
    sizes: list[int]
    if is_tar(path):
        with tarfile.open(path) as tar:
            sizes = [info.size for info in tar]
    else:
        with zipfile.ZipFile(path) as archive:
            sizes = [info.file_size for info in archive.infolist()]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Distribution(path=path, sha256=digest, members=len(sizes), size=sum(sizes))


def is_tar(path: Path) -> bool:
    """Whether the name is a tar's; what is not is a zip."""
    return path.name.endswith(TAR)


def is_git_path(name: str) -> bool:
    """Whether git refuses the name: a ``.git`` on the way. The ways through git leave such members out."""
    return any(part.lower() == ".git" for part in PurePosixPath(name).parts)


def extract(path: Path, folder: Path) -> Path:
    """Unpack a distribution file into an empty folder; gives the single top directory, or the folder."""
    if is_tar(path):
        with tarfile.open(path) as tar:
            tar.extractall(folder, filter=_data_without_git)
    else:
        _extract_zip(path, folder)
    tops = list(folder.iterdir())
    return tops[0] if len(tops) == 1 and tops[0].is_dir() else folder


def _data_without_git(info: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    return None if is_git_path(info.name) else tarfile.data_filter(info, folder)


def _extract_zip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if is_git_path(info.filename):
                continue
            target = archive.extract(info, folder)
            if not info.is_dir() and _zip_mode(info) & _RUNNABLE:
                Path(target).chmod(0o755)


def read(path: Path) -> Iterator[Member]:
    """Every file and link of a distribution file, in its order, with its bytes."""
    return _read_tar(path) if is_tar(path) else _read_zip(path)


def _read_tar(path: Path) -> Iterator[Member]:
    with tarfile.open(path) as tar:
        for info in tar:
            if info.issym():
                yield Member(name=info.name, sort=Sort.LINK, data=info.linkname.encode(errors="surrogateescape"))
                continue
            stream = tar.extractfile(info)
            if stream is not None:
                yield Member(name=info.name, sort=_sort(info.mode), data=stream.read())


def _read_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield Member(name=info.filename, sort=_sort(_zip_mode(info)), data=archive.read(info))


def _zip_mode(info: zipfile.ZipInfo) -> int:
    return info.external_attr >> 16


def _sort(mode: int) -> Sort:
    return Sort.PROGRAM if mode & _RUNNABLE else Sort.FILE


def top_stripper(path: Path) -> Callable[[str], str]:
    """A function that takes the single top directory off a member's name.

    A tar that is streamed shows its names too late to look ahead: its first name decides.

    Raises:
        CannotDoError: (from the function) the tar has members outside its first top directory.
    """
    if is_tar(path):
        return _TarTop()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not is_git_path(name)]
    tops = {name.partition("/")[0] for name in names}
    single = len(tops) == 1 and all("/" in name for name in names)
    return _without_first if single else str


def _without_first(name: str) -> str:
    return name.partition("/")[2]


class _TarTop:
    def __init__(self) -> None:
        self._top = ""

    def __call__(self, name: str) -> str:
        parts = PurePosixPath(name).parts
        self._top = self._top or parts[0]
        if parts[0] != self._top or len(parts) == 1:
            raise CannotDoError(f"has no single top directory ({name!r} is outside {self._top!r})")
        return "/".join(parts[1:])
