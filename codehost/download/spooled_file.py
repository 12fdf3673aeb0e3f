"""One distribution file on its way into the spool: written beside its name, renamed when it is proven."""

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from codehost.download.digests import Hasher
from codehost.model.errors import Failure, Reason


class SpooledFile:
    """``<spool>/<name>.part``, then ``<spool>/<name>``. The methods block; call the large ones in a thread."""

    def __init__(self, spool: Path, name: str, hashes: dict[str, str]) -> None:
        if name in {"", ".", ".."} or Path(name).name != name:
            raise ValueError(f"{name!r} is no plain file name")
        self.path = spool / name
        self.hasher = Hasher(hashes)
        self._part = spool / f"{name}.part"
        self._stream: BinaryIO | None = None
        self._kept = False

    def open(self) -> None:
        """Make the part file, and the spool if need be.

        Raises:
            Failure: STORAGE.
        """
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._part.open("wb", buffering=0)
        except OSError as error:
            raise _storage(error) from error

    def write(self, data: bytes) -> None:
        """Hash and write the next bytes.

        Raises:
            Failure: STORAGE.
        """
        self.hasher.update(data)
        try:
            view = memoryview(data)
            while view and self._stream is not None:
                # An unbuffered write may be short; the rest then fails with the reason.
                view = view[self._stream.write(view) :]
        except OSError as error:
            raise _storage(error) from error

    def keep(self) -> None:
        """Give the file its name.

        Raises:
            Failure: STORAGE.
        """
        try:
            self._close()
            self._part.replace(self.path)
            self._kept = True
        except OSError as error:
            raise _storage(error) from error

    def discard(self) -> None:
        """Leave nothing of an unfinished file, nor of an older one of its name. Idle after ``keep``; never raises."""
        if self._kept:
            return
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._stream is not None:
            stream, self._stream = self._stream, None
            stream.close()


def _storage(error: OSError) -> Failure:
    return Failure(Reason.STORAGE, f"the spool cannot be written: {error.strerror or os.strerror(error.errno or 0)}")
