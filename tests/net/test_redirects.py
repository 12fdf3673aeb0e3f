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
        (302, "", None),
        (302, "ht\ttps://o\n/b", "https://o/b"),
        (302, "\\\\127.0.0.1\\b", "https://h/x/%5C%5C127.0.0.1%5Cb"),
        (302, "/b\r\nX: y", "https://h/bX:%20y"),
        (302, "/caf\udce9", "https://h/caf%E9"),
    ],
)
def test_next_hop(status: int, location: str | None, expected: str | None) -> None:
    assert next_hop(status, "https://h/x/a", *([] if location is None else [location])) == expected


@pytest.mark.parametrize(
    "location",
    [
        "ftp://h/a",
        "file:///etc/passwd",
        "data:text/html,secret",
        "javascript:alert(1)",
        "https://o\r\nX: y/b",
        "http:",
        "https:",
        "https:h/x",
        "https:\\\\h\\x",
        "https://h:port/",
        "https://h:99999/",
        "https://a b/",
        "/\ud800",
        "ftp://h/\x1b[31m\udc9b\x9b",
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
    assert str(caught.value).isprintable()


def test_two_places_at_once() -> None:
    assert next_hop(302, "https://h/a", "/b", "/b") == "https://h/b"
    assert next_hop(200, "https://h/a", "/b", "/c") is None
    with pytest.raises(Failure, match="2 addresses at once") as caught:
        next_hop(302, "https://h/a", "/b", "/c")
    assert caught.value.reason is Reason.SERVER_ERROR


def test_http_may_become_https() -> None:
    assert next_hop(301, "http://h/a", "https://h/a") == "https://h/a"


def test_a_scheme_without_a_host_is_no_path() -> None:
    with pytest.raises(Failure, match="names no host") as caught:
        next_hop(302, "http://h/x/a", "http:u:secret@h/x")
    assert "secret" not in str(caught.value)
