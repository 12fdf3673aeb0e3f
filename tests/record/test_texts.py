import pytest

from codehost.record.texts import (
    MAX_MESSAGE,
    bounded,
    bounded_or_none,
    message,
    storable,
    without_user_information,
)

SECRETS = [
    ("https://ann:secret@h/x", "https://h/x"),
    ("https://secret@h", "https://h"),
    ("https://ann:se@cret@h/x", "https://h/x"),
    ('{"urls": ["http://a:secret@h:1/x", "http://b:secret@i/"]}', '{"urls": ["http://h:1/x", "http://i/"]}'),
    (r'"https:\/\/a:secret@h\/x"', r'"https:\/\/h\/x"'),
    (r'"https://a:secret\u0040h/x"', '"https://h/x"'),
    (r'"https://a:se\u0040cret@h/x"', '"https://h/x"'),
    ("see https://h/a@b and a@b.c // x@y", "see https://h/a@b and a@b.c // x@y"),
    (r'"https:\/\/h\/a@b"', r'"https:\/\/h\/a@b"'),
    ("https://h/?q=a@b", "https://h/?q=a@b"),
]


@pytest.mark.parametrize(("text", "clean"), SECRETS)
def test_without_user_information(text: str, clean: str) -> None:
    assert without_user_information(text) == clean


def test_storable() -> None:
    assert storable("a\0b\udcffc\N{SNOWMAN}") == "a\N{REPLACEMENT CHARACTER}b\\udcffc\N{SNOWMAN}"


def test_a_message_is_bounded_and_clean() -> None:
    assert message("x" * MAX_MESSAGE) == "x" * MAX_MESSAGE
    assert len(message("x" * MAX_MESSAGE + "y")) == MAX_MESSAGE
    assert message("https://u:p@h/ said \0") == "https://h/ said \N{REPLACEMENT CHARACTER}"


def test_what_a_mirror_says_is_bounded() -> None:
    assert bounded_or_none(None) is None
    assert bounded_or_none("") == ""
    assert (
        bounded("http://u:p@h\0" + "y" * MAX_MESSAGE) == "http://u:p@h\N{REPLACEMENT CHARACTER}".ljust(3_999, "y") + "…"
    )
    assert bounded_or_none("y" * 1_000_000) == "y" * (MAX_MESSAGE - 1) + "…"
