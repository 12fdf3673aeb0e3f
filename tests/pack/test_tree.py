import pytest

from codehost.model.members import SkipReason
from codehost.pack.objects import EXECUTABLE_MODE, FILE_MODE, LINK_MODE, ObjectType, object_name
from codehost.pack.tree import Leaf, Place, TreeBuilder, write_tree

NAME = bytes(range(20))
FILE = Leaf(FILE_MODE, NAME, 1)
LINK_AWAY = "link-outside-the-tree"


def link(target: bytes) -> Leaf:
    return Leaf(LINK_MODE, b"", len(target), target)


def grow(paths: list[str | tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The paths of the finished tree, and those that were left out; a pair is a link with its target."""
    tree = TreeBuilder()
    left_out = []
    for path in paths:
        name, leaf = (path, FILE) if isinstance(path, str) else (path[0], link(path[1].encode()))
        place = tree.place(name.encode())
        if isinstance(place, Place):
            place.put(leaf)
        else:
            left_out.append(f"{name} {place}")
    root, misfits = tree.finish()
    found: dict[bytes, bytes] = {}

    def store(kind: ObjectType, body: bytes) -> bytes:
        name = object_name(kind, body)
        found[name] = body
        return name

    written = write_tree(root, store)
    left_out += [f"{misfit.path.decode()} {LINK_AWAY}" for misfit in misfits]
    names = sorted(walk(found, written[0])) if written else []
    assert written is None or written[1] == len(names)
    return names, left_out


def walk(found: dict[bytes, bytes], name: bytes, prefix: str = "") -> list[str]:
    paths, body = [], found[name]
    while body:
        head, _, rest = body.partition(b"\0")
        mode, _, base = head.partition(b" ")
        path = prefix + base.decode()
        paths += walk(found, rest[:20], path + "/") if mode == b"40000" else [path]
        body = rest[20:]
    return paths


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["p-1/a", "p-1/b/c"], ["a", "b/c"]),
        (["./p-1/a", "p-1/b/c"], ["a", "b/c"]),
        (["p-1/a", "other"], ["other", "p-1/a"]),
        (["p-1/a", "q/b"], ["p-1/a", "q/b"]),
        (["only"], ["only"]),
        (["a/b/c"], ["b/c"]),
        (["a/b/c", "a/b/d"], ["b/c", "b/d"]),
        (["p-1/a", "/etc/passwd"], ["a"]),
        (["p-1/a", "p-1/a"], ["a"]),
        ([], []),
    ],
)
def test_one_outer_directory_is_stripped(paths: list[str | tuple[str, str]], names: list[str]) -> None:
    assert grow(paths)[0] == names


@pytest.mark.parametrize(
    ("paths", "names", "left_out"),
    [
        (["d/a", "d/a/b"], ["a"], ["d/a/b name-conflict"]),
        (["d/a/b", "d/a"], ["a/b"], ["d/a name-conflict"]),
        (["d/a/b/c", "d/a/b"], ["a/b/c"], ["d/a/b name-conflict"]),
        (["d/a", "d/a/b/c/d", "d/b"], ["a", "b"], ["d/a/b/c/d name-conflict"]),
        (["d/x", ("d/l", "x"), "d/l/y"], ["l", "x"], ["d/l/y name-conflict"]),
        (["d/l/y", ("d/l", ".."), "d/x"], ["l/y", "x"], ["d/l name-conflict"]),
        (["d/x", "d/.git"], ["x"], ["d/.git git-directory"]),
        (["d/x", "d/.git/config", "d/.git/HEAD"], ["x"], ["d/.git/config git-directory", "d/.git/HEAD git-directory"]),
        (["d/x", "d/../y", "d/x\\y"], ["x"], ["d/../y unsafe-name", "d/x\\y unsafe-name"]),
        (["./c:x", "./d:y", "./e"], ["e"], ["./c:x unsafe-name", "./d:y unsafe-name"]),
        (["d/c:x", "d/e"], ["e"], ["d/c:x unsafe-name"]),
        (["d/.gitmodules/f", "d/x"], ["x"], ["d/.gitmodules/f unsafe-git-metadata"]),
        (["d/x", "d/.GitAttributes/a/f"], ["x"], ["d/.GitAttributes/a/f unsafe-git-metadata"]),
    ],
)
def test_conflicts(paths: list[str | tuple[str, str]], names: list[str], left_out: list[str]) -> None:
    assert grow(paths) == (names, left_out)


@pytest.mark.parametrize(
    ("at", "target"),
    [
        ("d/l", "x"),
        ("d/l", "./x"),
        ("d/l", "a//b/"),
        ("d/l", "nowhere"),
        ("d/l", "a/nowhere/deep"),
        ("d/l", "."),
        ("d/a/l", ".."),
        ("d/a/l", "../x"),
        ("d/a/b/l", "../../x"),
        ("d/a/b/l", "../../a/b/../../x"),
        ("d/a/l", "b/.."),
        ("d/l", "a/b/../../x"),
        ("d/l", "l"),
        ("d/l", "m"),
    ],
)
def test_links_that_stay_inside(at: str, target: str) -> None:
    paths: list[str | tuple[str, str]] = ["d/x", "d/a/b/f", (at, target)]
    assert grow(paths) == (sorted(["x", "a/b/f", at.removeprefix("d/")]), [])


@pytest.mark.parametrize(
    ("at", "target"),
    [
        ("d/l", ""),
        ("d/l", "/etc/passwd"),
        ("d/l", "/"),
        ("d/l", ".."),
        ("d/l", "../x"),
        ("d/l", "../d/x"),
        ("d/a/l", "../../x"),
        ("d/l", "a/../../x"),
        ("d/l", "nowhere/../x"),
        ("d/l", "x/../x"),
        ("d/l", "m/../../x"),
        ("d/l", "m/.."),
        ("d/l", "a/./m2/../x"),
        ("d/l", "..\\x"),
        ("d/l", "C:\\x"),
        ("d/l", "C:x"),
        ("d/l", ".git/config"),
        ("d/l", "a/.GIT"),
        ("d/l", "a\0b"),
        ("d/l", "a\nb"),
        ("d/l", "x/" * 2100),
    ],
)
def test_links_that_lead_out(at: str, target: str) -> None:
    # m and m2 are links to directories: behind them `..` is somewhere else.
    paths: list[str | tuple[str, str]] = ["d/x", "d/a/b/f", ("d/m", "a/b"), ("d/a/m2", "b"), (at, target)]
    assert grow(paths) == (["a/b/f", "a/m2", "m", "x"], [f"{at} {LINK_AWAY}"])


def test_a_link_out_of_the_outer_directory_keeps_nothing_from_being_stripped() -> None:
    # Without the first link one outer directory is left; then the second leads out, too.
    paths: list[str | tuple[str, str]] = [("out", "/etc"), ("d/l", "../d/x"), "d/x"]
    assert grow(paths) == (["x"], [f"out {LINK_AWAY}", f"d/l {LINK_AWAY}"])


def test_the_outer_directory_may_hold_links_only() -> None:
    assert grow([("d/l", "m"), ("d/m", "l")]) == (["l", "m"], [])
    assert grow([("d/l", "/etc")]) == ([], [f"d/l {LINK_AWAY}"])


def test_put_tells_of_a_replaced_leaf() -> None:
    tree = TreeBuilder()
    other = FILE._replace(mode=EXECUTABLE_MODE)
    place = tree.place(b"a/b")
    assert isinstance(place, Place)
    assert [place.put(FILE), place.put(FILE), place.put(other)] == [None, None, FILE]
    assert (tree.get(b"a/b"), tree.get(b"./a/b"), tree.get(b"a"), tree.get(b"a/b/c")) == (other, other, None, None)


def test_places_do_not_depend_on_what_came_before() -> None:
    directory = b"d" * 254
    longest = b"/".join([directory] * 16)
    base = b"f" * (4096 - len(longest) - 1)
    for first in (b"x", base):
        tree = TreeBuilder()
        assert isinstance(tree.place(longest + b"/" + first), Place)
        assert isinstance(tree.place(longest + b"/" + base), Place)
        assert tree.place(longest + b"/" + base + b"f") is SkipReason.UNSAFE_NAME
