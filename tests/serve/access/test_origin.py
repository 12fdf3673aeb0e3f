import pytest

from codehost.model.errors import UserError
from codehost.serve.access.forwarded import Client
from codehost.serve.access.origin import Site, site_of

CLIENT = Client(address="", scheme="http", authority="box:3434")


@pytest.mark.parametrize(
    ("base", "public", "expected", "url"),
    [
        (None, None, Site(), "http://box:3434/x"),
        ("/", None, Site(), "http://box:3434/x"),
        ("/codehost/", None, Site(base="/codehost"), "http://box:3434/codehost/x"),
        (None, "https://Code.example.com", Site(public="https://code.example.com"), "https://code.example.com/x"),
        (
            "/a/b",
            "https://code.example.com:8443/a/b/",
            Site(base="/a/b", public="https://code.example.com:8443/a/b"),
            "https://code.example.com:8443/a/b/x",
        ),
        (None, "http://h/a", Site(base="/a", public="http://h/a"), "http://h/a/x"),
    ],
)
def test_site(base: str | None, public: str | None, expected: Site, url: str) -> None:
    site = site_of(base, public)
    assert site == expected
    assert site.origin(CLIENT).url("/x") == url


@pytest.mark.parametrize(
    ("base", "public"),
    [
        ("codehost", None),
        ("/a b", None),
        ("/../a", None),
        ("/a//b", None),
        ("/{x}", None),
        (None, "code.example.com"),
        (None, "ftp://h"),
        (None, "https://user:pass@h"),
        (None, "https://h?x=1"),
        ("/a", "https://h/b"),
    ],
)
def test_no_site(base: str | None, public: str | None) -> None:
    with pytest.raises(UserError) as caught:
        site_of(base, public)
    assert "pass" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/c", "/"), ("/c/", "/"), ("/c/git/x", "/git/x"), ("/git/x", "/git/x"), ("/cc/x", "/cc/x")],
)
def test_inner(path: str, expected: str) -> None:
    assert Site(base="/c").inner(path) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/c/git/a%2Fb?service=x", "/git/a%2Fb"),
        ("/git/a?b?c", "/git/a"),
        ("http://box:3434/c/git/a?b", "/git/a"),
        ("http://box", "/"),
        ("*", "/"),
        ("box:443", "/"),
        ("//c/x", "//c/x"),
    ],
)
def test_the_path_in_a_target(target: str, expected: str) -> None:
    assert Site(base="/c").path_in(target) == expected
