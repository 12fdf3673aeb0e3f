"""Files that are two archives at once: pip takes whatever has a zip's end record for a zip, by any name but few.

(pip's ``unpack_file`` asks ``zipfile.is_zipfile`` before it looks for a tar.)
"""

from os import SEEK_END
from typing import BinaryIO

from codehost.unpack.refusal import refuse
from codehost.unpack.zipdirectory import (
    CENTRAL_MAGIC,
    END,
    END64_LOCATOR,
    END64_LOCATOR_MAGIC,
    TAIL_BYTES,
    end_positions,
)


def refuse_zip(file: BinaryIO) -> None:
    """Refuse the file of a tar archive in which a reader finds a zip. Its position is its beginning afterwards.

    Tolerated: the signature of an end record that leads to no directory. Readers of zips fail at it, as they do not
    at a file that is meant to be read in two ways.

    Raises:
        Failure: there is an end record, and the directory that it points to.
    """
    size = file.seek(0, SEEK_END)
    start = max(0, size - TAIL_BYTES)
    file.seek(start)
    tail = file.read(TAIL_BYTES)
    found = any(_leads_to_directory(file, tail, at, start + at) for at in end_positions(tail))
    file.seek(0)
    if found:
        raise refuse("the file is a tar archive and a zip archive at once")


def _leads_to_directory(file: BinaryIO, tail: bytes, at: int, position: int) -> bool:
    _, _, _, _, _, size, offset, _ = END.unpack_from(tail, at)
    if not size:
        return True  # an empty zip, which extracts to nothing
    locator = at - END64_LOCATOR.size
    if locator >= 0 and tail.startswith(END64_LOCATOR_MAGIC, locator):
        return True
    # Some readers look right in front of the end record, others at the offset that it gives.
    return _has_directory(file, position - size) or _has_directory(file, offset)


def _has_directory(file: BinaryIO, offset: int) -> bool:
    if offset < 0:
        return False
    file.seek(offset)
    return file.read(len(CENTRAL_MAGIC)) == CENTRAL_MAGIC
