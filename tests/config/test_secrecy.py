import json

import pytest

from codehost.config.secrecy import mask, shown_rest, shown_value
from codehost.config.violations import MAX_TEXT

MASKED = [
    ("https://pypi.org/simple", "https://pypi.org/simple"),
    ("https://user:secret@host/simple", "https://***@host/simple"),
    ("https://secret@host/simple", "https://***@host/simple"),
    ("https://user:sec/ret@host/simple", "https://***@host/simple"),
    ("https://user:secret@secret@host", "https://***@host"),
    ("https://user:sec?ret#secret@host", "https://***@host"),
    ("https://user:secret secret@host", "https://***@host"),
    ("user:secret@host/simple", "***@host/simple"),
    ("//user:secret@host/simple", "***@host/simple"),
    ("https:/user:secret@host", "***@host"),
    ("a @ git+https://user:secret@host/a", "***@host/a"),
    ("https://host/simple?token=secret", "https://host/simple?***"),
    ("https://user:secret@host/?token=secret", "https://***@host/?***"),
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_user_information_and_queries_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    for shown in (shown_value(f'"{text}"', 0, len(text) + 2), shown_rest(f'x"{text}"', 1)):
        assert "secret" not in shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ('"a"', '"a"'),
        ('[ "https://u:p@h",\n\n\t2 ]', '[ "https://***@h", 2 ]'),
        ('"https://u:p\\u0040h"', '"https://***@h"'),
        ('"https://u:p\\"q@h"', '"https://***@h"'),
        ('"\\ud800\\u001b\\u202e"', r'"\ud800\u001b\u202e"'),
        ('"\x7f\u202e"', r'"\x7f\u202e"'),
        ("1.5e3", "1.5e3"),
    ],
)
def test_a_value_is_shown_on_one_line(source: str, shown: str) -> None:
    assert shown_value(source, 0, len(source)) == shown


def test_a_long_value_is_shortened_after_it_is_masked() -> None:
    source = json.dumps(["https://user:" + "secret" * 10_000 + "@host/", *range(100_000)])
    shown = shown_value(source, 0, len(source))
    assert shown.startswith('["https://***@host/", 0, 1, 2')
    assert shown.endswith("…")
    assert len(shown) == MAX_TEXT


@pytest.mark.parametrize(
    ("source", "offset", "shown"),
    [
        ("a b\nc", 2, "b"),
        ("a\r\nb c\r\nd", 3, "b c"),
        ('["https://u:p"w@h/s"]', 13, '***@h/s"]'),
        ('["https://u:p\\u0040h', 1, "***@h"),
        ("a", 1, ""),
    ],
)
def test_broken_syntax_is_shown_to_the_end_of_its_line(source: str, offset: int, shown: str) -> None:
    assert shown_rest(source, offset) == shown
