"""A disk that fails, inside the program and its children: writes, flushes, renames and the rest below one folder.

A program that starts with ``shim`` on its PYTHONPATH (as ``sitecustomize``) counts what it and its children do to the
folder, and the first act of each kind and about each N-th after it raise the error that a bad disk gives, in place of
being done. What does not go through Python, such as SQLite's file, is left alone; for that there are disks of a given
size.
"""

import builtins
import errno
import io
import os
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_real = {name: getattr(os, name) for name in ("open", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir")}
_real_open = io.open


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyDisk:
    """The controls of a disk. ``every`` says that about each so-maniest act of a kind fails; 0: none does."""

    folder: Path
    root: Path

    def shim(self, before: str = "") -> Mapping[str, str]:
        """The environment under which a program has this disk. ``before``: more for it to do when it starts."""
        self.folder.mkdir()
        (self.folder / "sitecustomize.py").write_text(
            f"from tests.acceptance.faults_disk import install\ninstall({str(self.folder)!r}, {str(self.root)!r})\n"
            f"{before}\n"
        )
        self.fail(every=0)
        return {"PYTHONPATH": f"{self.folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}

    def fail(self, *, every: int) -> None:
        """From now on, about each so-maniest act of a kind fails, and the first."""
        draft = self.folder / "every.new"
        draft.write_text(str(every))
        draft.rename(self.folder / "every")

    def failed(self) -> list[str]:
        """What has failed, ``<act> <path below the folder>`` each."""
        log = self.folder / "failed"
        return log.read_text().splitlines() if log.exists() else []


def install(folder: str, root: str) -> None:
    """Put the disk under this process."""
    shaky = _Shaky(folder, os.path.join(root, ""))  # noqa: PTH118 - nothing but a slash at the end
    io.open = builtins.open = shaky.open
    for name in ("fsync", "rename", "replace", "mkdir", "unlink", "rmdir"):
        setattr(os, name, shaky.around(name, _real[name]))
    os.open = shaky.os_open
    os.supports_dir_fd |= {os.open, os.unlink, os.rmdir}


class _Shaky:
    def __init__(self, folder: str, root: str) -> None:
        self._folder = folder
        self._root = root

    def act(self, what: str, path: str) -> None:
        """Count an act; raise if it is one that fails."""
        if not path.startswith(self._root):
            return
        with _real_open(f"{self._folder}/every", "rb") as file:
            every = int(file.read() or 0)
        if not every or not self._is_nth(what, every):
            return
        with _real_open(f"{self._folder}/failed", "ab") as file:
            file.write(f"{what} {path.removeprefix(self._root)}\n".encode())
        code = errno.ENOSPC if len(path) % 2 and what not in {"unlink", "rmdir"} else errno.EIO
        raise OSError(code, os.strerror(code), path)

    def _is_nth(self, what: str, every: int) -> bool:
        # One byte for each act of any of the processes: the file's size numbers them. Mixed, or the same acts would
        # fail again and again where a try takes about as many.
        descriptor = _real["open"](f"{self._folder}/acts-{what}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, b".")
            number = os.lseek(descriptor, 0, os.SEEK_CUR)
            return number == 1 or zlib.crc32(b"%d" % number) % every == 0
        finally:
            os.close(descriptor)

    def around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def shaky(path: Any, *more: Any, **named: Any) -> Any:
            self.act(name, _place(path, named.get("dir_fd") or named.get("src_dir_fd")))
            return real(path, *more, **named)

        return shaky

    def os_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            self.act("open", _place(path, dir_fd))
        opened: int = _real["open"](path, flags, mode, dir_fd=dir_fd)
        return opened

    def open(self, file: Any, mode: str = "r", buffering: int = -1, *more: Any, **named: Any) -> Any:
        if isinstance(file, int) or not set(mode) & set("wxa+"):
            return _real_open(file, mode, buffering, *more, **named)
        place = _place(file, None)
        self.act("open", place)
        if "b" not in mode or not place.startswith(self._root):
            return _real_open(file, mode, buffering, *more, **named)
        raw = _Raw(file, mode.replace("b", ""), self, named.get("opener"))
        if buffering == 0:
            return raw
        return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)


class _Raw(io.FileIO):
    def __init__(self, file: Any, mode: str, shaky: _Shaky, opener: Any) -> None:
        super().__init__(file, mode, opener=opener)
        self._shaky = shaky

    def write(self, data: Any) -> int:
        self._shaky.act("write", os.fspath(self.name) if not isinstance(self.name, int) else "")
        return super().write(data)


def _place(path: Any, folder: int | None) -> str:
    if isinstance(path, int):
        return str(Path(f"/proc/self/fd/{path}").readlink())
    text = os.fsdecode(path)
    # A Path would follow links here, or keep the dots.
    return os.path.abspath(text) if folder is None else f"{_place(folder, None)}/{text}"  # noqa: PTH100
