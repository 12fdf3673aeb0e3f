"""A document in the editor that the user has chosen."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from codehost.cli.statuses import complain
from codehost.model.errors import UserError

_DEFAULT_EDITOR = "vi"


class Draft:
    """A copy of a document in a folder of its own, which nobody else may open; a context manager.

    It stays, and the user is told where, unless ``done`` was called: work is not thrown away.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._done = False
        self.file = Path()

    def edited(self) -> bytes | None:
        """What the user made of it; None if it is as it was at first.

        Raises:
            UserError: the editor cannot be started, ended with an error, or left no file.
        """
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or _DEFAULT_EDITOR
        try:
            status = subprocess.run([*shlex.split(editor), str(self.file)], check=False).returncode
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserError(
                f"The editor {editor!r} cannot be started ({reason}): set EDITOR to a program that there is."
            ) from error
        if status:
            raise UserError(f"The editor {editor!r} ended with status {status}: nothing is changed.")
        try:
            data = self.file.read_bytes()
        except OSError as error:
            raise UserError(f"The editor {editor!r} left no file that can be read: nothing is changed.") from error
        return None if data == self._text.encode() else data

    def done(self) -> None:
        """It is not needed any more."""
        self._done = True

    def __enter__(self) -> Self:
        # The folder has mode 0700; some editors leave copies beside the file.
        folder = Path(tempfile.mkdtemp(prefix="codehost-"))
        self.file = folder / "document.jsonc"
        with os.fdopen(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(self._text.encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._done or not self._is_changed():
            shutil.rmtree(self.file.parent, ignore_errors=True)
            return
        self.file.chmod(0o600)
        complain(f"Your changes are in {self.file}: codehost hosts edit {self._name} {self.file} takes them.")

    def _is_changed(self) -> bool:
        try:
            return self.file.read_bytes() != self._text.encode()
        except OSError:
            return False
