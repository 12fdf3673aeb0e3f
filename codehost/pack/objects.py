"""Git objects as bytes, and their names (git's documentation: gitformat-pack, git-hash-object)."""

import hashlib
from enum import IntEnum

FILE_MODE = b"100644"
EXECUTABLE_MODE = b"100755"
LINK_MODE = b"120000"
TREE_MODE = b"40000"


class ObjectType(IntEnum):
    """The types of objects with their codes in a pack entry."""

    COMMIT = 1
    TREE = 2
    BLOB = 3


_LABELS = {ObjectType.COMMIT: b"commit %d\0", ObjectType.TREE: b"tree %d\0", ObjectType.BLOB: b"blob %d\0"}


def object_name(kind: ObjectType, body: bytes) -> bytes:
    """The object's name: 20 bytes, SHA-1 of type, a space, size, NUL, and the body."""
    digest = hashlib.sha1(_LABELS[kind] % len(body), usedforsecurity=False)
    digest.update(body)
    return digest.digest()


def encode_tree(entries: list[tuple[bytes, bytes, bytes]]) -> bytes:
    """A tree object of (mode, name, object name) entries, in git's order.

    Each entry: mode in octal digits, a space, the name, NUL, the object's name (20 bytes).
    """
    # Names compare as if those of directories ended with a slash.
    ordered = sorted(entries, key=lambda entry: entry[1] + b"/" if entry[0] == TREE_MODE else entry[1])
    return b"".join([b"%b %b\0%b" % entry for entry in ordered])
