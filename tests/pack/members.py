"""Members as an archive's reader would hand them on, for tests of what is made of them."""

from codehost.model.members import Member, MemberKind


def file(path: bytes, content: bytes | None = b"x", *, executable: bool = False, size: int = -1) -> Member:
    """A regular file; without content one that is over the limit."""
    length = size if content is None else len(content)
    return Member(path, MemberKind.FILE, executable, 0, length, content, None, b"")


def symlink(path: bytes, target: bytes) -> Member:
    """A symbolic link, as tar archives hold it."""
    return Member(path, MemberKind.SYMLINK, False, 0, 0, None, None, target)  # noqa: FBT003 - a tuple's fields


def hardlink(path: bytes, target: bytes) -> Member:
    """A hard link to an earlier member."""
    return Member(path, MemberKind.HARDLINK, False, 0, 0, None, None, target)  # noqa: FBT003 - a tuple's fields


def directory(path: bytes, mtime: int = 0) -> Member:
    """A directory."""
    return Member(path, MemberKind.DIRECTORY, False, mtime, 0, None, None, b"")  # noqa: FBT003 - a tuple's fields


def device(path: bytes) -> Member:
    """A device or a pipe."""
    return Member(path, MemberKind.DEVICE, False, 0, 0, None, None, b"")  # noqa: FBT003 - a tuple's fields
