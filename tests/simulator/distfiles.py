"""Distribution files made to order: the same arguments give the same bytes."""

import base64
import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

MTIME = 1_600_000_000
_PLAIN = 0o644


def metadata(name: str, version: str, author: str = "Ada Author", email: str = "ada@example.com") -> bytes:
    lines = ("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", f"Author: {author}")
    return "\n".join((*lines, f"Author-email: {email}", "")).encode()


def make_sdist(
    name: str,
    version: str,
    files: Mapping[str, bytes] | None = None,
    *,
    suffix: str = ".tar.gz",
    mtime: int = MTIME,
    links: Mapping[str, str] | None = None,
    hardlinks: Mapping[str, str] | None = None,
    modes: Mapping[str, int] | None = None,
    top: str | None = None,
) -> bytes:
    """An sdist. Paths are below ``top`` (``name-version`` unless given; "" for none), hard links' targets too."""
    top = f"{name}-{version}" if top is None else top
    prefix = f"{top}/" if top else ""
    contents = {"PKG-INFO": metadata(name, version), f"{name}.py": f"VERSION = {version!r}\n".encode()}
    contents |= files or {}
    paths = {f"{prefix}{path}": data for path, data in contents.items()}
    soft = {f"{prefix}{path}": target for path, target in (links or {}).items()}
    hard = {f"{prefix}{path}": f"{prefix}{target}" for path, target in (hardlinks or {}).items()}
    by_path = {f"{prefix}{path}": mode for path, mode in (modes or {}).items()}
    if suffix == ".zip":
        return _zip(paths, mtime, soft, by_path)
    return _compress(_tar(paths, mtime, soft, hard, by_path), suffix)


def make_wheel(
    name: str,
    version: str,
    files: Mapping[str, bytes] | None = None,
    *,
    tag: str = "py3-none-any",
    mtime: int = MTIME,
    modes: Mapping[str, int] | None = None,
) -> bytes:
    """A wheel with a valid RECORD."""
    info = f"{name}-{version}.dist-info"
    contents = dict(files or {f"{name}/__init__.py": f"VERSION = {version!r}\n".encode()})
    contents[f"{info}/METADATA"] = metadata(name, version)
    pure = str(tag.endswith("-none-any")).lower()
    contents[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    rows = [f"{path},{_record_digest(data)},{len(data)}" for path, data in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join((*rows, f"{info}/RECORD,,", "")).encode()
    return _zip(contents, mtime, {}, modes or {})


def make_egg(name: str, version: str, files: Mapping[str, bytes] | None = None, *, mtime: int = MTIME) -> bytes:
    contents = {"EGG-INFO/PKG-INFO": metadata(name, version), f"{name}/__init__.py": b"", **(files or {})}
    return _zip(contents, mtime, {}, {})


def sdist_name(name: str, version: str, suffix: str = ".tar.gz") -> str:
    return f"{name}-{version}{suffix}"


def wheel_name(name: str, version: str, tag: str = "py3-none-any") -> str:
    return f"{name}-{version}-{tag}.whl"


def _record_digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _tar(
    files: Mapping[str, bytes],
    mtime: int,
    links: Mapping[str, str],
    hardlinks: Mapping[str, str],
    modes: Mapping[str, int],
) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mtime, info.mode = len(data), mtime, modes.get(path, _PLAIN)
            archive.addfile(info, io.BytesIO(data))
        for kind, table in ((tarfile.SYMTYPE, links), (tarfile.LNKTYPE, hardlinks)):
            for path, target in table.items():
                info = tarfile.TarInfo(path)
                info.type, info.linkname, info.mtime = kind, target, mtime
                archive.addfile(info)
    return buffer.getvalue()


def _compress(data: bytes, suffix: str) -> bytes:
    if suffix in {".tar.gz", ".tgz"}:
        return gzip.compress(data, mtime=0)
    if suffix in {".tar.bz2", ".tbz"}:
        return bz2.compress(data)
    if suffix in {".tar.xz", ".txz"}:
        return lzma.compress(data)
    if suffix == ".tar":
        return data
    raise ValueError(suffix)


def _zip(files: Mapping[str, bytes], mtime: int, links: Mapping[str, str], modes: Mapping[str, int]) -> bytes:
    moment = datetime.fromtimestamp(mtime, UTC).timetuple()[:6]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in files.items():
            _zip_member(archive, path, data, moment, 0o100000 | modes.get(path, _PLAIN))
        for path, target in links.items():
            _zip_member(archive, path, target.encode(), moment, 0o120777)
    return buffer.getvalue()


def _zip_member(
    archive: zipfile.ZipFile, path: str, data: bytes, moment: tuple[int, int, int, int, int, int], mode: int
) -> None:
    info = zipfile.ZipInfo(path, moment)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = mode << 16
    archive.writestr(info, data)
