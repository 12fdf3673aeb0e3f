import pytest

from codehost.config.inspection import Inspection
from codehost.config.mirrors import parse_mirror, read_mirrors
from codehost.config.surroundings import Unchecked
from codehost.model.codehosts import Credentials, Mirror, Proxy

PROXY = Proxy(url="http://proxy:3128")

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

# The entries of urls, and what is found: path, and the path of the first of the two.
REPEATED: list[tuple[list[object], list[tuple[object, object]]]] = [
    (["https://a/simple", "https://a/simple"], []),
    ([{"url": "https://a"}, {"url": "https://a/simple"}], []),
    ([{"url": "https://a"}, {"url": "http://a"}, {"url": "https://a:8443"}, {"url": "https://a/A"}, "https://a/a"], []),
    ([{"url": "https://a/simple"}, "https://A:443/simple/"], [(("urls", 1), ("urls", 0, "url"))]),
    (["https://u:p@a/simple", {"url": "HTTPS://a/simple"}], [(("urls", 1, "url"), ("urls", 0))]),
    ([5, "https://a", 7, "https://a", {"url": "https://a"}], [(("urls", 4, "url"), ("urls", 1))]),
    (
        [{"url": "http://büro.example"}, {"url": "http://xn--bro-hoa.example:80"}],
        [(("urls", 1, "url"), ("urls", 0, "url"))],
    ),
    (["no url", {"url": "no url"}, {}, {"url": 5}, None], [(("urls", 0), None), (("urls", 1, "url"), None)]),
]


@pytest.mark.parametrize(("text", "url"), PLAIN)
def test_a_url_loses_only_its_last_slashes(text: str, url: str) -> None:
    mirror = parse_mirror(text, 7)
    assert (mirror.url, mirror.position, mirror.credentials) == (url, 7, None)


@pytest.mark.parametrize(("entries", "found"), REPEATED)
def test_a_mirror_is_listed_once(entries: list[object], found: list[tuple[object, object]]) -> None:
    at = Inspection(surroundings=Unchecked(), path=("urls",))
    read_mirrors(entries, None, at)
    assert [(one.path, one.first) for one in at.findings] == found


def test_mirrors_keep_their_places_and_take_the_common_proxy() -> None:
    at = Inspection(surroundings=Unchecked(), path=("urls",))
    entries: list[object] = [
        "https://u:p@a/",
        {"url": "https://b", "enabled": False},
        {"url": "https://c", "proxy": None},
        {"url": "https://d", "proxy": "http://other"},
    ]
    assert read_mirrors(entries, PROXY, at) == (
        Mirror(url="https://a", position=0, credentials=Credentials(username="u", password="p"), proxy=PROXY),
        Mirror(url="https://b", position=1, enabled=False, proxy=PROXY),
        Mirror(url="https://c", position=2),
        Mirror(url="https://d", position=3, proxy=Proxy(url="http://other")),
    )
    assert at.findings == []


def test_nothing_of_the_credentials_shows() -> None:
    mirror = parse_mirror("https://hidden-user:hidden-word@host/simple")
    assert "hidden" not in f"{mirror} {mirror!r} {mirror.credentials!r}"
