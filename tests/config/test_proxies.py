import pytest

from codehost.config.proxies import read_proxy
from codehost.model.codehosts import Credentials, Proxy
from tests.config.inspecting import inspection, told

BOB = Credentials(username="bob", password="w/d")

READ: list[tuple[object, Proxy | None]] = [
    (None, None),
    ("http://proxy:3128", Proxy(url="http://proxy:3128")),
    ("https://proxy/", Proxy(url="https://proxy")),
    ("http://[::1]:3128", Proxy(url="http://[::1]:3128")),
    ("http://bob:w%2Fd@proxy:3128/", Proxy(url="http://proxy:3128", credentials=BOB)),
    ({"url": "http://bob:w%2Fd@proxy:3128"}, Proxy(url="http://proxy:3128", credentials=BOB)),
    ({"url": "http://proxy", "username": "bob", "password": "w/d"}, Proxy(url="http://proxy", credentials=BOB)),
    (5, None),
    ({"url": 5}, None),
]

REFUSED: list[tuple[object, list[str]]] = [
    ("", ["is empty; write a URL such as http://proxy.example.com:3128 or remove the entry"]),
    ("proxy:3128", ["has no scheme; write http://proxy:3128"]),
    ("socks5://proxy:1080", ["has the scheme socks5; a proxy is spoken to over HTTP: its URL starts with https:// or"]),
    ("http://proxy:3128/path", ["has a path; a proxy has only scheme, host and port: http://proxy.example.com:3128"]),
    ({"url": "http://proxy?a"}, ["url: has a query; "]),
    ({"url": "http://a:b@proxy", "username": "c"}, ["url: has user information, and username is given too; "]),
    ({"url": "proxy", "password": "p"}, ["url: has no scheme; ", "password: stands without a username; "]),
]


@pytest.mark.parametrize(("value", "proxy"), READ)
def test_a_proxy_is_read(value: object, proxy: Proxy | None) -> None:
    at = inspection()
    assert read_proxy(value, at) == proxy
    assert told(at) == []


@pytest.mark.parametrize(("value", "sentences"), REFUSED)
def test_what_is_no_proxy_is_explained(value: object, sentences: list[str]) -> None:
    at = inspection()
    read_proxy(value, at)
    assert len(told(at)) == len(sentences)
    assert all(found.startswith(sentence) for found, sentence in zip(told(at), sentences, strict=True))
