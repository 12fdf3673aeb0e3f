"""The rows of a wheel's RECORD: path, hash, size (PyPA: recording installed projects, "The RECORD file").

A RECORD is as hostile as the rest of the archive: its length in rows and the length of each row are bounded, so that
reading it takes no more memory than one row does.
"""

import csv
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from typing import NamedTuple

MAX_ROWS = 1_000_000
# A zip archive's names have at most 65,535 bytes; quoting doubles what it touches.
MAX_ROW_CHARACTERS = 256 * 1024


class Row(NamedTuple):
    """One row as written. ``algorithm`` is in lower case and empty without a hash; ``fields`` counts the row's."""

    path: str
    algorithm: str
    digest: str
    size: str
    fields: int


class UnreadableRecordError(Exception):
    """A RECORD that cannot be read to its end. ``what`` is the rest of a sentence about it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"RECORD {self.what}"


def read_rows(content: bytes) -> Iterator[Row]:
    """The rows of a RECORD; empty lines are none.

    Raises:
        UnreadableRecordError: it is not UTF-8, not CSV or beyond the bounds; the rows before that were good.
    """
    lines = _Lines(content)
    # The specification: what csv's default reader understands. Strict, since readers make different things of a quote
    # that is never closed.
    reader = csv.reader(lines, strict=True)
    try:
        for number, fields in enumerate(reader, start=1):
            if number > MAX_ROWS:
                raise UnreadableRecordError(f"has more than {MAX_ROWS} rows")
            lines.begin_row()
            if fields:
                yield _row(fields)
    except csv.Error as error:
        raise UnreadableRecordError(f"is not in CSV form (line {reader.line_num})") from error
    except UnicodeDecodeError as error:
        raise UnreadableRecordError("is not in UTF-8") from error


def _row(fields: list[str]) -> Row:
    path, claim, size = (*fields, "", "")[:3]
    algorithm, _, digest = claim.strip().partition("=")
    return Row(path, algorithm.lower(), digest.rstrip("="), size.strip(), len(fields))


class _Lines:
    """The lines for one row after the other; a quoted field may hold line ends and so take several."""

    def __init__(self, content: bytes) -> None:
        # Line ends as they are: within quotes they belong to the name.
        self._text = TextIOWrapper(BytesIO(content), "utf-8", newline="")
        self._room = MAX_ROW_CHARACTERS

    def begin_row(self) -> None:
        self._room = MAX_ROW_CHARACTERS

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._room + 1)
        if not line:
            raise StopIteration
        self._room -= len(line)
        if self._room < 0:
            raise UnreadableRecordError(f"has a row of more than {MAX_ROW_CHARACTERS} characters")
        return line
