"""The values of ``proxy`` to proxies."""

from codehost.config.addresses import PROXY, Address, AddressError, parse_address
from codehost.config.credentials import check_in_url, read_credentials
from codehost.config.inspection import Inspection
from codehost.model.codehosts import Proxy


def read_proxy(value: object, at: Inspection) -> Proxy | None:
    """The proxy that a string or an object describes; None for null, after a finding, or where the contract has one."""
    if isinstance(value, str):
        address = _read_address(value, at)
        return Proxy(url=address.start, credentials=address.credentials) if address else None
    if not isinstance(value, dict):
        return None
    url = value.get("url")
    address = _read_address(url, at.at("url")) if isinstance(url, str) else None
    credentials = read_credentials(value, address.credentials if address else None, at)
    return Proxy(url=address.start, credentials=credentials) if address else None


def parse_proxy_url(text: str) -> Address:
    """The address of a proxy.

    Raises:
        AddressError: the text is no URL of a web server, or has a path.
    """
    address = parse_address(text, PROXY)
    if address.path.strip("/"):
        raise AddressError("has a path", f"a proxy has only scheme, host and port: {PROXY.example}")
    return address


def _read_address(text: str, at: Inspection) -> Address | None:
    try:
        address = parse_proxy_url(text)
    except AddressError as error:
        at.report(error.problem, error.hint)
        return None
    check_in_url(address.credentials, at)
    return address
