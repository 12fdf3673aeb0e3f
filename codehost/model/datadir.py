"""Where things lie in the data directory. Names only: nothing here touches the disk."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The layout below one root; ``spool``, ``staging`` and ``repositories`` are on one file system."""

    root: Path

    @property
    def repositories(self) -> Path:
        """Published repositories, ``<name>.git`` each."""
        return self.root / "repos"

    @property
    def spool(self) -> Path:
        """Downloaded distribution files, until they are packed."""
        return self.root / "spool"

    @property
    def staging(self) -> Path:
        """Repositories in the making, and replaced or removed ones on their way out."""
        return self.root / "staging"

    @property
    def lock(self) -> Path:
        """Held by the one process that may change this directory."""
        return self.root / "lock"

    @property
    def identity(self) -> Path:
        """The number by which its database knows this directory."""
        return self.root / "id"

    def repository(self, name: str) -> Path:
        """Where the repository called ``name`` lies."""
        return self.repositories / f"{name}.git"
