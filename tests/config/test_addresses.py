import pytest

from codehost.config.addresses import MIRROR, PROXY, AddressError, is_host, parse_address
from codehost.model.codehosts import Credentials

WITH_CREDENTIALS = [
    ("https://user:password@host/simple", "user", "password"),
    ("https://user@host/simple", "user", ""),
    ("https://:key@host/simple", "", "key"),
    ("https://me%40org:p%3A%2F%23%3F%25%C3%A9@host/simple", "me@org", "p:/#?%é"),
    ("https://user:a:b@host/simple", "user", "a:b"),
    ("https://user:a@b@host/simple", "user", "a@b"),
    ("https://user:a+b@host/simple/", "user", "a+b"),
]

REFUSED = [
    ("", "is empty", "write a URL such as https://pypi.org/simple or remove the entry"),
    ("pypi.org/simple", "has no scheme", "write https://pypi.org/simple"),
    ("localhost:8080/simple", "has no scheme", "write https://localhost:8080/simple"),
    ("//pypi.org/simple", "has no scheme", "write https://pypi.org/simple"),
    ("user:secret@pypi.org/simple", "has no scheme", "write https://***@pypi.org/simple"),
    ("https:/pypi.org/simple", "lacks slashes behind https:/", "write https://pypi.org/simple"),
    ("http:user:secret@pypi.org", "lacks slashes behind http:", "write http://***@pypi.org"),
    ("file:///srv/simple", "has the scheme file", "a mirror is a web server"),
    ("file:/srv/simple", "has the scheme file", "a mirror is a web server"),
    ("ftp://host/simple", "has the scheme ftp", "a mirror is a web server"),
    ("https://", "has no host", "write the server's name"),
    ("https:///simple", "has no host", "write the server's name"),
    ("https://user:secret@/simple", "has no host", "write the server's name"),
    ("https://:8080/simple", "has no host", "write the server's name"),
    ("https://host:0/simple", "has a port that is no number from 1 to 65535", "check what follows the colon"),
    ("https://host:65536/simple", "has a port that is no number from 1 to 65535", "check what follows the colon"),
    ("https://host:/simple", "has a port that is no number from 1 to 65535", "check what follows the colon"),
    (
        "https://user:sec/ret@host/simple",
        "has a port that is no number from 1 to 65535",
        "check what follows the colon",
    ),
    ("https://user:12/secret@host", "has an @ in its path behind a port", "in a password write / as %2F"),
    ("https://-host/simple", "has a malformed host", "check the server's name"),
    ("https://a..b/simple", "has a malformed host", "check the server's name"),
    ("https://a,b/simple", "has a malformed host", "check the server's name"),
    ("https://[::zz]/simple", "has a malformed host", "check the server's name"),
    ("https://[::1]x/simple", "has a malformed host", "check the server's name"),
    ("https://[::1]:x/simple", "has a port that is no number from 1 to 65535", "check what follows the colon"),
    ("https://a[::1]/simple", "has a malformed host", "check the server's name"),
    ("https://[::1/simple", "has a malformed host", "check the server's name"),
    ("https://::1/simple", "has no host", "write the server's name"),
    ("https://" + "a." * 200 + "b/simple", "has a malformed host", "check the server's name"),
    ("https://host/my simple", "contains a space or line break", "remove it, or percent-encode it"),
    (" https://host/simple", "begins or ends with a space or line break", "remove it"),
    ("https://host/simple\n", "begins or ends with a space or line break", "remove it"),
    ("https://host\\simple", "contains a character that no URL may have", "remove it, or percent-encode it"),
    ("https://user:${TOKEN}@host/", "contains a character that no URL may have", "remove it, or percent-encode it"),
    ("https://host/\ud800", "contains a character that no URL may have", "remove it, or percent-encode it"),
    ("https://host/simple?token=secret", "has a query", "remove all from the ?"),
    ("https://host/simple?", "has a query", "remove all from the ?"),
    ("https://host/simple#a", "has a fragment", "remove all from the #"),
    ("https://user:se#cret@host/", "has a fragment", "remove all from the #; inside a password write %23"),
    ("https://user:%ff@host/", "has user information that is not UTF-8", "percent-encode its UTF-8 form"),
    ("https://a%3Ab:secret@host/", "has user information that basic authentication cannot carry", "use a user name"),
    ("https://user:%0A@host/", "has user information that basic authentication cannot carry", "use a user name"),
]


HOSTS = ["localhost", "index_server", "pypi.org", "pypi.org.", "büro.example", "10.0.0.7", "a" * 63 + ".example"]
NO_HOSTS = ["", ".", "a..b", "-a", "a-", "a b", "a:1", "[::1]", "*.a", "a/b", "é" * 64, "a." * 127]


@pytest.mark.parametrize(("text", "username", "password"), WITH_CREDENTIALS)
def test_user_information_becomes_credentials(text: str, username: str, password: str) -> None:
    address = parse_address(text, MIRROR)
    assert (address.start, address.path.rstrip("/")) == ("https://host", "/simple")
    assert address.credentials == Credentials(username=username, password=password)


@pytest.mark.parametrize(("text", "problem", "hint"), REFUSED)
def test_what_is_no_address_is_explained(text: str, problem: str, hint: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text, MIRROR)
    assert caught.value.problem == problem
    assert caught.value.hint.startswith(hint)
    assert not {"secret", "sec", "cret", "TOKEN"} & set(str(caught.value).replace("@", " ").replace("/", " ").split())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("proxy.example.com:3128", "has no scheme; write http://proxy.example.com:3128"),
        ("bob:secret@proxy", "has no scheme; write http://***@proxy"),
        ("bob:secret", "has no scheme; write http://***"),
        ("socks5://proxy:1080", "has the scheme socks5; a proxy is spoken to over HTTP: its URL starts with https://"),
        ("", "is empty; write a URL such as http://proxy.example.com:3128 or remove the entry"),
    ],
)
def test_a_proxy_is_spoken_of_as_one(text: str, told: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text, PROXY)
    assert str(caught.value).startswith(told)


def test_hosts() -> None:
    assert [host for host in HOSTS if not is_host(host)] == []
    assert [host for host in NO_HOSTS if is_host(host)] == []


def test_nothing_of_the_credentials_shows() -> None:
    assert "hidden" not in repr(parse_address("https://hidden-user:hidden-word@host/simple", MIRROR))
