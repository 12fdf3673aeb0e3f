"""Who is believed: 10.0.0.0/8 and fd00::/8 are trusted here."""

from collections.abc import Mapping
from ipaddress import ip_network

import pytest

from codehost.serve.access.forwarded import Client, client_of

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY, STRANGER = "10.0.0.1", "203.0.113.7"


def client(peer: str, headers: Mapping[str, str]) -> tuple[str, str, str]:
    direct = Client(address=peer, scheme="http", authority="inner:3434")
    found = client_of(direct, lambda name: headers.get(name, ""), TRUSTED)
    return found.address, found.scheme, found.authority


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, (PROXY, "http", "inner:3434")),
        ({"X-Forwarded-For": "198.51.100.1"}, ("198.51.100.1", "http", "inner:3434")),
        # The client wrote the first; the proxy the last.
        ({"X-Forwarded-For": "1.1.1.1, 198.51.100.1"}, ("198.51.100.1", "http", "inner:3434")),
        ({"X-Forwarded-For": "1.1.1.1, 198.51.100.1, 10.9.9.9"}, ("198.51.100.1", "http", "inner:3434")),
        ({"X-Forwarded-For": "10.0.0.2, 10.0.0.3"}, ("10.0.0.2", "http", "inner:3434")),
        ({"X-Forwarded-For": "198.51.100.1:4711"}, ("198.51.100.1", "http", "inner:3434")),
        ({"X-Forwarded-For": "[2001:db8::1]:4711"}, ("2001:db8::1", "http", "inner:3434")),
        ({"X-Forwarded-For": "::ffff:198.51.100.1"}, ("198.51.100.1", "http", "inner:3434")),
        ({"X-Forwarded-For": "nonsense"}, (PROXY, "http", "inner:3434")),
        ({"X-Forwarded-For": "198.51.100.1, unknown"}, (PROXY, "http", "inner:3434")),
        (
            {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "code.example.com"},
            ("198.51.100.1", "https", "code.example.com"),
        ),
        ({"X-Forwarded-Proto": "http, HTTPS", "X-Forwarded-Host": "a, b"}, (PROXY, "https", "b")),
        ({"X-Forwarded-Proto": "gopher"}, (PROXY, "http", "inner:3434")),
        (
            {"Forwarded": "for=198.51.100.1;proto=https;host=code.example.com"},
            ("198.51.100.1", "https", "code.example.com"),
        ),
        ({"Forwarded": 'For="[2001:db8::1]:47"; Proto=https'}, ("2001:db8::1", "https", "inner:3434")),
        ({"Forwarded": 'for=1.1.1.1;host="a,b;c", for=198.51.100.1'}, ("198.51.100.1", "http", "inner:3434")),
        ({"Forwarded": "for=198.51.100.1;proto=https, for=10.0.0.5"}, ("198.51.100.1", "https", "inner:3434")),
        ({"Forwarded": "for=_hidden;proto=https"}, (PROXY, "https", "inner:3434")),
        ({"Forwarded": '"' * 3_000}, (PROXY, "http", "inner:3434")),
        # Half a quoted value of the client's would swallow the proxy's own word.
        ({"Forwarded": 'for=6.6.6.6;x=", for="[2001:db8::5]"'}, (PROXY, "http", "inner:3434")),
        ({"Forwarded": 'for=6.6.6.6;x=", for=198.51.100.1'}, (PROXY, "http", "inner:3434")),
        ({"Forwarded": "for=198.51.100.1 for=6.6.6.6"}, (PROXY, "http", "inner:3434")),
        ({"Forwarded": ", for=198.51.100.1 ;; proto=https,, "}, ("198.51.100.1", "https", "inner:3434")),
        ({"Forwarded": f"for=6.6.6.6,{' ' * 3_000}, for=198.51.100.1"}, (PROXY, "http", "inner:3434")),
        # One of the two is the client's own.
        ({"Forwarded": "for=1.1.1.1", "X-Forwarded-For": "198.51.100.1"}, (PROXY, "http", "inner:3434")),
        (
            {"Forwarded": "for=198.51.100.1;proto=https", "X-Forwarded-For": "198.51.100.1"},
            ("198.51.100.1", "https", "inner:3434"),
        ),
    ],
)
def test_behind_a_trusted_proxy(headers: Mapping[str, str], expected: tuple[str, str, str]) -> None:
    assert client(PROXY, headers) == expected


@pytest.mark.parametrize("peer", [STRANGER, "", "fe80::1%eth0"])
def test_nobody_else_is_believed(peer: str) -> None:
    headers = {
        "X-Forwarded-For": "1.1.1.1",
        "Forwarded": "for=1.1.1.1;proto=https;host=evil",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil",
    }
    assert client(peer, headers) == (peer, "http", "inner:3434")


def test_a_proxy_is_known_by_either_form_of_its_address() -> None:
    assert client("::ffff:10.0.0.1", {"X-Forwarded-For": "198.51.100.1"})[0] == "198.51.100.1"
    assert client("fd00::1", {"X-Forwarded-For": "198.51.100.1"})[0] == "198.51.100.1"
