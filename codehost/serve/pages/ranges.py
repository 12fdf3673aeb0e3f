"""Parts of a file (RFC 9110, section 14). Pure."""

import re

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class UnsatisfiableError(Exception):
    """A range that lies outside of the file, whose ``size`` is in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size

    def __str__(self) -> str:
        return f"the range lies outside of the file's {self.size} bytes"


def wanted_part(header: str | None, size: int) -> tuple[int, int] | None:
    """From where to where (exclusive) a client wants the file; None for all of it.

    RFC 9110, 14.2: a range that is not understood, as well as several at once, may be ignored.

    Raises:
        UnsatisfiableError: none of it is in the file.
    """
    match = _RANGE.match(header or "")
    if match is None or (not match[1] and not match[2]):
        return None
    if not match[1]:
        # RFC 9110, 14.1.2: a suffix; one that is longer than the file is all of it.
        last = min(int(match[2]), size)
        if not last:
            raise UnsatisfiableError(size)
        return size - last, size
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise UnsatisfiableError(size)
    return start, min(int(match[2]) + 1, size) if match[2] else size
