import importlib

import pytest

from codehost.imports.requirement_lines import Line, Option, lines_of

TRICKY = """\
# -*- coding: utf-8 -*-
a==1 # comment
b==2#not-a-comment
  c==3  \t
d==4 \\
    --hash=sha256:1 \\
    # via x
e==5 \\
# a comment ends it
f==6

   # indented \\
g==7 # no continuation in a comment \\
h\\
==8
i @ https://files.example.com/i.zip#egg=i
\\
j==10 \\"""


def test_pip_cuts_the_same_lines() -> None:
    of_pip = importlib.import_module("pip._internal.req.req_file")
    assert [(line.number, line.text) for line in lines_of(TRICKY)] == list(of_pip.preprocess(TRICKY))


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("a==1 --hash=sha256:1", "a==1"),
        ("a==1\t--hash=sha256:1", "a==1"),
        ("a-b==1", "a-b==1"),
        ("a ; x == '-e' --hash=1", "a ; x == '-e'"),
    ],
)
def test_options_behind_a_requirement_go(text: str, requirement: str) -> None:
    (line,) = lines_of(text)
    assert (line.requirement, line.options) == (requirement, ())


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("-r a.txt", [("--requirement", "a.txt")]),
        ("-ra.txt", [("--requirement", "a.txt")]),
        ("--requirement=a.txt", [("--requirement", "a.txt")]),
        ("--requirement 'a b.txt'", [("--requirement", "a b.txt")]),
        ("-r", [("--requirement", None)]),
        ("--pre --no-index", [("--pre", None), ("--no-index", None)]),
        ("--what is this --pre", [("--what", None), ("--pre", None)]),
        ("-x", [("-x", None)]),
        ("-i https://a/ -f https://b/", [("--index-url", "https://a/"), ("--find-links", "https://b/")]),
    ],
)
def test_options(text: str, options: list[tuple[str, str | None]]) -> None:
    expected = tuple(Option(name=name, value=value) for name, value in options)
    assert list(lines_of(text)) == [Line(number=1, text=text, options=expected)]


def test_an_open_quote() -> None:
    assert [line.options for line in lines_of("--requirement 'a.txt")] == [None]


def test_a_line_of_options_that_is_too_long_is_not_taken_apart() -> None:
    (line,) = lines_of("-r " + "a" * 4_096)
    assert line.options is None
