"""What makes a whole file of no use. Messages name the file and show nothing of what it holds."""

from codehost.model.errors import UserError
from codehost.model.texts import printable

MAX_FILE_BYTES = 64 * 1024 * 1024
_MAX_PATH = 300
_MEBIBYTE = 1024 * 1024


class ImportFileError(UserError):
    """A file cannot be imported: which, what is wrong with it as a clause, and what to do as a clause."""

    def __init__(self, path: str, problem: str, hint: str) -> None:
        super().__init__(path, problem, hint)
        self.path = path
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{printable(self.path, _MAX_PATH)} {self.problem}; {self.hint}."


class UnknownFormatError(ImportFileError):
    """A file in no format that is understood."""

    def __init__(self, path: str, understood: tuple[str, ...]) -> None:
        listed = f"{', '.join(understood[:-1])} and {understood[-1]}"
        super().__init__(path, "is in no format that codehost understands", f"it reads {listed}")


def check_size(path: str, data: bytes) -> None:
    """Refuse what is too large.

    Raises:
        ImportFileError: there are more than ``MAX_FILE_BYTES``.
    """
    if len(data) > MAX_FILE_BYTES:
        problem = f"is larger than {MAX_FILE_BYTES // _MEBIBYTE} MiB"
        raise ImportFileError(path, problem, "no lock file is that large: check the path")
