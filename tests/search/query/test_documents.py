import pytest

from codehost.search.query.documents import LARGEST, Document, Subject, as_utf8
from codehost.search.query.trigrams import MOST_TRIGRAMS

UTF8 = [
    (b"abc", "abc"),
    ("é€".encode(), "é€"),
    (b"a\xffb", "a\ufffdb"),
    (b"\xe2\x82a", "\ufffd\ufffda"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
    (b"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"),
    ("\ufffd".encode() + b"\xff", "\ufffd\ufffd"),
]
DIFFERENT = "".join(map(chr, range(0x4E00, 0x4E00 + MOST_TRIGRAMS + 3)))
CONTENTS = [
    (None, False),
    (b"", False),
    (b"ab", False),
    (b"abc", True),
    (b"ab\0", False),
    (b"\0abc", False),
    (b"a" * LARGEST, True),
    (b"a" * (LARGEST + 1), False),
    (DIFFERENT[: MOST_TRIGRAMS + 2].encode(), True),
    (DIFFERENT.encode(), False),
    (b"the same line again\n" * 5_000, True),
]


@pytest.mark.parametrize(("raw", "text"), UTF8)
def test_each_byte_that_is_not_utf_8_is_one_character(raw: bytes, text: str) -> None:
    assert as_utf8(raw).decode() == text


@pytest.mark.parametrize(("content", "expected"), CONTENTS, ids=range(len(CONTENTS)))
def test_what_is_searched(content: bytes | None, *, expected: bool) -> None:
    assert Subject("r", Document(path=b"a", content=content)).searchable() is expected


def test_the_language_of_what_is_not_searched_is_by_name_alone() -> None:
    script = b"#!/bin/sh\n"
    assert Subject("r", Document(path=b"run", content=script)).language() == "Shell"
    assert Subject("r", Document(path=b"run", content=script + b"\0")).language() == ""
    assert Subject("r", Document(path=b"run.py", content=None)).language() == "Python"
    assert Subject("r", Document(path=b"run", content=script + DIFFERENT.encode())).language() == ""
