import pytest

from codehost.starter.addresses import AddressError, Server, parse_address, parse_proxy, parse_server

GOOD = [
    ("https://pypi.org/simple", "https://pypi.org/simple", ("pypi.org", 443), None, None),
    (" HTTPS://PyPI.org/simple/ ", "https://PyPI.org/simple", ("pypi.org", 443), None, None),
    ("http://u@h.example.com:8080", "http://h.example.com:8080", ("h.example.com", 8080), "u", None),
    ("https://u:p@h.example.com:/x", "https://h.example.com/x", ("h.example.com", 443), "u", "p"),
    ("https://u:p%40:q@@h.example.com/", "https://h.example.com", ("h.example.com", 443), "u", "p%40:q@"),
    ("https://:p@[::1]:3141/root", "https://[::1]:3141/root", ("[::1]", 3141), "", "p"),
    ("https://${U}:${P}@h.example.com/x", "https://h.example.com/x", ("h.example.com", 443), "${U}", "${P}"),
]

# None of the clauses may show anything of the text.
BAD = [
    ("", "is no http or https URL"),
    ("/srv/wheels", "is no http or https URL"),
    ("file:///srv/secret", "is no http or https URL"),
    ("secret.example.com/simple", "is no http or https URL"),
    ("https://user:sec/ret@h.example.com/simple", "has an @ behind its host"),
    ("https://user:1/secret@h.example.com", "has an @ behind its host"),
    ("https://user:sec?ret@h.example.com/simple", "has an @ behind its host"),
    ("https://user:sec#ret@h.example.com/simple", "has an @ behind its host"),
    ("https://h.example.com/simple?token=secret", "has a query or a fragment"),
    ("https://h.example.com/simple#secret", "has a query or a fragment"),
    ("https://${SECRET}/simple", "has a variable"),
    ("https://h.example.com/${SECRET}/simple", "has a variable"),
    ("https://h.example.com/se cret", "has a character"),
    ("https://h.example.com/se\x00cret", "has a character"),
    ("https:///secret", "has a malformed host"),
    ("https://h..example.com/", "has a malformed host"),
    ("https://[::x]/", "has a malformed host"),
    ("https://user:secret", "has a malformed host"),
    ("https://h.example.com:secret/", "has a malformed host"),
    ("https://h.example.com:99999/", "has a port"),
    ("https://h.example.com:0/", "has a port"),
]


@pytest.mark.parametrize(("text", "url", "server", "username", "password"), GOOD)
def test_what_a_url_says(
    text: str, url: str, server: tuple[str, int], username: str | None, password: str | None
) -> None:
    address = parse_address(text)
    assert (address.url, address.server) == (url, server)
    assert (address.username, address.password) == (username, password)


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_a_url_that_no_mirror_has(text: str, problem: str) -> None:
    with pytest.raises(AddressError, match=problem) as caught:
        parse_address(text)
    assert "secret" not in repr(caught.value).lower()


def test_user_information_does_not_show() -> None:
    assert "secret" not in repr(parse_address("https://secret:secret@h.example.com/"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example.com/x", "HTTPS://u:p@A.example.com:443/x/", True),
        ("https://a.example.com/x", "http://a.example.com/x", False),
        ("https://a.example.com/x", "https://a.example.com/X", False),
        ("https://a.example.com/x", "https://a.example.com:8443/x", False),
    ],
)
def test_when_two_urls_are_one_mirror(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a table's column
    assert (parse_address(one).identity == parse_address(other).identity) is same


def test_the_public_pypi_is_asked_without_a_name() -> None:
    assert parse_address("https://PyPI.org").is_public
    assert not parse_address("https://u:p@pypi.org/simple").is_public
    assert not parse_address("https://pypi.org.example.com/simple").is_public


@pytest.mark.parametrize(
    ("text", "url", "username", "password"),
    [
        ("proxy.example.com:3128", "http://proxy.example.com:3128", None, None),
        ("u:p@proxy.example.com:3128", "http://proxy.example.com:3128", "u", "p"),
        ("https://u:p@proxy.example.com/path/", "https://proxy.example.com", "u", "p"),
        ("http://[::1]:3128/", "http://[::1]:3128", None, None),
    ],
)
def test_a_proxy(text: str, url: str, username: str | None, password: str | None) -> None:
    proxy = parse_proxy(text)
    assert (proxy.url, proxy.username, proxy.password) == (url, username, password)


@pytest.mark.parametrize("text", ["socks5://proxy.example.com:1080", "", "u:p/w@proxy.example.com:3128"])
def test_no_proxy_for_http(text: str) -> None:
    with pytest.raises(AddressError):
        parse_proxy(text)


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("Files.example.com", Server("files.example.com", None)),
        ("h.example.com:8443", Server("h.example.com", 8443)),
        ("[::1]:80", Server("[::1]", 80)),
        ("https://h.example.com", None),
        ("u:p@h.example.com", None),
        ("h.example.com:port", None),
        ("*", None),
    ],
)
def test_a_host_that_is_trusted(text: str, server: Server | None) -> None:
    assert parse_server(text) == server
