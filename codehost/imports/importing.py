"""Several files to one list of pins: the whole of ``codehost import`` but its command.

    path -> ReadFile -> decode -> detect -> a reader for each format -> ImportResult

Pins come in the order in which they first appear. A release that appears twice is taken once; two versions of one
project are both taken, for a search index can hold both.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codehost.imports.encoding import decode
from codehost.imports.entries import OPEN_KINDS, UNREAD_KINDS, Imported, ImportedPin, LeftOut
from codehost.imports.formats import Format, detect
from codehost.imports.indexes import ForeignIndex, foreign_indexes
from codehost.imports.installed import read_pip_inspect, read_pip_list
from codehost.imports.pdm_lock import read_pdm_lock
from codehost.imports.pipfile_lock import read_pipfile_lock
from codehost.imports.poetry_lock import read_poetry_lock
from codehost.imports.problems import ImportFileError, check_size
from codehost.imports.pylock import read_pylock
from codehost.imports.reading import ReadFile
from codehost.imports.requirements import read_requirements
from codehost.imports.uv_lock import read_uv_lock
from codehost.model.pins import Pin, Release

STANDARD_INPUT = "-"

_READERS = {
    Format.UV: read_uv_lock,
    Format.POETRY: read_poetry_lock,
    Format.PDM: read_pdm_lock,
    Format.PIPFILE: read_pipfile_lock,
    Format.PYLOCK: read_pylock,
    Format.PIP_LIST: read_pip_list,
    Format.PIP_INSPECT: read_pip_inspect,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """A file that was asked for, and what it was taken for."""

    path: str
    format: Format


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What all files come to. Every release is there once; nothing was left out twice."""

    files: tuple[ImportedFile, ...]
    pins: tuple[ImportedPin, ...]
    left_out: tuple[LeftOut, ...]
    indexes: tuple[ForeignIndex, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether a file that another one includes was not read."""
        return any(left.kind in UNREAD_KINDS for left in self.left_out)

    @property
    def lines(self) -> tuple[str, ...]:
        """The entries for ``dependencies``: ``six==1.16.0``."""
        return tuple(pin.line for pin in self.pins)

    def new_lines(self, existing: Sequence[Pin]) -> tuple[str, ...]:
        """The entries that name releases which ``existing`` does not have."""
        known = {pin.release for pin in existing}
        return tuple(pin.line for pin in self.pins if pin.pin.release not in known)


def import_files(paths: Sequence[str], read: ReadFile) -> ImportResult:
    """All pins of the files and of those that they include.

    Raises:
        ImportFileError: a file cannot be read, is too large, is no text or is not what its name says.
        UnknownFormatError: a file is in no format that is understood.
    """
    files: list[ImportedFile] = []
    found: list[Imported] = []
    for path in paths:
        name = "standard input" if path == STANDARD_INPUT else path
        text = decode(name, _bytes_of(path, name, read))
        # What a command in front of a pipe did not write is an empty list.
        is_empty = path == STANDARD_INPUT and not text.strip()
        sort = Format.REQUIREMENTS if is_empty else detect(name, text)
        files.append(ImportedFile(path=name, format=sort))
        reader = _READERS.get(sort)
        found.append(reader(name, text) if reader else read_requirements(name, text, read))
    every = [pin for imported in found for pin in imported.pins]
    pins = _once(every)
    return ImportResult(
        files=tuple(files), pins=pins, left_out=_worth_saying(found, pins), indexes=foreign_indexes(every)
    )


def _bytes_of(path: str, name: str, read: ReadFile) -> bytes:
    try:
        data = read(path)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or type(error).__name__})"
        raise ImportFileError(name, problem, "check the path and who may read it") from error
    except ValueError as error:  # a path with a zero byte
        raise ImportFileError(path, "is no path of a file", "check the path") from error
    check_size(name, data)
    return data


def _once(pins: Iterable[ImportedPin]) -> tuple[ImportedPin, ...]:
    firsts: dict[Release, ImportedPin] = {}
    for pin in pins:
        firsts.setdefault(pin.pin.release, pin)
    return tuple(firsts.values())


def _worth_saying(found: Sequence[Imported], pins: Sequence[ImportedPin]) -> tuple[LeftOut, ...]:
    # "requests" in a requirements.in is no loss when the lock file beside it has the version.
    pinned = {pin.pin.project for pin in pins}
    every = dict.fromkeys(left for imported in found for left in imported.left_out)
    return tuple(left for left in every if not (left.kind in OPEN_KINDS and left.project in pinned))
