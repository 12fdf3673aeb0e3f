"""Nothing from elsewhere is invisible or markup."""

import pytest

from codehost.serve.pages.showing import is_web, moment, name_text, plain, read_text, size, visible

SEEN = [
    ("six.py", "six.py"),
    ("a\u202eb", "aU+202Eb"),
    ("\u200b", "U+200B"),
    ("\x1b[31m", "U+001B[31m"),
    ("\x85\u2028", "U+0085U+2028"),
    (name_text(b"a\xffb"), "a\\xffb"),
    ("ä 漢\n\té", "ä 漢\n\té"),
    ("\ud800", "U+D800"),
]


@pytest.mark.parametrize(("text", "seen"), SEEN)
def test_everything_is_seen(text: str, seen: str) -> None:
    assert plain(text) == seen
    shown = visible(text).replace('<span class="odd">', "").replace("</span>", "")
    assert shown == seen
    shown.encode()  # can be sent


def test_markup_is_text() -> None:
    assert visible("<b onclick='x'>&\u202e") == '&lt;b onclick=&#39;x&#39;&gt;&amp;<span class="odd">U+202E</span>'


TEXTS = [
    (b"", (), "UTF-8"),
    (b"a\nb\n", ("a", "b"), "UTF-8"),
    (b"a\nb", ("a", "b"), "UTF-8"),
    (b"a\n\n", ("a", ""), "UTF-8"),
    (b"a\r\nb\rc\n", ("a", "b\rc"), "UTF-8"),
    (b"\xef\xbb\xbfx", ("x",), "UTF-8"),
    ("ä\u2028b\x0c".encode(), ("ä\u2028b\x0c",), "UTF-8"),
    (b"caf\xe9", ("café",), "Latin-1"),
    ("ä\n".encode("utf-16"), ("ä",), "UTF-16"),
    (b"\xff\xfe\x00", ("\ufffd",), "UTF-16"),
]


@pytest.mark.parametrize(("content", "lines", "encoding"), TEXTS)
def test_lines_are_counted_by_line_feeds(content: bytes, lines: tuple[str, ...], encoding: str) -> None:
    text = read_text(content)
    assert text is not None
    assert (text.lines, text.encoding) == (lines, encoding)


def test_binary_content_is_no_text() -> None:
    assert read_text(b"PK\x03\x04\0") is None


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (3 << 20, "3.0 MiB")]
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_moments() -> None:
    assert moment(1_600_000_000_000_000) == "2020-09-13 12:26 UTC"


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://a.example/x", True),
        ("http://a", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example", False),
        ("https://[", False),
        ("https:///x", False),
    ],
)
def test_only_the_web_is_linked_to(url: str, web: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_web(url) is web
