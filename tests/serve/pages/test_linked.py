"""Where links lead."""

import pytest

from codehost.serve.pages.linked import linked_path


@pytest.mark.parametrize(
    ("link", "target", "leads_to"),
    [
        ((b"a",), b"b", (b"b",)),
        ((b"d", b"a"), b"../b/./c//", (b"b", b"c")),
        ((b"d", b"a"), b"..", ()),
        ((b"a",), b"../b", None),
        ((b"a",), b"/etc/passwd", None),
        ((b"a",), b"b\0", None),
    ],
)
def test_links(link: tuple[bytes, ...], target: bytes, leads_to: tuple[bytes, ...] | None) -> None:
    assert linked_path(link, target) == leads_to
