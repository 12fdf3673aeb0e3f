import pytest

from codehost.model.errors import Failure, Reason
from codehost.net.redirects import next_hop


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (302, "/b", "https://h/b"),
        (301, "b?c=1#d", "https://h/x/b?c=1"),
        (307, "https://other:8443/b", "https://other:8443/b"),
        (308, "//cdn/b", "https://cdn/b"),
        (303, "https://user:secret@other/b", "https://other/b"),
        (302, None, None),
        (200, "/b", None),
        (304, "/b", None),
    ],
)
def test_next_hop(status: int, location: str | None, expected: str | None) -> None:
    assert next_hop(status, "https://h/x/a", location) == expected


@pytest.mark.parametrize(
    "location",
    [
        "ftp://h/a",
        "file:///etc/passwd",
        "http://h/x/a",
        "https://u:secret@[h/",
        "http:u:secret@h/x",
        "u:secret@h/x",
        "//u:secret/x@h/",
    ],
)
def test_refused(location: str) -> None:
    with pytest.raises(Failure) as caught:
        next_hop(302, "https://h/x/a", location)
    assert caught.value.reason is Reason.BLOCKED
    assert "secret" not in str(caught.value)


def test_http_may_become_https() -> None:
    assert next_hop(301, "http://h/a", "https://h/a") == "https://h/a"


def test_a_scheme_without_a_host_is_no_path() -> None:
    with pytest.raises(Failure, match="names no host") as caught:
        next_hop(302, "http://h/x/a", "http:u:secret@h/x")
    assert "secret" not in str(caught.value)
