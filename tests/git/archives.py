"""Archives of every format with everything that real ones surprise with, written by the standard library."""

import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from codehost.model.members import MemberKind

MTIME = 1_600_000_000
MEMBER_LIMIT = 100_000
TAR_MODES = {".tar.gz": "w:gz", ".tgz": "w:gz", ".tar": "w:", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
ZIP_SUFFIXES = (".zip", ".whl", ".egg")
SUFFIXES = (*TAR_MODES, *ZIP_SUFFIXES)

FILE, DIRECTORY, SYMLINK, HARDLINK, DEVICE = MemberKind
_TAR_TYPES = {
    FILE: tarfile.REGTYPE,
    DIRECTORY: tarfile.DIRTYPE,
    SYMLINK: tarfile.SYMTYPE,
    HARDLINK: tarfile.LNKTYPE,
    DEVICE: tarfile.CHRTYPE,
}
_ZIP_TYPES = {FILE: 0o100000, DIRECTORY: 0o040000, SYMLINK: 0o120000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What is written as one member. Names that are not UTF-8 hold surrogates, as ``os.fsdecode`` makes them."""

    path: str
    content: bytes = b""
    kind: MemberKind = FILE
    mode: int = 0o644
    target: str = ""


def _file(path: str, content: bytes = b"content\n", mode: int = 0o644) -> Item:
    return Item(path=path, content=content, mode=mode)


PLAIN = (
    _file("PKG-INFO", b"Metadata-Version: 2.1\nName: p\nAuthor: Jos\xc3\xa9\nAuthor-email: j@example.com\n\nBody\n"),
    _file("setup.py", b"from setuptools import setup\n", 0o755),
    _file("src/p/__init__.py", b""),
    _file("src/p/empty.py", b""),
    _file("src/p/unicode \u00e9\u65e5\u672c.py", "x = '\u00e9'\n".encode()),
    _file("src/p/binary.dat", bytes(range(256)) * 300),
    _file("crlf.txt", b"one\r\ntwo\r\n"),
    _file(".gitattributes", b"*.txt text\n*.dat binary\n"),
    _file(".gitignore", b"*.py\ncrlf.txt\n"),
    _file(".gitmodules", b'[submodule "x"]\n\tpath = x\n\turl = https://example.com/x.git\n'),
    _file("/".join(["deep"] * 90) + "/f.py"),
    _file("n" * 200 + ".py"),
    _file("-dash"),
    _file("name with:colon"),
    _file("same/1", b"twice\n"),
    _file("same/2", b"twice\n"),
    Item(path="empty/directory", kind=DIRECTORY, mode=0o755),
    Item(path="src", kind=DIRECTORY, mode=0o755),
    *(_file(f"many/{number % 20}/{number}.py", b"x = %d\n" % number) for number in range(300)),
)
LINKS = (
    _file("d/target.py", b"x = 1\n", 0o755),
    Item(path="link.py", kind=SYMLINK, target="d/target.py"),
    Item(path="d/up", kind=SYMLINK, target="../link.py"),
    Item(path="to-directory", kind=SYMLINK, target="d"),
    Item(path="dangling", kind=SYMLINK, target="nowhere/at/all"),
    Item(path="absolute", kind=SYMLINK, target="/etc/passwd"),
    Item(path="d/out", kind=SYMLINK, target="../../../etc/passwd"),
    Item(path="behind-link", kind=SYMLINK, target="to-directory/../../x"),
)
SKIPPED = (
    _file("kept.py"),
    _file(".git", b"gitdir: ../.git/modules/p\n"),
    _file("d/.GIT/config", b"[core]\n"),
    _file("d/git~1/config", b"[core]\n"),
    _file("large.bin", bytes(MEMBER_LIMIT + 1)),
    _file("d/.gitattributes", b"a" * 3000),
    _file("e/.gitmodules", b'[submodule "../../x"]\n\turl = -u\n'),
    _file("back\\slash"),
)
# A zip made by the standard library has no hard links, no devices, and only names that are characters.
TAR_ONLY = (
    Item(path="hard.py", kind=HARDLINK, target="p-1/d/target.py"),
    Item(path="hard-link-of-link", kind=HARDLINK, target="p-1/link.py"),
    Item(path="hard-lost", kind=HARDLINK, target="p-1/absent"),
    Item(path="null", kind=DEVICE),
    _file("caf\udce9.py"),
    _file("d/\udcff\udcfe/f"),
)


def everything(suffix: str) -> tuple[Item, ...]:
    """All the items that a format can hold, below one outer directory."""
    items = (*PLAIN, *LINKS, *SKIPPED, *(TAR_ONLY if suffix in TAR_MODES else ()))
    return tuple(
        Item(path=f"p-1/{item.path}", content=item.content, kind=item.kind, mode=item.mode, target=item.target)
        for item in items
    )


def write_archive(path: Path, items: tuple[Item, ...], form: int = tarfile.PAX_FORMAT) -> Path:
    """Write the items in the format that the path's suffix names; ``form`` is tarfile's."""
    if path.name.endswith(ZIP_SUFFIXES):
        _write_zip(path, items)
    else:
        _write_tar(path, items, next(mode for suffix, mode in TAR_MODES.items() if path.name.endswith(suffix)), form)
    return path


def _write_tar(path: Path, items: tuple[Item, ...], mode: str, form: int) -> None:
    # Modes that are chosen at run time have no overload.
    with tarfile.open(path, mode, format=form, encoding="utf-8", errors="surrogateescape") as tar:  # type: ignore[call-overload]
        for item in items:
            info = tarfile.TarInfo(item.path)
            info.type, info.mode, info.mtime = _TAR_TYPES[item.kind], item.mode, MTIME
            info.linkname, info.size = item.target, len(item.content)
            tar.addfile(info, io.BytesIO(item.content))


def _write_zip(path: Path, items: tuple[Item, ...]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, item in enumerate(items):
            info = zipfile.ZipInfo(item.path + "/" * (item.kind is DIRECTORY), (2020, 9, 13, 12, 26, 40))
            info.create_system, info.external_attr = 3, (_ZIP_TYPES[item.kind] | item.mode) << 16
            info.compress_type = zipfile.ZIP_STORED if number % 3 == 0 else zipfile.ZIP_DEFLATED
            archive.writestr(info, item.target if item.kind is SYMLINK else item.content)
