"""What other readers make of a tar: the judges of whether an archive has one meaning."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from codehost.model.members import Limits, Member, MemberKind
from codehost.unpack.tar import read_tar

GNU_TAR = shutil.which("tar")
# A file's content, a symbolic link's target behind "->", or None for a directory.
Tree = dict[str, bytes | None]


def ours(data: bytes) -> Tree:
    """The tree of what we read; hard links stand for what they name, as they do in a repository."""
    tree: Tree = {}
    for member in read_tar(io.BytesIO(data), ".tar", Limits()):
        tree[os.fsdecode(member.path).removeprefix("./")] = _content(member, tree)
    return _rooted(tree)


def _content(member: Member, tree: Tree) -> bytes | None:
    if member.kind is MemberKind.DIRECTORY:
        return None
    if member.kind is MemberKind.HARDLINK:
        return tree[os.fsdecode(member.target)]
    return b"->" + member.target if member.kind is MemberKind.SYMLINK else member.content


def tarfile_tree(data: bytes) -> Tree:
    """The tree that Python's tarfile lists, what it fails at left out as pip does not see it either."""
    tree: Tree = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info in archive:
            name = info.name.removeprefix("./").rstrip("/")
            file = archive.extractfile(info) if info.isreg() or info.islnk() else None
            tree[name] = b"->" + os.fsencode(info.linkname) if info.issym() else file.read() if file else None
    return _rooted(tree)


def gnu_tar_names(data: bytes) -> list[str]:
    """The names that GNU tar lists; it passes over bodies here that it does not pass over when it extracts."""
    command = [str(GNU_TAR), "-tf", "-", "--warning=none"]
    listed = subprocess.run(command, input=data, capture_output=True, check=False)
    return sorted(os.fsdecode(line).rstrip("/") for line in listed.stdout.splitlines())


def gnu_tar_tree(data: bytes, directory: Path) -> Tree:
    """The tree that GNU tar extracts, whether it complains or not."""
    target = directory / "extracted"
    target.mkdir()
    command = [str(GNU_TAR), "-xf", "-", "-C", str(target), "--no-same-owner", "--warning=none"]
    subprocess.run(command, input=data, capture_output=True, check=False)
    tree: Tree = {}
    for path in sorted(target.rglob("*")):
        name = str(path.relative_to(target))
        if path.is_symlink():
            tree[name] = b"->" + os.fsencode(path.readlink())
        else:
            tree[name] = None if path.is_dir() else path.read_bytes()
    return tree


def _rooted(tree: Tree) -> Tree:
    """The tree with the directories that its paths imply, as extracting makes them."""
    whole = {name: content for name, content in tree.items() if name not in {"", "."}}
    for name in tree:
        for parent in Path(name).parents:
            if str(parent) != ".":
                whole.setdefault(str(parent), None)
    return whole
