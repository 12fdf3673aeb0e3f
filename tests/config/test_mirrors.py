import pytest

from codehost.config.mirrors import MirrorError, parse_mirror
from codehost.model.codehosts import Credentials

PLAIN = [
    ("https://pypi.org/simple", "https://pypi.org/simple"),
    ("https://pypi.org/simple/", "https://pypi.org/simple"),
    ("HTTP://Mirror.example.com//", "HTTP://Mirror.example.com"),
    ("http://localhost:8080/root/pypi/+simple/", "http://localhost:8080/root/pypi/+simple"),
    ("http://index_server/simple", "http://index_server/simple"),
    ("http://[::1]:3141/simple", "http://[::1]:3141/simple"),
    ("https://[2001:db8::1]/simple", "https://[2001:db8::1]/simple"),
    ("https://büro.example/simple", "https://büro.example/simple"),
    ("https://host/a%20b/", "https://host/a%20b"),
    (
        "https://pkgs.example.com/org/_packaging/feed@Local/pypi",
        "https://pkgs.example.com/org/_packaging/feed@Local/pypi",
    ),
    ("https://@host/simple", "https://host/simple"),
]

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


@pytest.mark.parametrize(("text", "url"), PLAIN)
def test_a_url_loses_only_its_last_slashes(text: str, url: str) -> None:
    mirror = parse_mirror(text, 7)
    assert (mirror.url, mirror.position, mirror.credentials) == (url, 7, None)


@pytest.mark.parametrize(("text", "username", "password"), WITH_CREDENTIALS)
def test_user_information_becomes_credentials(text: str, username: str, password: str) -> None:
    mirror = parse_mirror(text)
    assert mirror.url == "https://host/simple"
    assert mirror.credentials == Credentials(username=username, password=password)


@pytest.mark.parametrize(("text", "problem", "hint"), REFUSED)
def test_what_is_no_mirror_is_explained(text: str, problem: str, hint: str) -> None:
    with pytest.raises(MirrorError) as caught:
        parse_mirror(text)
    assert caught.value.problem == problem
    assert caught.value.hint.startswith(hint)
    assert not {"secret", "sec", "cret", "TOKEN"} & set(str(caught.value).replace("@", " ").replace("/", " ").split())


def test_nothing_of_the_credentials_shows() -> None:
    mirror = parse_mirror("https://hidden-user:hidden-word@host/simple")
    assert "hidden" not in f"{mirror} {mirror!r} {mirror.credentials!r}"
