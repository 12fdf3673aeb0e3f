"""The headers that a mirror is sent on its own origin."""

from codehost.config.inspection import Inspection
from codehost.config.secrecy import HEADER_NAME
from codehost.config.secret_values import header_value, read_secret
from codehost.model.codehosts import Header

AUTHORIZATION = "authorization"

# What the HTTP client sets by itself, or what decides how the answer is read.
_OWN = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "te",
        "upgrade",
        "accept",
        "accept-encoding",
        "range",
        "proxy-authorization",
    }
)


def read_headers(value: object, at: Inspection) -> tuple[Header, ...]:
    """The headers in the order of the document, without those that have findings."""
    if not isinstance(value, dict):
        return ()
    headers: list[Header] = []
    spellings: dict[str, str] = {}
    for name, given in value.items():
        place = at.at(name)
        _check_name(name, place)
        first = spellings.setdefault(name.lower(), name)
        if first != name:
            hint = "keep one of the two: case makes no difference"
            place.report("is the same header as the one", hint, at_key=True, first=(*at.path, first))
        text = read_secret(given, place, header_value)
        if text is not None:
            headers.append(Header(name=name, value=text))
    return tuple(headers)


def _check_name(name: str, at: Inspection) -> None:
    # RFC 9110, section 5.1: a field name is a token.
    if not HEADER_NAME.fullmatch(name):
        hint = 'write the name as the key and the value as its value: {"X-Api-Key": {"env": "NAME"}}'
        at.report("is no name of a header", hint, at_key=True)
    elif name.lower() == "proxy-authorization":
        at.report("is for the proxy", 'give "proxy" a username and a password', at_key=True)
    elif name.lower() in _OWN:
        at.report("is a header that codehost sets by itself", "remove it", at_key=True)
