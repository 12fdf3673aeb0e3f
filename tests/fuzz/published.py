"""A published repository read from its bytes alone, stricter than git reads it, and judged by git itself in batches."""

import hashlib
import os
import struct
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_KINDS = {1: b"commit", 2: b"tree", 3: b"blob"}
_FILES = ("HEAD", "config", "objects", "packed-refs", "refs")
_MODES = {b"100644": 0o100644, b"100755": 0o100755, b"120000": 0o120000}
_TREE = b"40000"

# Path -> (mode, content or target).
Listing = dict[bytes, tuple[int, bytes]]


class BrokenError(Exception):
    """The repository is not what it has to be."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: bytes
    body: bytes


def read_repository(repository: Path, commit: str) -> Listing:
    """Every path of the commit.

    Raises:
        BrokenError: anything at all is out of order, or there is more than there has to be.
    """
    found = sorted(path.name for path in repository.iterdir())
    if found != sorted(_FILES):
        raise BrokenError(f"the repository holds {found}")
    packs = sorted((repository / "objects" / "pack").iterdir())
    if len(packs) != 2 or [path.name for path in (repository / "objects").iterdir()] != ["pack"]:
        raise BrokenError(f"the repository's objects are {packs}")
    objects = _read_pack(packs[1].read_bytes(), packs[0].read_bytes())
    used: set[str] = set()
    listing = dict(_walk(objects, _tree_of(objects, commit, used), b"", used))
    # Content that a later member replaced stays in the pack; nothing but a blob may.
    if any(objects[name].kind != b"blob" for name in objects.keys() - used):
        raise BrokenError("the pack holds trees or commits that nothing refers to")
    return listing


def _read_pack(pack: bytes, index: bytes) -> dict[str, _Entry]:
    magic, version, count = struct.unpack_from(">4sLL", pack)
    if (magic, version) != (b"PACK", 2) or hashlib.sha1(pack[:-20]).digest() != pack[-20:]:
        raise BrokenError("the pack's header or checksum is wrong")
    offsets = _read_index(index, count, pack[-20:])
    objects: dict[str, _Entry] = {}
    at = 12
    for _ in range(count):
        entry, end = _read_entry(pack, at)
        name = hashlib.sha1(b"%b %d\0" % (entry.kind, len(entry.body)) + entry.body).hexdigest()
        if offsets.get(name) != (at, zlib.crc32(pack[at:end])) or name in objects:
            raise BrokenError(f"the index does not lead to {name}")
        objects[name] = entry
        at = end
    if at != len(pack) - 20:
        raise BrokenError("the pack has bytes that belong to no object")
    return objects


def _read_index(index: bytes, count: int, checksum: bytes) -> dict[str, tuple[int, int]]:
    if index[:8] != b"\377tOc\0\0\0\2" or index[-40:-20] != checksum:
        raise BrokenError("the index is of another pack")
    if hashlib.sha1(index[:-20]).digest() != index[-20:] or len(index) != 8 + 1024 + 28 * count + 40:
        raise BrokenError("the index is damaged")
    names = [index[1032 + 20 * place : 1052 + 20 * place] for place in range(count)]
    if names != sorted(names):
        raise BrokenError("the index is not in order")
    numbers = struct.unpack_from(f">{2 * count}L", index, 1032 + 20 * count)
    return {name.hex(): (numbers[count + place], numbers[place]) for place, name in enumerate(names)}


def _read_entry(pack: bytes, at: int) -> tuple[_Entry, int]:
    byte = pack[at]
    kind, size, shift = _KINDS.get(byte >> 4 & 7), byte & 15, 4
    while byte & 0x80:
        at += 1
        byte = pack[at]
        size |= (byte & 0x7F) << shift
        shift += 7
    if kind is None:
        raise BrokenError("the pack holds a delta or a tag")
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(pack[at + 1 :], size + 1)
    except zlib.error as error:
        raise BrokenError(f"zlib cannot read an object of the pack: {error}") from error
    if not stream.eof or len(body) != size:
        raise BrokenError("an object of the pack has another size than it says")
    return _Entry(kind, body), len(pack) - len(stream.unused_data)


def _tree_of(objects: dict[str, _Entry], commit: str, used: set[str]) -> str:
    entry = objects.get(commit)
    if entry is None or entry.kind != b"commit" or not entry.body.startswith(b"tree "):
        raise BrokenError("the commit is not in the pack")
    used.add(commit)
    return entry.body[5:45].decode()


def _walk(
    objects: dict[str, _Entry], name: str, folder: bytes, used: set[str]
) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    used.add(name)
    tree = objects.get(name)
    if tree is None or tree.kind != b"tree" or not tree.body:
        raise BrokenError(f"the tree of {folder!r} is missing or empty")
    before = b""
    for mode, base, child in _entries(tree.body):
        key = base + b"/" if mode == _TREE else base
        if key <= before or base + b"/" == before:
            raise BrokenError(f"the tree of {folder!r} is not in order")
        before = key
        if mode == _TREE:
            yield from _walk(objects, child, folder + base + b"/", used)
        else:
            blob = objects.get(child)
            if blob is None or blob.kind != b"blob" or mode not in _MODES:
                raise BrokenError(f"{folder + base!r} has the mode {mode!r} or no content")
            used.add(child)
            yield folder + base, (_MODES[mode], blob.body)


def _entries(body: bytes) -> Iterator[tuple[bytes, bytes, str]]:
    at = 0
    while at < len(body):
        mode, _, rest = body[at : at + 8].partition(b" ")
        end = body.find(b"\0", at)
        if not rest or end < 0 or end + 21 > len(body):
            raise BrokenError("a tree is damaged")
        yield mode, body[at + len(mode) + 1 : end], body[end + 1 : end + 21].hex()
        at = end + 21


def fsck(repository: Path) -> str:
    """All that git has to complain about, empty for a repository in perfect order."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(repository), "LC_ALL": "C"}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}
    command = ["git", f"--git-dir={repository}", "fsck", "--strict", "--full", "--no-dangling", "--no-progress"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    return said if done.returncode == 0 else f"status {done.returncode}: {said}"


def fsck_together(repositories: Sequence[tuple[Path, str]], together: Path) -> str:
    """One fsck over the packs of many repositories, given with their commits. ``together`` must not exist."""
    packs = together / "objects" / "pack"
    packs.mkdir(parents=True)
    (together / "refs").mkdir()
    (together / "HEAD").write_text("ref: refs/heads/0\n")
    (together / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    lines = []
    for place, (repository, commit) in enumerate(repositories):
        lines.append(f"{commit} refs/heads/{place:06}\n")
        for path in (repository / "objects" / "pack").iterdir():
            if not (packs / path.name).exists():
                (packs / path.name).hardlink_to(path)
    (together / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{''.join(lines)}")
    said = fsck(together)
    # HEAD names no branch here.
    return "\n".join(line for line in said.splitlines() if "HEAD points to an unborn branch" not in line)
