"""``codehost init`` and ``codehost import``, wired."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from codehost.config.edit import add_dependencies
from codehost.config.loading import load
from codehost.imports.document import new_document
from codehost.imports.importing import ImportResult, import_files
from codehost.imports.problems import MAX_FILE_BYTES
from codehost.imports.reading import read_from_disk
from codehost.model.codehosts import CodeHostConfig
from codehost.model.errors import UserError
from codehost.starter.machine import Machine
from codehost.starter.starter import Started, starter_document

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What an import brought to a document. ``added`` are the new entries, ``known`` counts those already there."""

    added: tuple[str, ...]
    known: int


def start(file: Path) -> Started:
    """Write a starter configuration to ``file``, which must not be there yet.

    Raises:
        UserError: the file is there already or cannot be written.
    """
    started = starter_document(_this_machine())
    try:
        with file.open("x", encoding="utf-8") as output:
            output.write(started.text)
    except FileExistsError:
        raise UserError(f"{file} is there already and stays as it is: name another file, or remove it.") from None
    except OSError as error:
        raise _unwritable(file, error) from error
    return started


def gather(paths: Sequence[str]) -> ImportResult:
    """Read lock files; ``-`` is standard input.

    Raises:
        UserError: a file cannot be read or is in no format that is understood.
    """
    return import_files(paths, _read)


def document_of(result: ImportResult) -> str:
    """A new document with what was imported."""
    return new_document(result.lines)


def update(file: Path, text: str, config: CodeHostConfig, result: ImportResult) -> Updated:
    """Add what is new to the document ``text`` of ``file``, which says ``config``; all else in it stays as it is.

    Raises:
        UserError: the file cannot be written.
    """
    lines = result.new_lines(config.pins)
    if lines:
        edited = add_dependencies(text, lines)
        if load(edited.encode()).config is None:
            raise UserError(f"{file} would not be valid any more, so it stays as it is: add the pins by hand.")
        _replace(file, edited)
    return Updated(added=lines, known=len(result.pins) - len(lines))


def _this_machine() -> Machine:
    return Machine(
        platform=sys.platform,
        environ=dict(os.environ),
        home=str(Path.home()),
        prefix=sys.prefix,
        cwd=str(Path.cwd()),
        read=_text_if_there,
    )


def _text_if_there(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read(path: str) -> bytes:
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    return read_from_disk(path)


def _replace(file: Path, text: str) -> None:
    """Write the whole file or nothing: a document may be all that somebody has."""
    # A link stays a link.
    target = file.resolve()
    try:
        handle, name = mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as output:
                output.write(text)
                output.flush()
                os.fsync(output.fileno())
            Path(name).chmod(target.stat().st_mode & 0o7777)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> UserError:
    return UserError(f"{file} cannot be written ({error.strerror or error}): check the path and its permissions.")
