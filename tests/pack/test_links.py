import errno
import os
import random
from itertools import count
from pathlib import Path

import pytest

from codehost.model.members import SkipReason
from codehost.pack.links import misfits
from codehost.pack.nodes import Leaf, Node
from codehost.pack.objects import FILE_MODE, LINK_MODE
from codehost.pack.paths import twin_key

SEEDS = range(40)
TREES_OF_A_SEED = 10
NAMES = (b"a", b"A", b"b", b"c", "\u00e9".encode(), "e\u0301".encode(), "a\u200c".encode(), b"b.")
STEPS = (*NAMES, *NAMES, b"..", b"..", b"..", b"..", b"..", b".", b"", b"nowhere")


def grown(source: random.Random, depth: int) -> Node:
    node: Node = {}
    for name in source.sample(NAMES, source.randint(1, len(NAMES))):
        kind = source.random()
        if kind < 0.4 and depth:
            node[name] = grown(source, depth - 1)
        elif kind < 0.8:
            target = b"/".join(source.choices(STEPS, k=source.randint(1, 6)))
            node[name] = Leaf(LINK_MODE, b"", len(target), target)
        else:
            node[name] = Leaf(FILE_MODE, bytes(20), 1)
    return node


def pruned(root: Node) -> list[SkipReason]:
    found = misfits(root)
    for misfit in found:
        del misfit.trail.node[misfit.base]
    return [misfit.reason for misfit in found]


def write(node: Node, folder: Path, *, folding: bool) -> None:
    """Lay the tree out on disk; ``folding`` as the laxest file system would, which takes twins for one."""
    if folding and folder.is_file():
        folder.unlink()  # the twin of a directory; which one is there does not matter here
    folder.mkdir(parents=True, exist_ok=True)
    for name, below in node.items():
        path = folder / os.fsdecode(laxly(name) if folding else name)
        if isinstance(below, dict):
            write(below, path, folding=folding)
        elif below.is_link:
            target = b"/".join(map(laxly, below.target.split(b"/"))) if folding else below.target
            path.symlink_to(os.fsdecode(target))
        elif not path.exists():
            path.touch()


def laxly(name: bytes) -> bytes:
    return name if name in {b"", b".", b".."} else twin_key(name).encode()


def loops(path: Path) -> bool:
    """Whether nobody can follow the path, though Python makes something up."""
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def escapes(root: Path) -> list[str]:
    """The paths that lead out of ``root``, as the operating system resolves them."""
    inside = os.path.realpath(root)
    return [
        str(path.relative_to(root))
        for path in root.rglob("*")
        if not loops(path) and not f"{os.path.realpath(path)}/".startswith(f"{inside}/")
    ]


@pytest.mark.parametrize("folding", [False, True], ids=["exact", "folding"])
def test_no_link_that_stays_leads_out(tmp_path: Path, *, folding: bool) -> None:
    numbers = count()
    kept = 0
    for seed in SEEDS:
        source = random.Random(seed)
        for _ in range(TREES_OF_A_SEED):
            root = grown(source, 3)
            pruned(root)
            assert pruned(root) == []
            folder = tmp_path / str(next(numbers)) / "inner"
            write(root, folder, folding=folding)
            assert escapes(folder) == []
            kept += sum(path.is_symlink() for path in folder.rglob("*"))
    assert kept > 100


def test_the_judge_sees_what_leads_out(tmp_path: Path) -> None:
    (tmp_path / "in" / "d").mkdir(parents=True)
    (tmp_path / "in" / "d" / "l").symlink_to("../m/../..")
    (tmp_path / "in" / "m").symlink_to("d")
    (tmp_path / "in" / "fine").symlink_to("d/l2")
    assert escapes(tmp_path / "in") == ["d/l"]


def test_misfits_tell_where_and_why() -> None:
    link = Leaf(LINK_MODE, b"", 4, b"/etc")
    twin = Leaf(LINK_MODE, b"", 1, b"x")
    root: Node = {b"d": {b"e": {b"l": link}, b"T": twin}, b"D": {b"t": {b"f": Leaf(FILE_MODE, bytes(20), 1)}}}
    found = [(one.trail.path(one.base), one.size, one.reason) for one in misfits(root)]
    assert found == [(b"d/e/l", 4, SkipReason.LINK_OUTSIDE), (b"d/T", 1, SkipReason.NAME_CONFLICT)]


def test_a_tree_without_links_has_no_misfits() -> None:
    file = Leaf(FILE_MODE, bytes(20), 1)
    assert misfits({b"a": file, b"A": file, b"d": {b"x": file}, b"D": {b"X": file}}) == []
