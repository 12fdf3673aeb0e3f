"""The tree of a repository, grown member by member and written at the end.

The outcome is the one that extracting the members in their order would have, less those whose name is unsafe, in whose
way a file or directory is, or that lead out of the tree. Of two members with one name the later one stays.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from codehost.model.members import SkipReason
from codehost.pack.gitfiles import role_in_git
from codehost.pack.objects import LINK_MODE, TREE_MODE, ObjectType, encode_tree
from codehost.pack.paths import MAX_PATH_BYTES, fault_in_component, fault_in_path, split_path

Store = Callable[[ObjectType, bytes], bytes]


class Leaf(NamedTuple):
    """A file or a symbolic link: mode, object name (20 bytes), size in bytes.

    A link has its ``target`` and gets its object only when it is known to stay inside the tree.
    """

    mode: bytes
    name: bytes
    size: int
    target: bytes = b""


Node = dict[bytes, "Leaf | Node"]


class Place(NamedTuple):
    """Where a leaf may go: a directory and a name in it."""

    node: Node
    base: bytes

    def put(self, leaf: Leaf) -> Leaf | None:
        """Put the leaf there; returns the earlier leaf that it replaced by another content."""
        before = self.node.get(self.base)
        self.node[self.base] = leaf
        return before if isinstance(before, Leaf) and before != leaf else None


class Misfit(NamedTuple):
    """A link that was taken away again: its path in the archive and its size in bytes."""

    path: bytes
    size: int


class TreeBuilder:
    """Collects leaves under their paths. Every path passes ``pack.paths`` here, and nowhere is there a way around."""

    def __init__(self) -> None:
        self._root: Node = {}
        # Directories whose paths have passed, below the root.
        self._passed: dict[bytes, Node] = {}

    def place(self, path: bytes) -> Place | SkipReason:
        """The place for a leaf, or why it cannot have one."""
        directory, _, base = path.rpartition(b"/")
        node = self._passed.get(directory)
        if node is None or len(path) > MAX_PATH_BYTES:
            components = split_path(path)
            entered = fault_in_path(components) or self._enter(components)
            if isinstance(entered, SkipReason):
                return entered
            node = entered
            if directory:
                self._passed[directory] = node
        fault = fault_in_component(base)
        if fault is not None:
            return fault
        return SkipReason.NAME_CONFLICT if isinstance(node.get(base), dict) else Place(node, base)

    def _enter(self, components: list[bytes]) -> Node | SkipReason:
        node = self._root
        for component in components[:-1]:
            if role_in_git(component):
                return SkipReason.GIT_METADATA  # fsck: a directory of such a name is an error
            below = node.setdefault(component, {})
            if not isinstance(below, dict):
                return SkipReason.NAME_CONFLICT
            node = below
        return node

    def get(self, path: bytes) -> Leaf | None:
        """The leaf at a path, None if there is a directory or nothing."""
        node: Leaf | Node | None = self._root
        for component in split_path(path):
            node = node.get(component) if isinstance(node, dict) else None
        return node if isinstance(node, Leaf) else None

    def finish(self) -> tuple[Node, list[Misfit]]:
        """The root without its single outer directory, and the links that led out of it and were taken away."""
        misfits: list[Misfit] = []
        while True:
            root, prefix = self._strip()
            outside = [(path, leaf) for path, leaf in _links(root) if not _stays_inside(root, path, leaf.target)]
            if not outside:
                return root, misfits
            for path, leaf in outside:
                del _walk(root, path[:-1])[path[-1]]
                misfits.append(Misfit(b"/".join((*prefix, *path)), leaf.size))

    def _strip(self) -> tuple[Node, tuple[bytes, ...]]:
        filled = [(name, below) for name, below in self._root.items() if isinstance(below, Leaf) or _has_leaf(below)]
        if len(filled) == 1:
            name, only = filled[0]
            if isinstance(only, dict):
                return only, (name,)
        return self._root, ()


def _has_leaf(node: Node) -> bool:
    return any(isinstance(below, Leaf) or _has_leaf(below) for below in node.values())


def _walk(node: Node, path: tuple[bytes, ...]) -> Node:
    for name in path:
        below = node[name]
        if isinstance(below, Leaf):
            raise NotADirectoryError(path)
        node = below
    return node


def _links(node: Node, path: tuple[bytes, ...] = ()) -> Iterator[tuple[tuple[bytes, ...], Leaf]]:
    for name, below in node.items():
        if isinstance(below, dict):
            yield from _links(below, (*path, name))
        elif below.mode == LINK_MODE:
            yield (*path, name), below


def _stays_inside(root: Node, path: tuple[bytes, ...], target: bytes) -> bool:
    """Whether following the link can never leave the tree: ``..`` counts only behind real directories."""
    if not target or len(target) > 4096 or target.startswith(b"/") or b"\0" in target or b"\\" in target:
        return False
    nodes: list[Node | None] = [root]
    for name in path[:-1]:
        nodes.append(_below(nodes[-1], name))
    for component in target.split(b"/"):
        if component in {b"", b"."}:
            continue
        if component != b"..":
            if fault_in_component(component) is not None:
                return False
            nodes.append(_below(nodes[-1], component))
        elif nodes[-1] is None or len(nodes) == 1:
            return False
        else:
            nodes.pop()
    return True


def _below(node: Node | None, name: bytes) -> Node | None:
    below = node.get(name) if node is not None else None
    return below if isinstance(below, dict) else None


def write_tree(node: Node, store: Store) -> tuple[bytes, int] | None:
    """Store the tree and all below it; returns its name and how many leaves it holds, None if it holds none."""
    entries = []
    leaves = 0
    for name, below in node.items():
        if isinstance(below, Leaf):
            blob = store(ObjectType.BLOB, below.target) if below.mode == LINK_MODE else below.name
            entries.append((below.mode, name, blob))
            leaves += 1
        elif written := write_tree(below, store):
            entries.append((TREE_MODE, name, written[0]))
            leaves += written[1]
    if not entries:
        return None  # git has no empty directories
    return store(ObjectType.TREE, encode_tree(entries)), leaves
