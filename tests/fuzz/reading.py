"""The same archives read by the standard library, and tars by GNU tar: what installers find in them."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.mutant import Mutant, compression_of, suffix_of
from tests.fuzz.published import Listing

_MODES = {".tar": "r:", ".gz": "r:gz", ".bz2": "r:bz2", ".xz": "r:xz"}
_UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".tar": bytes,
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
}
_GNU_TAR = shutil.which("tar")
_UNICODE_PATH = b"\x75\x70"
UNREADABLE = (
    *(OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError),
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class DisagreementError(Exception):
    """Another reader does not find what the standard library does."""


def read_by_library(mutant: Mutant) -> Listing:
    """The archive's files and links by their places: without doubled slashes, ``.`` and the slash at the end.

    Raises:
        Exception: one of ``UNREADABLE`` when the library cannot read the archive.
    """
    compression = compression_of(suffix_of(mutant.filename))
    return _read_zip(mutant.data) if compression is None else _read_tar(mutant.data, _MODES[compression])


def place_of(name: bytes) -> bytes:
    """The place that a name leads to."""
    root = b"/" if name.startswith(b"/") else b""
    return root + b"/".join(part for part in name.split(b"/") if part not in {b"", b"."})


def _read_zip(data: bytes) -> Listing:
    found: Listing = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            mode = info.external_attr >> 16 if info.create_system == 3 else 0
            kind = 0o120000 if stat.S_ISLNK(mode) else 0o100755 if mode & 0o100 else 0o100644
            found[place_of(_zip_name(info))] = kind, archive.read(info)
    return found


def _zip_name(info: zipfile.ZipInfo) -> bytes:
    if not info.flag_bits & 0x800 and _UNICODE_PATH in info.extra:
        # Tolerated: a name in UTF-8 that only the unicode path declares to be that.
        raw = info.orig_filename.encode("cp437")
        if raw in info.extra:
            return raw
    return info.filename.encode("utf-8", "surrogateescape")


def _read_tar(data: bytes, mode: str) -> Listing:
    found: Listing = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode=mode, encoding="utf-8", errors="surrogateescape") as tar:  # type: ignore[call-overload] # modes from a table
        for info in tar:
            place = place_of(_bytes(info.name))
            if info.isdir():
                continue
            if info.issym():
                found[place] = 0o120000, _bytes(info.linkname)
            elif info.islnk():
                found[place] = found.get(place_of(_bytes(info.linkname)), (0, b"target missing"))
            elif info.isreg():
                body = tar.extractfile(info)
                content = body.read() if body is not None else b""
                if len(content) != info.size:
                    raise EOFError(f"{info.name!r} is cut")
                found[place] = 0o100755 if info.mode & 0o100 else 0o100644, content
            else:
                found[place] = 0, b"device"
    return found


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def check_by_gnu_tar(mutant: Mutant, folder: Path) -> None:
    """Hold the contents of all files, one behind the other, against what GNU tar makes of the same tar.

    Raises:
        DisagreementError: GNU tar finds other bytes.
        Exception: one of ``UNREADABLE`` when the library cannot read the archive.
    """
    compression = compression_of(suffix_of(mutant.filename))
    if compression is None or _GNU_TAR is None:
        return
    tar = _UNPACK[compression](mutant.data)
    # Nothing is written: contents go to standard output. In a folder of its own all the same.
    command = [_GNU_TAR, "-xOf", "-", "-C", str(folder), "--no-same-owner", "--warning=none"]
    done = subprocess.run(command, input=tar, capture_output=True, check=False, env={"LC_ALL": "C"})
    # What it warns of does not matter as long as it finds the same.
    contents = _contents(tar)
    if done.stdout != contents:
        raise DisagreementError(f"GNU tar finds {len(done.stdout)} bytes of content, tarfile {len(contents)}")


def _contents(tar: bytes) -> bytes:
    parts = []
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
        for info in archive:
            if info.isreg() and ".." not in info.name.split("/"):
                body = archive.extractfile(info)
                parts.append(body.read() if body is not None else b"")
    return b"".join(parts)


def forget(folder: Path) -> None:
    """Remove what a reader left behind."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
