"""Repositories on the disk: found by name without leaving the root, and read as far as the short way needs it."""

import os
import re
from pathlib import Path

from codehost.model.datadir import DataDirectory
from codehost.reading.whole import WholePack

_MOST_BYTES = 65_536
_HEAD = re.compile(rb"ref: (refs/heads/[!-~]+)\n\Z")
_REF = re.compile(rb"([0-9a-f]{40}) (refs/(?:heads|tags)/[!-~]+)\Z")
# git writes this as the first line when it knows of every tag what it points at; then lines that begin with ^ say so.
_PEELED = b"# pack-refs with: peeled fully-peeled sorted \n"
_SECTION = re.compile(rb"\[[^]]*\]?")
_SECTIONS = {b"[core]", b"[zoekt]"}
_PACK = re.compile(r"pack-[0-9a-f]{40}\.pack\Z")


def find_repository(data: DataDirectory, name: str) -> Path | None:
    """Where the repository is, without any link on the way; None when there is none or a link leads to it."""
    path = Path(os.path.realpath(data.repositories)) / f"{name}.git"
    if os.path.realpath(path) != str(path):
        return None
    try:
        # gitrepository-layout: what git itself asks of a repository.
        well = (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    except OSError:
        return None  # no path can be so long
    return path if well else None


def read_whole_pack(path: Path) -> WholePack | None:
    """The repository as the short way serves it; None if it is not exactly what this program writes.

    That is: packed references to one commit, and one pack without alternates, loose objects or loose references. Such a
    pack holds what the commit needs and nothing else.
    """
    try:
        return _read(path)
    except (OSError, ValueError):
        return None  # git is asked, and says what is wrong


def _read(path: Path) -> WholePack | None:
    head = _HEAD.match(_small(path / "HEAD"))
    references = _references(_small(path / "packed-refs"))
    if head is None or head[1] not in references or len(set(references.values())) != 1:
        return None
    if set(_SECTION.findall(_small(path / "config"))) - _SECTIONS:
        return None
    if _names(path / "objects") != ["pack"] or _names(path / "refs") or (path / "shallow").exists():
        return None
    packs = [name for name in _names(path / "objects" / "pack") if not name.endswith(".idx")]
    if len(packs) != 1 or _PACK.match(packs[0]) is None:
        return None
    return WholePack(
        commit=references[head[1]],
        head=head[1],
        references=tuple(sorted(references)),
        pack=path / "objects" / "pack" / packs[0],
    )


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def _small(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(path)
    return content


def _references(packed: bytes) -> dict[bytes, bytes]:
    if not packed.startswith(_PEELED) or not packed.endswith(b"\n"):
        return {}
    lines = packed.removeprefix(_PEELED).splitlines()
    # A line that is none, such as a tag object's, is git's business.
    found = [match for line in lines if (match := _REF.match(line)) is not None]
    return {match[2]: match[1] for match in found} if len(found) == len(lines) else {}
