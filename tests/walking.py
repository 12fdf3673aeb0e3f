"""Looking below a folder while others work there: what vanishes meanwhile is passed over, where ``glob`` fails."""

import os
from collections.abc import Iterator
from pathlib import Path


def below(root: Path) -> Iterator[Path]:
    """Everything below ``root`` in no particular order; what a repository holds is left out, for it is many files."""
    for folder, names, files in os.walk(root):
        yield from (Path(folder, name) for name in (*names, *files))
        names[:] = [name for name in names if not name.endswith(".git")]


def repositories_below(root: Path) -> list[str]:
    """The repositories below ``root``, sorted: ``python/six/1.0.git``."""
    return sorted(str(path.relative_to(root)) for path in below(root) if path.name.endswith(".git"))
