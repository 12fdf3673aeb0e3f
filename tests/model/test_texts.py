import pytest

from codehost.model.texts import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode, 中文, 😀", "plain text, ünïcode, 中文, 😀"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("two\nlines\rover\ttab\0", r"two\nlines\rover\ttab\x00"),
        ("right\u202eleft", r"right\u202eleft"),
        ("line\u2028separator", r"line\u2028separator"),
        ("lone\udcff", r"lone\udcff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_could_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"), [("x" * 10, "x" * 10), ("x" * 11, "x" * 9 + "…"), ("\n" * 11, r"\n" * 9 + "…")]
)
def test_what_is_too_long_is_cut_and_then_escaped(text: str, shown: str) -> None:
    assert printable(text, 10) == shown
