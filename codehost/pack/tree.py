"""The tree of a repository, grown member by member and written at the end.

The outcome is the one that extracting the members in their order would have, less those whose name is unsafe, in whose
way a file or directory is, or that lead out of the tree. Of two members with one name the later one stays, and a later
one that is left out takes the earlier one with it: nobody who installs the release sees that either.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from codehost.model.errors import Failure, Reason
from codehost.model.members import SkipReason
from codehost.model.texts import printable
from codehost.pack.gitfiles import role_in_git
from codehost.pack.links import misfits
from codehost.pack.nodes import Leaf, Node
from codehost.pack.objects import TREE_MODE, ObjectType, encode_tree
from codehost.pack.paths import MAX_PATH_BYTES, fault_in_component, fault_in_path, split_path

Store = Callable[[ObjectType, bytes], bytes]
_SHOWN_CHARACTERS = 200
_REMEMBERED = 10_000
_NOWHERE = frozenset({b"", b"."})
# Stands for directories that are not there; nothing is ever put into it.
_NOTHING: Node = {}


class Place(NamedTuple):
    """Where a leaf may go: a directory and a name in it."""

    node: Node
    base: bytes

    def put(self, leaf: Leaf) -> Leaf | None:
        """Put the leaf there; returns the earlier leaf that it replaced by another content."""
        before = self.node.get(self.base)
        self.node[self.base] = leaf
        return before if isinstance(before, Leaf) and before != leaf else None

    def leaf(self) -> Leaf:
        """The leaf that lies there."""
        leaf = self.node[self.base]
        if not isinstance(leaf, Leaf):
            raise IsADirectoryError(self.base)
        return leaf

    def take(self) -> Leaf:
        """Take the leaf away that lies there."""
        leaf = self.leaf()
        del self.node[self.base]
        return leaf

    def key(self) -> tuple[int, bytes]:
        """What tells the place from all others of the tree."""
        return id(self.node), self.base


class LeftOut(NamedTuple):
    """A link that was taken away again: its path in the archive, its size in bytes, and why."""

    path: bytes
    size: int
    reason: SkipReason


class TreeBuilder:
    """Collects leaves under their paths. Every path passes ``pack.paths`` here, and nowhere is there a way around.

    Memory: some 500 bytes a directory, of which there may be ``directories``.
    """

    def __init__(self, directories: int) -> None:
        self._root: Node = {}
        # Directories whose paths have passed, below the root: most members lie next to the one before.
        self._passed: dict[bytes, Node] = {}
        self._directories = 0
        self._most_directories = directories

    def place(self, path: bytes) -> Place | SkipReason:
        """The place for a leaf, or why it cannot have one.

        Raises:
            Failure: too-large for one directory too many; unsafe-archive when a symbolic link is on the way.
        """
        directory, _, base = path.rpartition(b"/")
        node = self._passed.get(directory)
        if node is None or len(path) > MAX_PATH_BYTES:
            if len(path) > MAX_PATH_BYTES:
                return SkipReason.UNSAFE_NAME
            components = split_path(path)
            entered = fault_in_path(components) or self._enter(components, path)
            if isinstance(entered, SkipReason):
                return entered
            node = entered
            if directory:
                if len(self._passed) >= _REMEMBERED:
                    self._passed.clear()
                self._passed[directory] = node
        fault = fault_in_component(base)
        if fault is not None:
            return fault
        return SkipReason.NAME_CONFLICT if isinstance(node.get(base), dict) else Place(node, base)

    def _enter(self, components: list[bytes], path: bytes) -> Node | SkipReason:
        node = self._root
        for component in components[:-1]:
            below = node.get(component)
            if below is None:
                if role_in_git(component):
                    return SkipReason.GIT_METADATA  # fsck: a directory of such a name is an error
                below = node[component] = self._new_directory()
            elif isinstance(below, Leaf):
                _refuse_way_through(below, path)
                return SkipReason.NAME_CONFLICT
            node = below
        return node

    def _new_directory(self) -> Node:
        self._directories += 1
        if self._directories > self._most_directories:
            raise Failure(
                Reason.TOO_LARGE,
                f"the archive has more than {self._most_directories} directories (limits.directories)",
            )
        return {}

    def reach(self, path: bytes) -> Place | None:
        """Where installers find the leaf that ``path`` names, None if it names no leaf.

        They do without a slash in front, and ``..`` leads upwards, though neither may enter the tree here.

        Raises:
            Failure: unsafe-archive when a symbolic link is on the way.
        """
        # Too long for any file system; and splitting it would take memory.
        components = [] if len(path) > MAX_PATH_BYTES else [part for part in path.split(b"/") if part not in _NOWHERE]
        nodes: list[Node] = [self._root]
        for component in components[:-1]:
            if component == b"..":
                nodes.pop()
                if not nodes:
                    return None
                continue
            below = nodes[-1].get(component, _NOTHING)
            if isinstance(below, Leaf):
                _refuse_way_through(below, path)
                return None
            nodes.append(below)
        found = nodes[-1].get(components[-1]) if components else None
        return Place(nodes[-1], components[-1]) if isinstance(found, Leaf) else None

    def finish(self) -> tuple[Node, list[LeftOut]]:
        """The root without its single outer directory, and the links that may not stay and were taken away."""
        left_out: list[LeftOut] = []
        while True:
            root, prefix = self._strip()
            found = misfits(root)
            if not found:
                return root, left_out
            # Without them another directory may be the single outer one, and other links lead out of that.
            for misfit in found:
                del misfit.trail.node[misfit.base]
                left_out.append(LeftOut(prefix + misfit.trail.path(misfit.base), misfit.size, misfit.reason))

    def _strip(self) -> tuple[Node, bytes]:
        filled = [(name, below) for name, below in self._root.items() if isinstance(below, Leaf) or _has_leaf(below)]
        if len(filled) == 1:
            name, only = filled[0]
            if isinstance(only, dict):
                return only, name + b"/"
        return self._root, b""


def _refuse_way_through(leaf: Leaf, path: bytes) -> None:
    # Some unpackers write to where the link points, and so behind the back of the member that lies there.
    if leaf.is_link:
        shown = printable(path.decode("utf-8", "backslashreplace"), _SHOWN_CHARACTERS)
        raise Failure(
            Reason.UNSAFE_ARCHIVE,
            f"the way to {shown} in the archive leads through a symbolic link: where it ends depends on who unpacks it",
        )


def _has_leaf(node: Node) -> bool:
    return any(isinstance(below, Leaf) or _has_leaf(below) for below in node.values())


def write_tree(node: Node, store: Store) -> tuple[bytes, int] | None:
    """Store the tree and all below it; returns its name and how many leaves it holds, None if it holds none."""
    entries = []
    leaves = 0
    for name, below in node.items():
        if isinstance(below, Leaf):
            blob = store(ObjectType.BLOB, below.target) if below.is_link else below.name
            entries.append((below.mode, name, blob))
            leaves += 1
        elif written := write_tree(below, store):
            entries.append((TREE_MODE, name, written[0]))
            leaves += written[1]
    if not entries:
        return None  # git has no empty directories
    return store(ObjectType.TREE, encode_tree(entries)), leaves


def blobs_of_files(node: Node) -> Iterator[bytes]:
    """The object names of all files in the tree."""
    for below in node.values():
        if isinstance(below, dict):
            yield from blobs_of_files(below)
        elif not below.is_link:
            yield below.name
