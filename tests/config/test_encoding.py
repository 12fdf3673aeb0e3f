import codecs

import pytest

from codehost.config.encoding import decode

DOCUMENT = '{"urls": []} // é'


@pytest.mark.parametrize("data", [DOCUMENT.encode(), codecs.BOM_UTF8 + DOCUMENT.encode()])
def test_utf_8_is_read_with_or_without_a_mark(data: bytes) -> None:
    assert decode(data) == (DOCUMENT, None)


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_other_unicode_encodings_are_named(name: str) -> None:
    text, found = decode(DOCUMENT.encode(name))
    assert found
    assert text == DOCUMENT
    assert str(found).startswith(f"line 1, column 1: the document is in {name.upper()}")
    assert str(found).endswith("not UTF-8; save the file as UTF-8")


@pytest.mark.parametrize(
    ("data", "line", "column", "shown"),
    [
        (b"\xff", 1, 1, r"\xff"),
        (b'{\n"\xc3\xa9\xe9": 1}', 2, 3, r"\xe9"),
        (b"a\r\nb\rcd\xc3", 3, 3, r"\xc3"),
        (codecs.BOM_UTF8 + b"ab\xed\xa0\x80", 1, 3, r"\xed"),
    ],
)
def test_the_first_wrong_byte_is_placed(data: bytes, line: int, column: int, shown: str) -> None:
    text, found = decode(data)
    assert found
    assert (found.line, found.column, found.text, found.problem) == (line, column, shown, "is not UTF-8")
    assert "\ufffd" in text
