"""URLs of servers, of mirrors and of proxies: what they are made of, or what is wrong with them."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from urllib.parse import unquote

from codehost.config.secrecy import mask
from codehost.model.codehosts import Credentials

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
_HALF_SCHEME = re.compile(r"(https?):/?(?!/)", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?:file|ftp|data|mailto|ssh|git|socks[45]?h?):", re.IGNORECASE)
_UNFIT = re.compile(r"[\s\x00-\x20\x7f\\<>\"^`{|}\ud800-\udfff]")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_BRACKETED = re.compile(r"(?P<host>\[[^\[\]]*\])(?::(?P<port>.*))?")
_NAMED = re.compile(r"(?P<host>[^:\[\]]*)(?::(?P<port>.*))?")
_PORT = re.compile(r"[0-9]{1,5}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_PORT = 65_535
_MAX_HOST = 253


class AddressError(ValueError):
    """A text that is no URL of its kind. ``problem`` and ``hint`` show no user information and no query."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem, hint)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem}; {self.hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressKind:
    """How URLs of one kind are spoken of. ``scheme`` is the one to write where none is."""

    name: str
    scheme: str
    example: str


MIRROR = AddressKind(name="a mirror is a web server", scheme="https", example="https://pypi.org/simple")
PROXY = AddressKind(name="a proxy is spoken to over HTTP", scheme="http", example="http://proxy.example.com:3128")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL in its pieces. ``start`` is scheme, host and port as written, ``path`` is empty or starts with a slash."""

    start: str
    path: str
    credentials: Credentials | None = field(default=None, repr=False)


def parse_address(text: str, kind: AddressKind) -> Address:
    """The URL in ``text``; its user information is decoded into credentials.

    Raises:
        AddressError: the scheme is neither http nor https, the host is missing or malformed, or the URL has a port out
            of range, spaces, a query or a fragment.
    """
    rest = _without_scheme(text, kind)
    scheme = text[: len(text) - len(rest)]
    _check_characters(rest)
    authority, slash, path = rest.partition("/")
    user_information, _, server = authority.rpartition("@")
    _check_server(server, kind)
    if not user_information and ":" in server and "@" in path:
        # "https://user:123/4@host/" would parse, with the host "user", and the password would show in the path.
        raise AddressError(
            "has an @ in its path behind a port", "in a password write / as %2F; in a path write @ as %40"
        )
    return Address(start=f"{scheme}{server}", path=f"{slash}{path}", credentials=_credentials(user_information))


def is_host(host: str) -> bool:
    """Whether a server may be called so: a name, international or not, or an IPv4 address."""
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return len(ascii_host) <= _MAX_HOST and _HOST.fullmatch(ascii_host) is not None


def _without_scheme(text: str, kind: AddressKind) -> str:
    if not text.strip():
        raise AddressError("is empty", f"write a URL such as {kind.example} or remove the entry")
    if text != text.strip():
        raise AddressError("begins or ends with a space or line break", "remove it")
    scheme = _SCHEME.match(text)
    if scheme and scheme[0].lower() in {"http", "https"}:
        return text[scheme.end() + len("://") :]
    if scheme or _OTHER_SCHEME.match(text):
        name = text.partition(":")[0]
        raise AddressError(f"has the scheme {name}", f"{kind.name}: its URL starts with https:// or http://")
    half = _HALF_SCHEME.match(text)
    bare = text[half.end() :] if half else text.lstrip("/")
    problem = f"lacks slashes behind {half[0]}" if half else "has no scheme"
    raise AddressError(problem, f"write {half[1] if half else kind.scheme}://{mask(bare)}")


def _check_characters(rest: str) -> None:
    if "#" in rest:
        raise AddressError("has a fragment", "remove all from the #; inside a password write %23")
    if "?" in rest:
        raise AddressError("has a query", "remove all from the ?; inside a password write %3F")
    unfit = _UNFIT.search(rest)
    if unfit is None:
        return
    # The character may be part of a password: only its kind is told.
    kind = "a space or line break" if unfit[0].isspace() else "a character that no URL may have"
    raise AddressError(f"contains {kind}", "remove it, or percent-encode it: a space is %20")


def _check_server(server: str, kind: AddressKind) -> None:
    # RFC 3986, section 3.2.2: an IPv6 address stands in brackets, so its colons are not the port's.
    split = _BRACKETED.fullmatch(server) or _NAMED.fullmatch(server)
    host, port = (split["host"], split["port"]) if split else (server, None)
    valid = is_host(host) or (split is not None and _is_ipv6(host[1:-1]))
    if not host:
        raise AddressError("has no host", f"write the server's name behind the slashes: {kind.example}")
    if not valid:
        # A password with an unencoded @ or / leaves a piece of itself where the host should be: it is not told.
        raise AddressError("has a malformed host", "check the server's name; in a password write @ as %40, / as %2F")
    if port is not None and not (_PORT.fullmatch(port) and 0 < int(port) <= _MAX_PORT):
        problem = f"has a port that is no number from 1 to {_MAX_PORT}"
        raise AddressError(problem, "check what follows the colon; in a password write / as %2F, : as %3A")


def _is_ipv6(address: str) -> bool:
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


def _credentials(user_information: str) -> Credentials | None:
    if not user_information:
        return None
    try:
        username, password = (unquote(part, errors="strict") for part in user_information.partition(":")[::2])
    except UnicodeDecodeError:
        raise AddressError("has user information that is not UTF-8", "percent-encode its UTF-8 form") from None
    # RFC 7617, section 2: no colon in the user name, no control character in either.
    if ":" in username or _CONTROL.search(username + password):
        raise AddressError(
            "has user information that basic authentication cannot carry",
            "use a user name without a colon, and no control characters",
        )
    return Credentials(username=username, password=password)
