import json
from typing import Any

import pytest

from codehost.config.document import MAX_DEPTH, DocumentError, blank, blank_comments, map_comments, parse

COMMENTED = """// first
{ /* a "quoted" comment */ "urls" /* here */ : // there
  [ "https://a.example//x", /* , */ "b /* no comment */", // }
    "c\\"//d" ,
    /* several
       lines */
  ] , "n": { "a": 1, } , // last
} // "end
"""

MEANS: list[tuple[str, Any]] = [
    (COMMENTED, {"urls": ["https://a.example//x", "b /* no comment */", 'c"//d'], "n": {"a": 1}}),
    ("[1,\r\n\t]", [1]),
    ("[1,// x\r2]", [1, 2]),
    ("[1/**/,/***/]", [1]),
    ('[",]", "{,"]', [",]", "{,"]),
    ("// only\n7", 7),
    ("7 //", 7),
    ('"\\u0040\\ud83d\\ude00"', "@\U0001f600"),
]

KEY = "stands where a key should"
VALUE = "stands where a value should"
BROKEN = [
    ("", 0, "is empty"),
    (" \n\t", 0, "is empty"),
    ("/* nothing */ // at all", 0, "is empty"),
    ("[,]", 1, VALUE),
    ("[1,,]", 3, VALUE),
    ("[1, ,2]", 4, VALUE),
    ("{,}", 1, KEY),
    ('{"a":,}', 5, VALUE),
    ('{"a":1,,}', 7, KEY),
    ("{'a': 1}", 1, KEY),
    ("{a: 1}", 1, KEY),
    ('{"a" 1}', 5, "stands where a colon should"),
    ('{"a": 1 /* x */ "b": 2}', 16, "stands where a comma or a closing bracket should"),
    ('{"a": }', 6, VALUE),
    ('{"a": True}', 6, VALUE),
    ("{} {}", 3, "comes after the end of the document"),
    ('["abc]', 1, "opens a string that is never closed"),
    ('["a\nb"]', 3, "has a line break or control character in a string"),
    ('["\\x"]', 2, "has an escape that JSON does not know"),
    ('["\\u12"]', 3, "has an escape that JSON does not know"),
    ("[1] /* open", 4, "opens a comment that is never closed"),
    ("[1, /", 4, VALUE),
    ('{"a": [1, 2 // x\n', 11, "ends too early"),
    ('{"a": 1\n\n', 7, "ends too early"),
    ('["NaN", NaN]', 8, "is no number in JSON"),
    ("[-Infinity]", 1, "is no number in JSON"),
    ("[Infinity]", 1, "is no number in JSON"),
    ("[1, 1e999]", 4, "is too large a number"),
    ("[" + "9" * 5_000 + "]", 1, "is too large a number"),
    ("[" * 100_000, MAX_DEPTH, f"is nested more than {MAX_DEPTH} levels deep"),
    ('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), 5 * MAX_DEPTH, f"is nested more than {MAX_DEPTH} levels"),
]


@pytest.mark.parametrize(("text", "value"), MEANS)
def test_comments_and_trailing_commas_mean_nothing(text: str, value: Any) -> None:
    assert parse(text).value == value


@pytest.mark.parametrize(("text", "offset", "problem"), BROKEN)
def test_broken_syntax_is_explained_at_its_place(text: str, offset: int, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    assert caught.value.problem.startswith(problem)
    assert caught.value.offset == offset
    assert caught.value.hint


def test_nothing_moves_when_comments_go() -> None:
    plain = blank(COMMENTED)
    assert len(plain) == len(COMMENTED)
    assert [at for at, char in enumerate(plain) if char == "\n"] == [
        at for at, char in enumerate(COMMENTED) if char == "\n"
    ]
    assert json.loads(plain) == parse(COMMENTED).value


def test_comments_go_alone() -> None:
    assert blank_comments('[1, // ,\n "//" /* x */ ,]') == '[1,     \n "//"         ,]'


def test_comments_are_changed_alone() -> None:
    assert map_comments('[1, // a\n "//a" /* a */ ,]', str.upper) == '[1, // A\n "//a" /* A */ ,]'


@pytest.mark.parametrize("text", ['{"a": 1, "b": [true, null, -1.5e3]}', '"a, ]"', "[[], {}]"])
def test_plain_json_stays_as_it_is(text: str) -> None:
    assert blank(text) == text


@pytest.mark.parametrize(
    ("text", "repeats"),
    [('{"a": 1, "a": 2}', True), ('{"x": {"a": 1, "\\u0061": 2}}', True), ('{"a": {"a": 1}, "b": {"a": 1}}', False)],
)
def test_a_repeated_key_is_noticed(text: str, repeats: bool) -> None:  # noqa: FBT001 - a column of the table
    assert parse(text).repeats is repeats


def test_brackets_in_strings_are_no_depth() -> None:
    assert parse(json.dumps(["[{" * MAX_DEPTH])).value == ["[{" * MAX_DEPTH]
    assert parse("[" * MAX_DEPTH + "]" * MAX_DEPTH).value


@pytest.mark.parametrize(
    "text",
    [
        "[" + ",/*" * 50_000,
        '"' * 100_001,
        '["' + '\\"' * 100_000,
        "/" * 100_000,
        ", " * 100_000,
        "{" + " " * 400_000 + ",",
    ],
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        parse(text)
