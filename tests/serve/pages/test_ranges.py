"""Parts of a file."""

import pytest

from codehost.serve.pages.ranges import UnsatisfiableError, wanted_part

PARTS = [
    (None, None),
    ("bytes=0-0", (0, 1)),
    ("bytes=2-", (2, 10)),
    ("bytes=2-99", (2, 10)),
    ("bytes=-3", (7, 10)),
    ("bytes=-99", (0, 10)),
    ("bytes=5-2", None),
    ("bytes=-", None),
    ("bytes=0-1,3-4", None),
    ("lines=1-2", None),
    ("bytes=\u0661-", None),
    ("bytes=" + "9" * 99 + "-", None),
]


@pytest.mark.parametrize(("header", "part"), PARTS)
def test_parts(header: str | None, part: tuple[int, int] | None) -> None:
    assert wanted_part(header, 10) == part


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=0-", 0), ("bytes=-0", 10), ("bytes=-1", 0)])
def test_what_is_outside(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableError, match=str(size)):
        wanted_part(header, size)
