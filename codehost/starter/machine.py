"""The machine whose pip and uv are looked at: a port, and the words for its files that do not parse."""

import ntpath
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType

from codehost.model.texts import printable

WINDOWS = "win32"
MACOS = "darwin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What ``codehost init`` sees of a machine.

    ``platform`` is Python's ``sys.platform``, ``environ`` the environment, ``home``, ``prefix`` (``sys.prefix``) and
    ``cwd`` are absolute paths. ``read`` gives a file's text, or None when there is no such file; it raises ``OSError``
    or ``UnicodeError`` when there is one that cannot be read.
    """

    platform: str
    environ: Mapping[str, str] = field(repr=False)
    home: str
    prefix: str
    cwd: str
    read: Callable[[str], str | None] = field(repr=False)

    def absolute(self, path: str) -> str:
        """``path`` as pip and uv take it: ``~`` is the home directory, the rest counts from the current one."""
        paths = path_rules(self.platform)
        if path == "~" or path.startswith("~/"):
            path = self.home + path[1:]
        absolute: str = paths.normpath(paths.join(self.cwd, path))
        return absolute


def path_rules(platform: str) -> ModuleType:
    """How paths are joined and split on a platform."""
    return ntpath if platform == WINDOWS else posixpath


class UnreadableError(ValueError):
    """A configuration file that does not parse. ``line`` counts from 1; None where the parser does not tell it."""

    def __init__(self, path: str, line: int | None, format_name: str) -> None:
        super().__init__(path, line, format_name)
        self.path = path
        self.line = line
        self.format_name = format_name

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else ""
        return f"{printable(self.path)}{place}: this is no valid {self.format_name}; its settings are left out."
