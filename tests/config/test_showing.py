import json

import pytest

from codehost.config.showing import shown_key_of, shown_piece, shown_value
from codehost.config.violations import MAX_TEXT, Path

VALUES: list[tuple[str, Path, str]] = [
    ('"a"', (), '"a"'),
    ('[ "https://u:p@h",\n\n\t2 ]', ("urls",), '[ "https://***@h", 2 ]'),
    ('"https://u:p\\u0040h"', (), '"https://***@h"'),
    ('"https://u:p\\"q@h"', (), '"https://***@h"'),
    ('"\\ud800\\u001b\\u202e"', (), r'"\ud800\u001b\u202e"'),
    ('"\x7f\u202e"', (), r'"\x7f\u202e"'),
    ("1.5e3", (), "1.5e3"),
    ("12345", ("urls", 0, "password"), "***"),
    ('["s", {"k": true}]', ("urls", 0, "password"), '["***", {"***": ***}]'),
    ('{"url": "a", "pass": "s",\n "proxy" : null}', ("urls", 0), '{"url": "a", "pass": "***", "proxy" : null}'),
    ('{"p\\u0061ssword": {"env": "A"}}', ("urls", 0), '{"password": {"env": "A"}}'),
    ('{"X-A": "s", "a b": "s", "url": "s"}', ("urls", 0, "headers"), '{"X-A": "***", "***": "***", "url": "***"}'),
    ('"Authorization: s"', ("urls", 0, "headers"), '"***"'),
]

# A text, what stands before the place of the mistake in it, and what is shown of that place.
PIECES = [
    ("[1 b\nc", "[1 ", "b"),
    ("[1\r\nb c\r\nd", "[1\r\n", "b"),
    ("[1, 2}", "[1, 2", "}"),
    ('["https://u:p"w@h/s"]', '["https://u:p"', "***@h/s"),
    ('["https://u:p"w w@h/s"]', '["https://u:p"', "***"),
    ('["https://u:p"w w\\u0040h/s"]', '["https://u:p"', "***"),
    ('["https://u:p\\u0040h', "[", '"'),
    ('["a\\xb"]', '["a', "\\"),
    ('["a \\xb', '["a ', "\\"),
    ('["a, b \\xb', '["a, b ', "\\"),
    ('{"password": "a, \\xb', '{"password": "a, ', "\\"),
    ('{"password": "s\x01ecret"}', '{"password": "s', r"\x01"),
    ('["a==1" "b==2"]', '["a==1" ', '"b==2"'),
    ('{"password" "secret"}', '{"password" ', '"***"'),
    ('{"password": "a" "secret"}', '{"password": "a" ', '"***"'),
    ('{"password": "a" "username" : 1}', '{"password": "a" ', '"username"'),
    ('{"password": "a" "secret": 1}', '{"password": "a" ', '"***"'),
    ('{"password": {"x": [se cret', '{"password": {"x": [', "***"),
    ('{"password": secret}', '{"password": ', "***"),
    ("{password: 'secret'}", "{", "password"),
    ("{password=secret}", "{", "password"),
    ('{"a": 1} "secret"', '{"a": 1} ', "***"),
    ('secret", "a": 1}', "", "***"),
    ("[1] /* secret", "[1] ", "/*"),
    ("/* open /", "/* open ", ""),
    ("a", "a", ""),
]


@pytest.mark.parametrize(("source", "path", "shown"), VALUES)
def test_a_value_is_shown_on_one_line(source: str, path: Path, shown: str) -> None:
    assert shown_value(f"x {source}, 3", 2, 2 + len(source), path) == shown


def test_a_long_value_is_shortened_after_it_is_masked() -> None:
    source = json.dumps(["https://user:" + "secret" * 10_000 + "@host/", *range(100_000)])
    shown = shown_value(source, 0, len(source), ())
    assert shown.startswith('["https://***@host/", 0, 1, 2')
    assert shown.endswith("…")
    assert len(shown) == MAX_TEXT


@pytest.mark.parametrize(
    ("path", "shown"), [(("a",), '"a"'), (('"\x1b',), r'"\"\u001b"'), (("urls", 0, "password", "a"), '"***"')]
)
def test_a_key_is_shown_in_quotes(path: Path, shown: str) -> None:
    assert shown_key_of(path) == shown


@pytest.mark.parametrize(("text", "before", "shown"), PIECES)
def test_broken_syntax_shows_one_piece(text: str, before: str, shown: str) -> None:
    assert text.startswith(before)
    assert shown_piece(text, len(before)) == shown
