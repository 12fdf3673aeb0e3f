"""``codehost init`` and ``codehost import``, wired."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EFBIG, EINVAL
from pathlib import Path
from stat import S_ISREG
from tempfile import mkstemp

from codehost.config.edit import add_dependencies
from codehost.config.loading import load
from codehost.imports.document import new_document
from codehost.imports.importing import STANDARD_INPUT, ImportResult, import_files
from codehost.imports.problems import MAX_FILE_BYTES
from codehost.imports.reading import read_from_disk
from codehost.model.codehosts import CodeHostConfig
from codehost.model.errors import UserError
from codehost.starter.machine import Machine
from codehost.starter.starter import Started, starter_document

_MAX_SETTINGS_BYTES = 1024 * 1024


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
    if str(file) == STANDARD_INPUT:
        raise UserError("- is no file that can be written: name a file.")
    started = starter_document(_this_machine())
    try:
        _create(file, started.text)
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
    if paths.count(STANDARD_INPUT) > 1:
        raise UserError("standard input can be read only once: name - once.")
    return import_files(paths, _read)


def document_of(result: ImportResult) -> str:
    """A new document with what was imported."""
    return new_document(result.lines, result.indexes)


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


def _create(file: Path, text: str) -> None:
    with file.open("x", encoding="utf-8") as output:
        try:
            output.write(text)
            output.flush()
        except BaseException:
            # Half a document is worse than none, and would be in the way of the next attempt.
            with suppress(OSError):
                file.unlink()
            raise


def _this_machine() -> Machine:
    return Machine(
        platform=sys.platform,
        environ=dict(os.environ),
        # Unlike Path.home(), this has an answer where nobody knows the user.
        home=os.path.expanduser("~"),  # noqa: PTH111 - see above
        prefix=sys.prefix,
        cwd=str(Path.cwd()),
        read=_text_if_there,
    )


def _text_if_there(path: str) -> str | None:
    file = Path(path)
    try:
        if path == os.devnull:
            return ""
        # A pipe may never end, or never begin.
        if not S_ISREG(file.stat().st_mode):
            raise OSError(EINVAL, "it is no regular file")
        with file.open("rb") as opened:
            data = opened.read(_MAX_SETTINGS_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(data) > _MAX_SETTINGS_BYTES:
        raise OSError(EFBIG, "it is larger than 1 MiB")
    return data.decode("utf-8-sig")


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
