"""The configuration document, read from its file."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from codehost.config.loading import Loaded, load
from codehost.config.surroundings import Surroundings, ThisMachine, Unchecked
from codehost.model.errors import UserError

__all__ = ["Loaded", "read_config", "read_usable_config"]


class _Taken(Mapping[str, str]):
    """The environment, with a note of what was looked up."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = os.environ[name]
        self.names.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)


def read_config(path: Path) -> Loaded:
    """Read a configuration file without looking up what it refers to: enough unless its mirrors are asked.

    Raises:
        UserError: the file cannot be read.
    """
    return _read(path, Unchecked())


def read_usable_config(path: Path) -> Loaded:
    """Read a configuration file with the secrets and certificates that it refers to.

    The environment variables that hold them are taken out of this process's environment: children inherit it.

    Raises:
        UserError: the file cannot be read.
    """
    taken = _Taken()
    loaded = _read(path, ThisMachine(taken))
    for name in taken.names:
        os.environ.pop(name, None)
    return loaded


def _read(path: Path, surroundings: Surroundings) -> Loaded:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check the path and its permissions.") from error
    return load(data, surroundings)
