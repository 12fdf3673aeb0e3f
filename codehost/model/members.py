"""What an archive holds, what of it is left out, and the bounds on both."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MIB = 1 << 20
GIB = 1 << 30
MAX_LISTED_SKIPS = 10_000
MAX_REMARKS = 100
# What any archive may unpack to, however small it is: below this a ratio says nothing.
UNRATIONED_BYTES = 64 * MIB


class MemberKind(StrEnum):
    """What one entry of an archive is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    DEVICE = "device"


class Member(NamedTuple):
    """One entry of an archive, as read.

    A named tuple and not a dataclass: a hundred thousand of them are made in a second.

    ``path`` is the archive's own name as bytes, without the slash that ends a directory's; nothing vouches for it.
    ``size`` counts bytes of content. ``content`` is None where there is none to store: everything but files and
    symbolic links, and files over the member limit. ``deflated`` is the content as a complete raw deflate stream,
    when the archive holds it so. ``target`` is the name that a link points to. ``mtime``: seconds since the epoch.
    """

    path: bytes
    kind: MemberKind
    executable: bool
    mtime: int
    size: int
    content: bytes | None
    deflated: bytes | None
    target: bytes


class SkipReason(StrEnum):
    """Why a member is not in the repository. The values appear in the database and summaries."""

    TOO_LARGE = "too-large"
    UNSAFE_NAME = "unsafe-name"
    GIT_DIRECTORY = "git-directory"
    DEVICE = "device"
    LINK_OUTSIDE = "link-outside-the-tree"
    LINK_TARGET_MISSING = "link-target-missing"
    NAME_CONFLICT = "name-conflict"
    GIT_METADATA = "unsafe-git-metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A member left out. ``path`` is the archive's own name for it, decoded for display; ``size`` in bytes."""

    path: str
    reason: SkipReason
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for one release; all sizes in bytes. What exceeds ``member_bytes`` is skipped, the rest refuses.

    ``ratio``: how many times its own size an archive may unpack to, beyond the first ``UNRATIONED_BYTES``.
    ``directories`` counts the directories of the tree, ``name_bytes`` the bytes of all names and link targets.
    """

    member_bytes: int = 15 * MIB
    file_bytes: int = 1 * GIB
    unpacked_bytes: int = 8 * GIB
    members: int = 500_000
    ratio: int = 200
    directories: int = 500_000
    name_bytes: int = 64 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestRequest:
    """One distribution file to turn into a bare repository, in a child process.

    ``archive`` is the file in the spool, ``filename`` its name on the mirror, ``repository`` the directory to
    make (it must not exist), ``tag`` the git tag's name.
    """

    archive: str
    filename: str
    sha256: str
    repository: str
    tag: str
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """What became of a distribution file. ``commit`` and ``tree`` are hexadecimal SHA-1 names.

    ``skips`` holds at most ``MAX_LISTED_SKIPS`` entries; ``skipped`` counts all. ``remarks``: at most
    ``MAX_REMARKS`` sentences about what is odd in the archive, but makes no two readings of it.
    """

    commit: str
    tree: str
    files: int
    unpacked_bytes: int
    packed_bytes: int
    skipped: int
    skips: tuple[Skip, ...]
    remarks: tuple[str, ...] = ()
