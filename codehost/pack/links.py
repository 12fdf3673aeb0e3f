"""Symbolic links that may not stay in a tree: those that lead out of it, and those that have a twin.

A link stays inside if every step of its target does, whatever the other links are: ``..`` counts only behind real
directories, and a step onto another link is judged by that link's own target.

Two names are twins where a file system takes them for one: ``A`` and ``a``, or ``é`` composed and decomposed. git
keeps both, and so do we, as long as neither is a link: checked out there, what is written under the one name would go
where the other one points (the path to a twin may go through twins of directories).
"""

from collections.abc import Iterator
from typing import NamedTuple

from codehost.model.members import SkipReason
from codehost.pack.nodes import Leaf, Node
from codehost.pack.paths import MAX_PATH_BYTES, fault_in_component, twin_key


class Trail(NamedTuple):
    """A directory and how it was reached. Shared by all below: a path for each would take too much memory."""

    above: "Trail | None"
    name: bytes
    node: Node

    def path(self, base: bytes) -> bytes:
        """The path of an entry of the directory, as from the root."""
        names = [base]
        at = self
        while at.above is not None:
            names.append(at.name)
            at = at.above
        return b"/".join(reversed(names))

    def nodes(self) -> list[Node | None]:
        """The directories on the way, the root first."""
        nodes: list[Node | None] = []
        at: Trail | None = self
        while at is not None:
            nodes.append(at.node)
            at = at.above
        return nodes[::-1]


class Misfit(NamedTuple):
    """A link that may not stay: where it is, and why."""

    trail: Trail
    base: bytes
    size: int
    reason: SkipReason


def misfits(root: Node) -> list[Misfit]:
    """The links below ``root`` that may not stay."""
    top = Trail(None, b"", root)
    links = list(_links(top))
    if not links:
        return []
    twins = _twins(top)
    found = []
    for trail, base, leaf in links:
        if not _stays_inside(trail, leaf.target):
            found.append(Misfit(trail, base, leaf.size, SkipReason.LINK_OUTSIDE))
        elif (id(trail.node), base) in twins:
            found.append(Misfit(trail, base, leaf.size, SkipReason.NAME_CONFLICT))
    return found


def _links(trail: Trail) -> Iterator[tuple[Trail, bytes, Leaf]]:
    for name, below in trail.node.items():
        if isinstance(below, dict):
            yield from _links(Trail(trail, name, below))
        elif below.is_link:
            yield trail, name, below


def _stays_inside(trail: Trail, target: bytes) -> bool:
    if not target or len(target) > MAX_PATH_BYTES or target.startswith(b"/") or b"\\" in target or b"\0" in target:
        return False
    nodes = trail.nodes()
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


def _twins(top: Trail) -> set[tuple[int, bytes]]:
    """The links of whose names there are twins, by the directory's identity and the name in it."""
    twins: set[tuple[int, bytes]] = set()
    waiting = [[top.node]]
    while waiting:
        groups: dict[str, list[tuple[Node, bytes]]] = {}
        # All directories that are one to the laxest file system, and what they hold together.
        for node in waiting.pop():
            for name in node:
                groups.setdefault(twin_key(name), []).append((node, name))
        for group in groups.values():
            entries = [node[name] for node, name in group]
            if len(group) > 1:
                twins.update(
                    (id(node), name)
                    for (node, name), entry in zip(group, entries, strict=True)
                    if isinstance(entry, Leaf) and entry.is_link
                )
            below = [entry for entry in entries if isinstance(entry, dict)]
            if below:
                waiting.append(below)
    return twins
