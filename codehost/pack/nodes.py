"""What a tree in the making consists of: directories as dictionaries, files and links as leaves."""

from typing import NamedTuple

from codehost.pack.objects import LINK_MODE


class Leaf(NamedTuple):
    """A file or a symbolic link: mode, object name (20 bytes), size in bytes.

    A link has its ``target`` and gets its object only when it is known to stay inside the tree.
    """

    mode: bytes
    name: bytes
    size: int
    target: bytes = b""

    @property
    def is_link(self) -> bool:
        """Whether this is a symbolic link."""
        return self.mode == LINK_MODE


Node = dict[bytes, "Leaf | Node"]
