import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import SkipReason
from codehost.pack.nodes import Leaf
from codehost.pack.objects import EXECUTABLE_MODE, FILE_MODE, LINK_MODE, ObjectType, object_name
from codehost.pack.tree import Place, TreeBuilder, write_tree

NAME = bytes(range(20))
FILE = Leaf(FILE_MODE, NAME, 1)
MANY = 1000
LINK_AWAY = "link-outside-the-tree"


def link(target: bytes) -> Leaf:
    return Leaf(LINK_MODE, b"", len(target), target)


def grow(paths: list[str | tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The paths of the finished tree, and those that were left out; a pair is a link with its target."""
    tree = TreeBuilder(MANY)
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
    left_out += [f"{misfit.path.decode()} {misfit.reason}" for misfit in misfits]
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


@pytest.mark.parametrize("step", [1, -1])
@pytest.mark.parametrize(
    ("paths", "names", "left_out"),
    [
        (["d/A", "d/a"], ["A", "a"], []),
        (["d/A", "d/a/b"], ["A", "a/b"], []),
        (["d/\u00e9", "d/e\u0301"], ["e\u0301", "\u00e9"], []),
        (["d/A", ("d/a", "x"), "d/x"], ["A", "x"], ["d/a"]),
        ([("d/A", "x"), ("d/a", "x"), "d/x"], ["x"], ["d/A", "d/a"]),
        ([("d/A", "x"), "d/a/f", "d/x/g"], ["a/f", "x/g"], ["d/A"]),
        (["d/D/l/f", ("d/d/l", "x"), "d/x"], ["D/l/f", "x"], ["d/d/l"]),
        (["d/D/l/f", ("d/d/L", "x"), "d/x"], ["D/l/f", "x"], ["d/d/L"]),
        (["P/l/f", ("p/l", "q"), "p/q/x"], ["P/l/f", "p/q/x"], ["p/l"]),
        (["d/\u00e9/f", ("d/e\u0301", "x"), "d/x"], ["x", "\u00e9/f"], ["d/e\u0301"]),
        (["d/stra\u00dfe/f", ("d/STRASSE", "x"), "d/x"], ["stra\u00dfe/f", "x"], ["d/STRASSE"]),
        (["d/a\u200c/f", ("d/a", "x"), "d/x"], ["a\u200c/f", "x"], ["d/a"]),
        (["d/a. /f", ("d/a", "x"), "d/x"], ["a. /f", "x"], ["d/a"]),
        (["d/D/A", "d/d/a", ("d/e/A", "x"), "d/f/a"], ["D/A", "d/a", "e/A", "f/a"], []),
    ],
)
def test_twins(paths: list[str | tuple[str, str]], names: list[str], left_out: list[str], step: int) -> None:
    found, gone = grow(paths[::step])
    assert (found, sorted(gone)) == (sorted(names), [f"{path} name-conflict" for path in left_out])


def test_a_link_that_leads_out_is_no_twin_but_outside() -> None:
    assert grow([("d/a", "/etc"), "d/A"]) == (["A"], [f"d/a {LINK_AWAY}"])


def test_put_tells_of_a_replaced_leaf() -> None:
    tree = TreeBuilder(MANY)
    other = FILE._replace(mode=EXECUTABLE_MODE)
    place = tree.place(b"a/b")
    assert isinstance(place, Place)
    assert [place.put(FILE), place.put(FILE), place.put(other)] == [None, None, FILE]
    assert place.leaf() == other


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (b"a/b", True),
        (b"./a//b", True),
        (b"/a/b", True),
        (b"a/c/../b", True),
        (b"a/nowhere/../b", True),
        (b"a/b/", True),
        (b"a", False),
        (b"a/b/c", False),
        (b"a/b/../b", False),
        (b"../a/b", False),
        (b"a/../../a/b", False),
        (b"a/..", False),
        (b"..", False),
        (b"", False),
        (b"/", False),
        (b"A/b", False),
        (b"nowhere/b", False),
        (b"./" * 2048 + b"a/b", False),
    ],
)
def test_reach(path: bytes, found: bool) -> None:  # noqa: FBT001 - a table
    tree = TreeBuilder(MANY)
    for name in (b"a/b", b"a/c/d"):
        place = tree.place(name)
        assert isinstance(place, Place)
        place.put(FILE)
    reached = tree.reach(path)
    assert (reached is not None) is found
    if reached is not None:
        assert reached.take() == FILE
        assert tree.reach(b"a/b") is None


@pytest.mark.parametrize("path", [b"d/l/x", b"d/l/x/y", b"d/l/../x", b"/d/l/x", b"d/e/../l/x"])
def test_no_way_leads_through_a_link(path: bytes) -> None:
    tree = TreeBuilder(MANY)
    place = tree.place(b"d/l")
    assert isinstance(place, Place)
    place.put(link(b"e"))
    with pytest.raises(Failure, match="through a symbolic link") as caught:
        tree.reach(path)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


def test_nothing_is_placed_behind_a_link() -> None:
    tree = TreeBuilder(MANY)
    place = tree.place(b"d/l")
    assert isinstance(place, Place)
    place.put(link(b"e"))
    with pytest.raises(Failure, match=r"the way to d/l/\\x1b in the archive leads through a symbolic link"):
        tree.reach(b"d/l/\x1b")
    with pytest.raises(Failure, match="the way to d/l/x/y in the archive leads through a symbolic link"):
        tree.place(b"d/l/x/y")


def test_directories_are_counted_once() -> None:
    tree = TreeBuilder(3)
    for path in (b"a/b/c/f", b"a/b/c/g", b"./a//b/c/h", b"a/i", b"j", b"a/b/.git/x"):
        tree.place(path)
    with pytest.raises(Failure, match=r"more than 3 directories \(limits\.directories\)") as caught:
        tree.place(b"a/d/f")
    assert caught.value.reason is Reason.TOO_LARGE


def test_places_do_not_depend_on_what_came_before() -> None:
    directory = b"d" * 254
    longest = b"/".join([directory] * 16)
    base = b"f" * (4096 - len(longest) - 1)
    for first in (b"x", base):
        tree = TreeBuilder(MANY)
        assert isinstance(tree.place(longest + b"/" + first), Place)
        assert isinstance(tree.place(longest + b"/" + base), Place)
        assert tree.place(longest + b"/" + base + b"f") is SkipReason.UNSAFE_NAME
