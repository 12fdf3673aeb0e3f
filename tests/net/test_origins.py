import pytest

from codehost.net.origins import (
    BadAddressError,
    origin_of,
    same_host,
    same_origin,
    sendable,
    shown,
    without_user_information,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://mirror.example.com/simple", "https://mirror.example.com"),
        ("https://mirror.example.com:443/simple", "https://mirror.example.com"),
        ("HTTP://User:pw@Mirror.Example.com:8080/x", "http://mirror.example.com:8080"),
        ("http://[::1]:3141/root", "http://[::1]:3141"),
        ("http://under_score.example/x", "http://under_score.example"),
        ("http://[fe80::1%25eth0]/x", "http://[fe80::1%25eth0]"),
        ("http://①②⑦.⓪.⓪.①/x", "http://127.0.0.1"),
        ("https://bücher.example/simple", "https://xn--bcher-kva.example"),
    ],
)
def test_origin(url: str, expected: str) -> None:
    assert str(origin_of(url)) == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://u:secret@h/x", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("https:///x", "names no host"),
        ("https://h:port/x", "malformed"),
        ("https://u:secret@[::1/x", "malformed"),
        ("https://u:secret@a..b\u0301/x", "host name"),
        ("http://u:secret@a b/x", "host name"),
        ("http://a\\b/x", "host name"),
        ("http://%31%32/x", "host name"),
        ("http://a,b/x", "host name"),
        ("http://10.0.0.1%a/x", "host name"),
        ("http://localhost%25a/x", "host name"),
    ],
)
def test_no_address(url: str, problem: str) -> None:
    with pytest.raises(BadAddressError, match=problem) as caught:
        origin_of(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://h/a", "https://H:443/b", True),
        ("https://h/a", "http://h/a", False),
        ("https://h/a", "https://h:8443/a", False),
        ("https://h/a", "https://h.evil/a", False),
        ("https://h/a", "https://h@evil/a", False),
        ("https://h/a", "ftp://h/a", False),
    ],
)
def test_same_origin(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert same_origin(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://h/a", "https://H:8443/b", True),
        ("https://h/a", "https://h.evil/a", False),
        ("https://h/a", "https://h@evil/a", False),
        ("https://h/a", "ftp://h/a", False),
    ],
)
def test_same_host(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a column of the table
    assert same_host(one, other) is same


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:p@h/a b.zip?x=1#sha256=0", "https://h/a%20b.zip?x=1"),
        ("https://h/a%2Bb+c.whl", "https://h/a%2Bb+c.whl"),
        ("https://h", "https://h/"),
        ("https://h/é?s=a%3D", "https://h/%C3%A9?s=a%3D"),
    ],
)
def test_sendable(url: str, expected: str) -> None:
    assert sendable(url) == expected


def test_shown_keeps_no_secret() -> None:
    assert shown("https://u:secret@h:81/a?token=secret#secret") == "https://h:81/a"
    assert "secret" not in shown("https://u:secret@[::1/a")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://u:secret/x@h/", "https://(malformed address)"),
        ("http://u:P/secret@h/y", "http://(malformed address)"),
        ("http://u:12/secret@h/y", "http://(malformed address)"),
        ("http://u:P?secret@h/y", "http://(malformed address)"),
        ("http://u:P#secret@h/y", "http://(malformed address)"),
        ("http://u:p@secret/W@h/y", "http://(malformed address)"),
        ("https://secret/abc=@h/simple", "https://(malformed address)"),
        ("https://se.cr+et/abc=@h/simple", "https://(malformed address)"),
        ("http:user:secret@h/x", "http://(malformed address)"),
        ("http:/user:secret@h/x", "http://(malformed address)"),
        ("user:secret@h/x", "(malformed address)"),
        ("https://h.example:81/feed@Local/a", "https://h.example:81/feed@Local/a"),
        ("https://h/a", "https://h/a"),
    ],
)
def test_shown_keeps_nothing_of_what_may_hide_a_secret(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize("text", ["\x1b[31m", "\x9b1m", "\u202e", "\udc9b", "\x07", "\u2028"])
def test_shown_keeps_nothing_that_a_terminal_obeys(text: str) -> None:
    for url in (f"https://h/{text}", f"ftp://h{text}/", f"{text}://h/", f"https://h/a?{text}", text):
        assert shown(url).isprintable()


def test_no_character() -> None:
    assert sendable("https://h/caf\udce9?\udce9") == "https://h/caf%E9?%E9"
    with pytest.raises(BadAddressError, match="no character"):
        sendable("https://h/\ud800")


def test_long_addresses() -> None:
    assert len(sendable("https://h/".ljust(16_384, "x"))) == 16_384
    for url in ("https://h/".ljust(16_385, "x"), "https://".ljust(1_000_000, "h"), "https://h/?".ljust(1_000_000, "x")):
        with pytest.raises(BadAddressError, match="more than 16384 characters") as caught:
            sendable(url)
        assert len(str(caught.value)) < 2_200


def test_without_user_information_keeps_the_query() -> None:
    assert without_user_information("https://u:p@h/a?b=c#d") == "https://h/a?b=c"
