import pytest

from codehost.model.members import SkipReason
from codehost.pack.paths import (
    MAX_DEPTH,
    MAX_PATH_BYTES,
    fault_in_component,
    fault_in_path,
    fold_name,
    split_path,
    twin_key,
)

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
        b". .",
        b" ",
        b"::1",
        b".\xe9",
        b"..\xe9",
        b".\xff\xfe",
        b"nul",
        b"com1.txt",
        b"git~0",
        b"git~1x",
        "\uff0egit".encode(),
        "\uff47it~1".encode(),
        ".g\u0131t".encode(),
        b"\xc0\xb4\xc1\xa6",  # Chinese in GBK, not an overlong form of anything git knows
        b"a\x85b",
        "a\u0085b\u2028\u202ec".encode(),
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
        # git's search for aliases ends at what is not UTF-8.
        (b".git\xff", GIT),
        (b".GIT\xffabc", GIT),
        (b".git\xe2\x80", GIT),
        (b".git\xed\xa0\x80", GIT),
        (".git\uffff".encode(), GIT),
        (".g\u200cit\ufffe.txt".encode(), GIT),
        # File systems with case folding ignore more than HFS+ does.
        (".g\u00adit".encode(), GIT),
        (".git\u200b".encode(), GIT),
        (".git\ufe0f".encode(), GIT),
        (".\U000e0001git".encode(), GIT),
        ("git\u2060~1".encode(), GIT),
        # Overlong forms.
        (b".\xc1\xa7it", GIT),
        (b"\xc0\xaegit", GIT),
        (b"\xe0\x80\xae\xc1\x87it", GIT),
        (b"\xf0\x80\x80\xaegit", GIT),
        (b".git\xc1\xa7", GIT),
        (b"\xc0\xae\xc0\xae", UNSAFE),
        (b".. ", UNSAFE),
        (b".  ", UNSAFE),
        ("..\u200c".encode(), UNSAFE),
        (b"..:x", UNSAFE),
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
    [
        (b".GitModules", ".gitmodules"),
        (b"x:y", "x"),
        (b"a. .", "a"),
        (b"x\xffy", "x"),
        (b".mailma\xc1\xb0", ".mailmap"),
        (".gitmodule\u017f".encode(), ".gitmodules"),
        ("\ufeffa".encode(), "a"),
    ],
)
def test_fold(name: bytes, folded: str) -> None:
    assert fold_name(name)[-1] == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Readme", "README"),
        ("\u00e9", "e\u0301"),
        ("\u00c9", "e\u0301"),
        ("\u1e9b\u0323", "\u1e9b\u0323".upper()),
        ("stra\u00dfe", "STRASSE"),
        ("\u212a", "k"),
        ("a\u0345\u0301", "a\u0301\u03b9"),
        ("a.", "a"),
        ("a . ", "A"),
        ("a:stream", "a"),
        ("a\u200db", "ab"),
        ("a\u00adb", "AB"),
    ],
)
def test_twins(one: str, other: str) -> None:
    assert twin_key(one.encode()) == twin_key(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a", b"b"),
        (b"a", b"a1"),
        (b"\xff", b"\xfe"),
        (b"\xff", "\ufffd".encode()),
        ("\uff41".encode(), b"a"),
        (b".a", b"a"),
    ],
)
def test_no_twins(one: bytes, other: bytes) -> None:
    assert twin_key(one) != twin_key(other)
