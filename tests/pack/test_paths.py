import pytest

from codehost.model.members import SkipReason
from codehost.pack.paths import MAX_DEPTH, MAX_PATH_BYTES, fault_in_component, fault_in_path, fold_name, split_path

UNSAFE, GIT = SkipReason.UNSAFE_NAME, SkipReason.GIT_DIRECTORY


@pytest.mark.parametrize(
    "name",
    [
        b"a",
        b"setup.py",
        b"_x",
        b"-x",
        b"a b",
        b"...",
        b".gitignore",
        b".github",
        b".gitx",
        b"x.git",
        b"git",
        b"git~2",
        b"GIT~10",
        b"name:stream",
        b"con",
        b"a~1",
        b"x" * 255,
        "naïve".encode(),
        "日本".encode(),
        b"caf\xe9",
        b"trailing.",
        b"trailing ",
        "\u200cx".encode(),
    ],
)
def test_names_that_may_enter(name: bytes) -> None:
    assert fault_in_component(name) is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        (b"", UNSAFE),
        (b".", UNSAFE),
        (b"..", UNSAFE),
        (b"a\\b", UNSAFE),
        (b"\\", UNSAFE),
        (b"..\\..\\x", UNSAFE),
        (b"a\nb", UNSAFE),
        (b"a\rb", UNSAFE),
        (b"a\0b", UNSAFE),
        (b"a\x1b[31mb", UNSAFE),
        (b"a\x7f", UNSAFE),
        (b"C:", UNSAFE),
        (b"c:x", UNSAFE),
        (b"x" * 256, UNSAFE),
        (b".git", GIT),
        (b".GIT", GIT),
        (b".Git", GIT),
        (b".git ", GIT),
        (b".git.", GIT),
        (b".git. . ", GIT),
        (b".git:x", GIT),
        (b".git::$INDEX_ALLOCATION", GIT),
        (b".git .:x", GIT),
        (b"git~1", GIT),
        (b"GIT~1", GIT),
        (b"git~1.", GIT),
        (b"git~1:x", GIT),
        (".g\u200cit".encode(), GIT),
        (".git\ufeff".encode(), GIT),
        ("\u202e.git".encode(), GIT),
        (".gi\u206at".encode(), GIT),
        (".\u200dG\u200eI\u200fT".encode(), GIT),
    ],
)
def test_names_that_may_not(name: bytes, fault: SkipReason) -> None:
    assert fault_in_component(name) is fault


def test_every_control_byte_is_unsafe() -> None:
    for byte in (*range(0x20), 0x7F, ord("\\")):
        assert fault_in_component(b"a%cb" % byte) is UNSAFE


@pytest.mark.parametrize(
    ("path", "components"),
    [
        (b"a", [b"a"]),
        (b"a/b", [b"a", b"b"]),
        (b"./a/b", [b"a", b"b"]),
        (b"././a", [b"a"]),
        (b"a/./b", [b"a", b"b"]),
        (b"/a", [b"", b"a"]),
        (b"a//b", [b"a", b"b"]),
        (b"//a", [b"", b"a"]),
        (b".", [b"."]),
        (b"./", [b"."]),
        (b"", [b""]),
    ],
)
def test_split(path: bytes, components: list[bytes]) -> None:
    assert split_path(path) == components


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (b"a/b/c", None),
        (b"./a/b", None),
        (b"/a", UNSAFE),
        (b"a//b", None),
        (b"a/./b", None),
        (b"../a", UNSAFE),
        (b"a/../../b", UNSAFE),
        (b"./../a", UNSAFE),
        (b"C:/a", UNSAFE),
        (b"a/C:x", UNSAFE),
        (b"\\\\host\\share", UNSAFE),
        (b"", UNSAFE),
        (b".", UNSAFE),
        (b"./", UNSAFE),
        (b"a/.git/config", GIT),
        (b".GIT/hooks/x", GIT),
        (b"a/.git", GIT),
        (b"/".join([b"d"] * MAX_DEPTH), None),
        (b"/".join([b"d"] * (MAX_DEPTH + 1)), UNSAFE),
        ((b"d" * 255 + b"/") * 15 + b"f" * 256, UNSAFE),
        ((b"d" * 255 + b"/") * 15 + b"f" * 255, None),
        ((b"d" * 255 + b"/") * 16 + b"f", UNSAFE),
    ],
)
def test_paths(path: bytes, fault: SkipReason | None) -> None:
    assert fault_in_path(split_path(path)) is fault


def test_the_longest_path() -> None:
    longest = (b"d" * 254 + b"/") * 16 + b"f" * (MAX_PATH_BYTES - 16 * 255)
    assert len(longest) == MAX_PATH_BYTES
    assert fault_in_path(split_path(longest)) is None
    assert fault_in_path(split_path(longest + b"f")) is UNSAFE


@pytest.mark.parametrize(
    ("name", "folded"),
    [(b".GitModules", ".gitmodules"), (b"x:y", "x"), (b"a. .", "a"), (b"\xff", "\ufffd"), ("\ufeffa".encode(), "a")],
)
def test_fold(name: bytes, folded: str) -> None:
    assert fold_name(name) == folded
