"""Colours add classes, and change no text and no line."""

import re
from html import unescape

import pytest

from codehost.serve.pages.colours import colour

_TAG = re.compile(r"</?span[^>]*>")

SOURCES = [
    ("six.py", ("def f(x):", "    '''two", "", "lines'''", "    return x < 1 & 2", "")),
    ("a.py", ("", "", "x = 1")),
    ("a.py", ("x = '\u2028'", "y\x0c = 1", "\x85")),
    ("a.html", ("<script>alert(1)</script>", '<a href="x">&amp;</a>')),
    ("setup.cfg", ("[metadata]", "name = x", "")),
    ("PKG-INFO", ("Metadata-Version: 2.1", "Name: x", "", "text")),
    ("a.c", ('char *s = "', 'x";', "/* never ended")),
    ("a.js", ("`${", "a", "}`")),
]


@pytest.mark.parametrize(("filename", "lines"), SOURCES)
def test_the_text_stays_as_it_is(filename: str, lines: tuple[str, ...]) -> None:
    fragments = colour(lines, filename)
    assert fragments is not None
    assert tuple(unescape(_TAG.sub("", fragment)) for fragment in fragments) == lines
    assert any("<span" in fragment for fragment in fragments)
    for fragment in fragments:
        assert fragment.count("<span") == fragment.count("</span>")
        assert "<" not in _TAG.sub("", fragment)


def test_a_return_within_a_line_ends_none() -> None:
    assert colour(("a = 1\rb = 2", "c = 3"), "x.py") is not None


@pytest.mark.parametrize("filename", ["README", "x.unheard-of", "", "a.txt", "\udcff"])
def test_without_a_lexer_there_are_none(filename: str) -> None:
    assert colour(("x",), filename) is None


def test_a_lexer_that_changes_the_text_is_not_believed() -> None:
    assert colour(("*** Test Cases ***", "A", "  Log  x"), "x.robot") is not None
    assert colour(("*** Test Cases ***", "A", "  Log\tx"), "x.robot") is None


def test_an_empty_file_has_none() -> None:
    assert colour((), "x.py") is None
