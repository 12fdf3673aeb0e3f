import pytest

from codehost.pack.gitfiles import SHORT_NAME, is_harmless, role_in_git

SECTION = b'[submodule "lib/a"]\n'


@pytest.mark.parametrize(
    ("name", "role"),
    [
        (b".gitmodules", ".gitmodules"),
        (b".GITMODULES", ".gitmodules"),
        (b".gitmodules .", ".gitmodules"),
        (b".gitmodules::$DATA", ".gitmodules"),
        (".git\u200cmodules".encode(), ".gitmodules"),
        (b".gitattributes", ".gitattributes"),
        (b".gitignore", ".gitignore"),
        (b".mailmap", ".mailmap"),
        (b"gitmod~1", SHORT_NAME),
        (b"GITATT~4", SHORT_NAME),
        (b"gitign~1.", SHORT_NAME),
        (b"mailma~2", SHORT_NAME),
        (b"gi7eba~1", SHORT_NAME),
        (b"gi7e~123", SHORT_NAME),
        (b"g~123456", SHORT_NAME),
        (b"~1234567", SHORT_NAME),
        (b"maba30~1", SHORT_NAME),
        (b".gitmodules\xff.txt", ".gitmodules"),
        (".gitattribute\u017f".encode(), ".gitattributes"),
        (".gitignore\u00ad".encode(), ".gitignore"),
        (b".mailma\xc1\xb0", ".mailmap"),
        (b".gitmodules" + b" " * 244, ".gitmodules"),
        (b".gitmodules" + b" " * 245, None),
        (("\u0301\u0323" * 500_000).encode(), None),
        (b"gitmodules", None),
        (b".gitmodules.txt", None),
        (b"x.gitmodules", None),
        (b"gitmod~1x", None),
        (b"gitmod~x", None),
        (b"file~123", None),
        (b"~1", None),
        (b"setup.py", None),
        (b".git", None),
    ],
)
def test_roles(name: bytes, role: str | None) -> None:
    assert role_in_git(name) == role


@pytest.mark.parametrize(
    ("role", "content", "harmless"),
    [
        (".gitmodules", b"", True),
        (".gitmodules", b"# comment\n\n; another\r\n", True),
        (".gitmodules", SECTION + b"\tpath = lib/a\n\turl = https://example.com/a/b.git\n", True),
        (".gitmodules", SECTION + b"\tpath=lib/a\r\n\turl=git@example.com:a/b.git\r\n\tbranch = main\r\n", True),
        (".gitmodules", SECTION + b"url = ssh://git@example.com:22/a\nshallow = true\nignore = dirty\n", True),
        (".gitmodules", b"path = lib/a\n" + SECTION, False),
        (".gitmodules", SECTION + b"path = -x\n", False),
        (".gitmodules", SECTION + b"path =   -x\n", False),
        (".gitmodules", SECTION + b"path = a\\\n-x\n", False),
        (".gitmodules", SECTION + b'path = "-x"\n', False),
        (".gitmodules", SECTION + b"path = caf\xff\n", False),
        (".gitmodules", SECTION + b"url = -u./payload\n", False),
        (".gitmodules", SECTION + b"url = ../other\n", False),
        (".gitmodules", SECTION + b"url = https:///x\n", False),
        (".gitmodules", SECTION + b"url = https://x%0ahost\n", False),
        (".gitmodules", SECTION + b"url = ext::sh -c x\n", False),
        (".gitmodules", SECTION + b"url = http::https://x\n", False),
        (".gitmodules", SECTION + b"update = !sh\n", False),
        (".gitmodules", b'[submodule "../x"]\n', False),
        (".gitmodules", b'[submodule "a/.."]\n', False),
        (".gitmodules", b'[submodule "a/../b"]\n', False),
        (".gitmodules", b'[submodule "a\\\\..\\\\b"]\n', False),
        (".gitmodules", b'[submodule ""]\n', False),
        (".gitmodules", b"\x0b" + SECTION, False),
        (".gitmodules", SECTION + b"path = a\r\n\r\n# one\r, two\r\n", True),
        (".gitmodules", SECTION + b"path = a\rurl = https://example.com/b\n", False),
        (".gitmodules", SECTION + b"path = a\r\r\n", False),
        (".gitmodules", b"<html>\n", False),
        (".gitattributes", b"* text=auto\n", True),
        (".gitattributes", b"a" * 2047 + b"\n" + b"b" * 2047, True),
        (".gitattributes", b"a" * 2048, False),
        (".gitattributes", b"# x\n" + b"a" * 2048 + b"\n", False),
        (".gitignore", b"*\n", True),
        (".mailmap", b"x" * 5000, True),
        (SHORT_NAME, b"", False),
    ],
)
def test_what_fsck_accepts(role: str, content: bytes, harmless: bool) -> None:  # noqa: FBT001 - a table
    assert is_harmless(role, content) is harmless
