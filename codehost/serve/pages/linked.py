"""Where a symbolic link leads. Pure."""

from codehost.reading.snapshot import Path


def linked_path(link: Path, target: bytes) -> Path | None:
    """The path that the link at ``link`` stands for; None when it leads out of the tree."""
    if target.startswith(b"/") or b"\0" in target:
        return None
    path = list(link[:-1])
    for part in target.split(b"/"):
        if part == b"..":
            if not path:
                return None
            path.pop()
        elif part not in {b"", b"."}:
            path.append(part)
    return tuple(path)
