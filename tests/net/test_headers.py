from dataclasses import replace

import pytest

from codehost.model.codehosts import Credentials, Header, Mirror, Proxy, Tls
from codehost.net.headers import anonymous, basic, headers_for, proxy_headers

CREDENTIALS = Credentials(username="ada", password="pass:wörd")
BASIC = "Basic YWRhOnBhc3M6d8O2cmQ="
TOKEN = Header(name="X-Token", value="secret")
BEARER = Header(name="Authorization", value="Bearer secret")
WANTED = {"Accept": "*/*", "Accept-Encoding": "identity"}


def mirror(*headers: Header, credentials: Credentials | None = None) -> Mirror:
    return Mirror(url="https://h/simple", headers=headers, credentials=credentials)


@pytest.mark.parametrize(
    ("of", "own"),
    [
        (mirror(), {}),
        (mirror(credentials=CREDENTIALS), {"Authorization": BASIC}),
        (mirror(TOKEN, credentials=CREDENTIALS), {"Authorization": BASIC, "X-Token": "secret"}),
        (mirror(BEARER), {"Authorization": "Bearer secret"}),
        (mirror(Header(name="accept-encoding", value="br")), {}),
    ],
)
def test_own_origin_only(of: Mirror, own: dict[str, str]) -> None:
    assert headers_for(of, "https://h/simple/six/", WANTED) == WANTED | own
    for elsewhere in ("http://h/simple/six/", "https://h:8443/", "https://files.h/", "https://h.example/"):
        assert headers_for(of, elsewhere, WANTED) == WANTED


def test_a_header_in_another_case_is_the_same_header() -> None:
    own = mirror(Header(name="accept", value="text/html"))
    assert headers_for(own, "https://h/", WANTED) == {"Accept-Encoding": "identity", "accept": "text/html"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [("http://h/a", {"Proxy-Authorization": BASIC}), ("https://h/a", {})],
)
def test_proxy_credentials_go_along_only_where_there_is_no_tunnel(url: str, expected: dict[str, str]) -> None:
    proxied = Mirror(url="https://x", proxy=Proxy(url="http://p:3128", credentials=CREDENTIALS))
    assert headers_for(proxied, url, {}) == expected


def test_anonymous() -> None:
    tls = Tls(verify=False, ca_bundle="ca", client_certificate="cert", client_key="key", client_key_password="pw")
    known = replace(mirror(TOKEN, credentials=CREDENTIALS), tls=tls, deadline=3.0)
    assert anonymous(known) == replace(mirror(), tls=Tls(verify=False, ca_bundle="ca"), deadline=3.0)


def test_proxy_headers() -> None:
    assert proxy_headers(Proxy(url="http://p:3128")) == {}
    assert proxy_headers(Proxy(url="http://p:3128", credentials=CREDENTIALS)) == {"Proxy-Authorization": BASIC}
    assert basic(CREDENTIALS) == BASIC
