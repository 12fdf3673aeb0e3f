"""Which server a URL of a document means, however it is written. Pure."""

from codehost.config.addresses import Address, AddressError, AddressKind, parse_address
from codehost.config.proxies import parse_proxy_url
from codehost.config.redaction import bare_url
from codehost.net.origins import BadAddressError, origin_of


def server_of(text: object, kind: AddressKind | None) -> tuple[object, str]:
    """The URL normalised and as it may be shown; None and "" for what is none. Without ``kind`` it is a proxy's."""
    if not isinstance(text, str):
        return None, ""
    try:
        address: Address = parse_proxy_url(text) if kind is None else parse_address(text, kind)
    except AddressError:
        return None, ""
    shown = bare_url(address)
    return normal(shown), shown


def normal(url: str) -> object:
    """Something that is equal for two URLs of the same server and path; None for what is no URL."""
    try:
        return origin_of(url), url.partition("://")[2].partition("/")[2].rstrip("/")
    except BadAddressError:
        return None
