from contextlib import suppress
from random import Random

import pytest

from codehost.unpack.wheelrows import MAX_ROW_CHARACTERS, MAX_ROWS, Row, UnreadableRecordError, read_rows


def row(path: str, algorithm: str = "sha256", digest: str = "x", size: str = "1", fields: int = 3) -> Row:
    return Row(path, algorithm, digest, size, fields)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"", []),
        (b"a,sha256=x,1\nb,sha256=x,1\n", [row("a"), row("b")]),
        (b"a,sha256=x,1\r\nb,sha256=x,1", [row("a"), row("b")]),
        (b"\n\r\na,sha256=x,1\n\n", [row("a")]),
        (b'"a,b",sha256=x,1\n"c""d",sha256=x,1\n', [row("a,b"), row('c"d')]),
        (b'"a\nb",sha256=x,1\n"c\r\nd",sha256=x,1\n', [row("a\nb"), row("c\r\nd")]),
        (b"a,SHA256=x==, 1 \n", [row("a")]),
        ("ä,sha256=x,1\n".encode(), [row("ä")]),
        (b"a\0b,sha256=x,1\n", [row("a\0b")]),
        (b"a,,\n", [row("a", "", "", "")]),
        (b"a\n", [row("a", "", "", "", fields=1)]),
        (b"a,sha256=x,1,,\n", [row("a", fields=5)]),
        (b"a,x,1\n", [row("a", "x", "")]),
        (b",,\n", [row("", "", "", "")]),
        (b"'a',sha256=x,1\n", [row("'a'")]),
    ],
)
def test_rows(content: bytes, rows: list[Row]) -> None:
    assert list(read_rows(content)) == rows


GOOD = b"a,sha256=x,1\n"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff,,\n", "RECORD is not in UTF-8"),
        (b"\xed\xa0\x80,,\n", "RECORD is not in UTF-8"),
        (GOOD + b'"b",sha256=x,1\n"c,,\n', "RECORD is not in CSV form (line 3)"),
        (GOOD + b'"b"c,sha256=x,1\n', "RECORD is not in CSV form (line 2)"),
        (GOOD + b"b" * 140_000 + b",,\n", "RECORD is not in CSV form (line 2)"),
        (GOOD + b"b," * MAX_ROW_CHARACTERS, f"RECORD has a row of more than {MAX_ROW_CHARACTERS} characters"),
        (GOOD + b'"\n",' * MAX_ROW_CHARACTERS, f"RECORD has a row of more than {MAX_ROW_CHARACTERS} characters"),
        (b"\n" * MAX_ROWS + GOOD, f"RECORD has more than {MAX_ROWS} rows"),
    ],
)
def test_unreadable(content: bytes, what: str) -> None:
    with pytest.raises(UnreadableRecordError) as caught:
        list(read_rows(content))
    assert str(caught.value) == what


def test_a_row_may_be_as_long_as_the_last_one() -> None:
    long = b"b" * 100_000 + b",,\n"
    assert len(list(read_rows(long * 5))) == 5


def test_the_rows_before_the_fault_are_good() -> None:
    rows = read_rows(GOOD + b'"')
    assert next(rows) == row("a")
    with pytest.raises(UnreadableRecordError):
        next(rows)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_the_bytes_are_nothing_else_is_raised(seed: int) -> None:
    random = Random(seed)
    content = bytes(random.choices(b'a,"\n\r=\0\xc3\xa4', k=random.randrange(60)))
    with suppress(UnreadableRecordError):
        assert all(found.fields for found in read_rows(content))
