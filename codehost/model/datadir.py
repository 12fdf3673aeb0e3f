"""Where things lie in the data directory. Names only: nothing here touches the disk."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

# File systems allow 255 bytes.
_MAX_NAME = 200


def owner_folder(owner: str) -> str:
    """The folder of an owner in the spool and the staging area: a plain file name, another one for every owner."""
    name = quote(owner, safe="")
    if len(name) <= _MAX_NAME and name.strip("."):
        return name
    return hashlib.sha256(owner.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The layout below one root; ``spool``, ``staging`` and ``repositories`` are on one file system.

    With an ``owner`` it is the view of one of several workers: each has a folder of its own in spool and staging.
    """

    root: Path
    owner: str | None = None

    def owned_by(self, owner: str) -> "DataDirectory":
        """The same directory as this owner works in it."""
        return replace(self, owner=owner)

    @property
    def everyone(self) -> "DataDirectory":
        """The same directory with the folders of all owners."""
        return replace(self, owner=None)

    @property
    def repositories(self) -> Path:
        """Published repositories, ``<name>.git`` each."""
        return self.root / "repos"

    @property
    def spool(self) -> Path:
        """Downloaded distribution files, until they are packed."""
        return self._own("spool")

    @property
    def staging(self) -> Path:
        """Repositories in the making, and replaced or removed ones on their way out."""
        return self._own("staging")

    @property
    def lock(self) -> Path:
        """Held by whoever may change this directory: one alone, or workers together."""
        return self.root / "lock"

    @property
    def identity(self) -> Path:
        """The number by which its database knows this directory."""
        return self.root / "id"

    def repository(self, name: str) -> Path:
        """Where the repository called ``name`` lies."""
        return self.repositories / f"{name}.git"

    def _own(self, name: str) -> Path:
        shared = self.root / name
        return shared if self.owner is None else shared / owner_folder(self.owner)
