"""A disk that loses power: what is surely on it, what only the kernel knows, and what may have come through.

Nothing is on the disk before it was synced: what was written to a file not before an fsync of it that began later, a
name in a folder not before an fsync of the folder. No order among the rest is taken for granted: a name may be there
before its content, a later write before an earlier one, half a write, one end of a move from one folder to another.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.acceptance.power_trace import Kind, Step

_SECTOR = 512

# Which of a node's changes that were not synced came through: all of them as they are, some, or parts of some.
Files = Callable[[list["Patch"]], list["Patch"]]
Folders = Callable[[list["Entries"]], list["Entries"]]


@dataclass(frozen=True, slots=True)
class Patch:
    """A write, or with ``data`` None a new size."""

    at: int
    offset: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Entries:
    """Names that a folder got (with what they name) or lost (None), all at once."""

    at: int
    names: "tuple[tuple[str, Node | None], ...]"


@dataclass(slots=True, eq=False)
class File:
    """A file: what is on the disk, and what was done to it since."""

    durable: bytes = b""
    pending: list[Patch] = field(default_factory=list)

    def sync(self, began: int) -> None:
        self.durable = _patched(self.durable, [patch for patch in self.pending if patch.at < began])
        self.pending = [patch for patch in self.pending if patch.at >= began]

    def surviving(self, which: Files) -> bytes:
        return _patched(self.durable, which(self.pending))


@dataclass(slots=True, eq=False)
class Folder:
    """A folder, likewise. ``entries`` are those that the kernel knows."""

    durable: "dict[str, Node]" = field(default_factory=dict)
    pending: list[Entries] = field(default_factory=list)
    entries: "dict[str, Node]" = field(default_factory=dict)

    def change(self, at: int, *names: "tuple[str, Node | None]") -> None:
        made = Entries(at, names)
        self.pending.append(made)
        _apply(self.entries, made)

    def sync(self, began: int) -> None:
        for made in self.pending:
            if made.at < began:
                _apply(self.durable, made)
        self.pending = [made for made in self.pending if made.at >= began]

    def surviving(self, which: Folders) -> "dict[str, Node]":
        left = dict(self.durable)
        for made in which(self.pending):
            _apply(left, made)
        return left


Node = File | Folder
# Paths below the disk's root; None for folders.
Tree = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """What survives of that which was not synced."""

    files: Files
    folders: Folders


def nothing() -> Luck:
    """Only what was synced is there."""
    return Luck(files=lambda _: [], folders=lambda _: [])


def everything() -> Luck:
    """The kernel had written everything already."""
    return Luck(files=lambda pending: pending, folders=lambda pending: pending)


def some(chance: random.Random) -> Luck:
    """Chance decides for each write and each name, and first how much survives at all: names without content, say."""
    of_files, of_folders = chance.choice((0.0, 0.2, 0.8, 1.0)), chance.choice((0.0, 0.5, 0.9, 1.0))

    def files(pending: list[Patch]) -> list[Patch]:
        return [_torn(patch, chance) for patch in pending if chance.random() < of_files]

    def folders(pending: list[Entries]) -> list[Entries]:
        return [made for made in pending if chance.random() < of_folders]

    return Luck(files=files, folders=folders)


def _torn(patch: Patch, chance: random.Random) -> Patch:
    whole = patch.data is None or len(patch.data) <= _SECTOR or chance.random() < 0.7
    if whole or patch.data is None:
        return patch
    first, last = sorted(chance.sample(range(len(patch.data) // _SECTOR + 1), 2))
    return replace(patch, offset=patch.offset + first * _SECTOR, data=patch.data[first * _SECTOR : last * _SECTOR])


class Disk:
    """The file system below ``root``, which is there and empty at first, or holds ``tree`` durably."""

    def __init__(self, root: Path, tree: Tree | None = None) -> None:
        self._root = root
        self._top = Folder()
        for path, content in (tree or {}).items():
            self._put(path, content)

    def do(self, step: Step) -> None:
        """Let a step happen.

        Raises:
            KeyError: what it is about is not there.
        """
        at, kind = step.at, step.kind
        if kind in {Kind.SEND, Kind.SAY}:
            return
        if kind is Kind.SYNC:
            self._node(step.path).sync(step.began)
            return
        folder, name = self._find(step.path)
        if kind is Kind.FILE:
            if name not in folder.entries:
                folder.change(at, (name, File()))
        elif kind is Kind.FOLDER:
            folder.change(at, (name, Folder()))
        elif kind is Kind.REMOVE:
            folder.change(at, (name, None))
        elif kind in {Kind.WRITE, Kind.RESIZE}:
            self._file(folder, name).pending.append(Patch(at, step.offset, step.data if kind is Kind.WRITE else None))
        else:
            self._name(step, folder, name)

    def _name(self, step: Step, folder: Folder, name: str) -> None:
        node = folder.entries[name]
        to_folder, to_name = self._find(step.new)
        if step.kind is Kind.LINK:
            to_folder.change(step.at, (to_name, node))
        elif folder is to_folder:
            folder.change(step.at, (name, None), (to_name, node))
        else:
            folder.change(step.at, (name, None))
            to_folder.change(step.at, (to_name, node))

    def after(self, luck: Luck) -> dict[str, bytes | None]:
        """What the next start finds."""
        found: dict[str, bytes | None] = {}
        _collect(self._top, "", luck, found)
        return found

    def _find(self, path: str) -> tuple[Folder, str]:
        relative = Path(path).relative_to(self._root)
        folder = self._top
        for part in relative.parts[:-1]:
            inner = folder.entries[part]
            if not isinstance(inner, Folder):
                raise KeyError(path)
            folder = inner
        return folder, relative.name

    def _node(self, path: str) -> Node:
        if Path(path) == self._root:
            return self._top
        folder, name = self._find(path)
        return folder.entries[name]

    def _file(self, folder: Folder, name: str) -> File:
        node = folder.entries[name]
        if not isinstance(node, File):
            raise KeyError(name)
        return node

    def _put(self, path: str, content: bytes | None) -> None:
        folder, name = self._find(str(self._root / path))
        node: Node = Folder() if content is None else File(content)
        folder.durable[name] = folder.entries[name] = node


def tree_of(folder: Path) -> dict[str, bytes | None]:
    """A real folder as a tree, each folder before what is in it."""
    return {
        str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
    }


def write_tree(tree: Tree, folder: Path) -> None:
    """A tree as a real folder; it may be there already."""
    for path, content in tree.items():
        place = folder / path
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.write_bytes(content)


def _collect(folder: Folder, prefix: str, luck: Luck, found: dict[str, bytes | None]) -> None:
    for name, node in sorted(folder.surviving(luck.folders).items()):
        if isinstance(node, File):
            found[prefix + name] = node.surviving(luck.files)
        else:
            found[prefix + name] = None
            _collect(node, f"{prefix}{name}/", luck, found)


def _apply(entries: dict[str, Node], made: Entries) -> None:
    for name, node in made.names:
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def _patched(content: bytes, patches: list[Patch]) -> bytes:
    if not patches:
        return content
    made = bytearray(content)
    for patch in patches:
        end = patch.offset + len(patch.data or b"")
        if patch.data is None:
            del made[end:]
        if len(made) < end:
            made.extend(bytes(end - len(made)))
        if patch.data is not None:
            made[patch.offset : end] = patch.data
    return bytes(made)
