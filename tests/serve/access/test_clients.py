import pytest

from codehost.serve.access.clients import address_in, network_of


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::5", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", None),
        ("name", None),
        ("192.0.2.1:80", None),
    ],
)
def test_whose_an_address_is(text: str, client: str | None) -> None:
    address = address_in(text)
    assert (None if address is None else network_of(address)) == client
