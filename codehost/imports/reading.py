"""The port to files, and the one way to the disk behind it."""

from typing import Protocol

from codehost.imports.problems import MAX_FILE_BYTES


class ReadFile(Protocol):
    """Whoever has the bytes of files."""

    def __call__(self, path: str, /) -> bytes:
        """All bytes; of a file larger than ``MAX_FILE_BYTES`` at least one more than that. Raises ``OSError``."""
        ...


def read_from_disk(path: str, /) -> bytes:
    """The bytes of a file, and never many more than may be imported.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - paths are texts here, for they are shown as they were written
        return file.read(MAX_FILE_BYTES + 1)
