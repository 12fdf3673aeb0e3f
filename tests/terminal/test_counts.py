import pytest

from codehost.terminal.counts import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 pages"), (1, "1 page"), (2, "2 pages")])
def test_counted(number: int, words: str) -> None:
    assert counted(number, "page") == words
