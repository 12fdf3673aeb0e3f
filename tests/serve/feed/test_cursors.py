import pytest

from codehost.record.feed import START, Position
from codehost.serve.feed.cursors import CursorError, read_cursor, write_cursor

POSITIONS = [START, Position(sequence=1, at=1), Position(sequence=2**63 - 1, at=2**63 - 1)]


@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("feed", [0, 7, 2**63 - 1])
def test_there_and_back(feed: int, position: Position) -> None:
    text = write_cursor(feed, position)
    cursor = read_cursor(text)
    assert (cursor.feed, cursor.position) == (feed, position)
    assert all(char.isalnum() or char == "-" for char in text)


@pytest.mark.parametrize("text", ["", "0"])
def test_the_beginning(text: str) -> None:
    cursor = read_cursor(text)
    assert (cursor.feed, cursor.position) == (None, START)


WRONG = ["1", "a-1", "a-b-c", "a-1-1-1", "A-1-1", "a-01-1", "a--1", "a-1-1 ", "a-1-1\n", "a-٣-1", "a-1-" + "f" * 17]
BIG = [f"a-{2**63}-1", f"a-1-{2**63:x}", f"a-{'9' * 19}-1", f"a-{'1' * 10_000}-1"]


@pytest.mark.parametrize("text", [*WRONG, *BIG])
def test_no_cursors(text: str) -> None:
    with pytest.raises(CursorError, match="exactly as an answer had it"):
        read_cursor(text)
