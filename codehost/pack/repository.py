"""A bare git repository of one pack, written whole and made durable (git's documentation: gitrepository-layout).

Nothing in it is shared or linked, there is no loose object, no alternate, no hook: the strictest readers accept it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path

from codehost.durable import sync_directory

BRANCH = "latest"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"


class RepositoryWriter:
    """Writes one repository into a directory that does not exist yet."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._packs = root / "objects" / "pack"
        self._packs.mkdir(parents=True)
        # git takes a directory for a repository only if this one is there, empty as it is.
        (root / "refs").mkdir()

    @contextmanager
    def pack(self) -> Iterator[BufferedRandom]:
        """The pack file, open for writing and reading; durable when the block ends."""
        with self._unnamed_pack.open("w+b") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())

    @property
    def _unnamed_pack(self) -> Path:
        return self._packs / "incoming.pack"

    def finish(self, *, checksum: bytes, index: bytes, commit: str, tag: str) -> None:
        """Name the pack by its checksum, add its index and the references, and make all of it durable."""
        stem = f"pack-{checksum.hex()}"
        self._unnamed_pack.rename(self._packs / f"{stem}.pack")
        _write(self._packs / f"{stem}.idx", index, mode=0o444)
        _write(self._root / "HEAD", f"ref: refs/heads/{BRANCH}\n".encode())
        _write(self._root / "config", _CONFIG.encode())
        # git pack-refs: the header says that the list is sorted and that no tag needs peeling.
        refs = sorted((f"refs/heads/{BRANCH}", f"refs/tags/{tag}"))
        lines = "".join(f"{commit} {ref}\n" for ref in refs)
        _write(self._root / "packed-refs", f"# pack-refs with: peeled fully-peeled sorted \n{lines}".encode())
        for folder in (self._packs, self._root / "objects", self._root):
            sync_directory(folder)


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
