"""URLs as pip and uv take them, split into what may be shown and what may not."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import NamedTuple

PUBLIC = "https://pypi.org/simple"

_PUBLIC_HOST = "pypi.org"
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5})?)?")
_UNFIT = re.compile(r"[\s\x00-\x20\x7f\\<>\"^`{|}\ud800-\udfff]")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_PORTS = {"http": 80, "https": 443}
_MAX_PORT = 65_535
_MAX_HOST = 253


class AddressError(ValueError):
    """A text that no mirror or proxy can have as its URL. ``problem`` is a clause that shows nothing of the text."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem

    def __str__(self) -> str:
        return self.problem


class Server(NamedTuple):
    """A host in lower case, and its port; None in a rule means every port."""

    host: str
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL without user information, query, fragment and trailing slash: safe to show.

    ``server`` has the scheme's own port where the URL gives none. ``username`` and ``password`` are as the URL has
    them, percent-encoded; None where it has none.
    """

    url: str
    scheme: str
    server: Server
    path: str
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def identity(self) -> tuple[str, Server, str]:
        """What two spellings of one URL have in common."""
        return self.scheme, self.server, self.path

    @property
    def is_public(self) -> bool:
        """Whether this is the public PyPI, asked without a user name."""
        return self.server.host == _PUBLIC_HOST and self.username is None

    @property
    def has_own_port(self) -> bool:
        """Whether the port is another than the scheme's."""
        return self.server.port != _PORTS[self.scheme]


def parse_address(text: str) -> Address:
    """The address that ``text`` writes.

    Raises:
        AddressError: ``text`` is no URL of a web server, or none that a mirror can have.
    """
    match = _URL.fullmatch(text.strip())
    if match is None:
        raise AddressError("is no http or https URL")
    if "@" in match["path"] + match["rest"]:
        # A password with an unencoded / ? or # ends the authority early, and its end would show in the path.
        raise AddressError("has an @ behind its host (in a password / is written %2F, ? %3F and # %23)")
    if match["rest"]:
        raise AddressError("has a query or a fragment, which no mirror may have")
    information, at, shown = match["authority"].rpartition("@")
    path = match["path"].rstrip("/")
    _check_characters(shown + path)
    scheme = match["scheme"].lower()
    username, colon, password = information.partition(":")
    return Address(
        url=f"{scheme}://{shown.removesuffix(':')}{path}",
        scheme=scheme,
        server=_server(shown, _PORTS[scheme]),
        path=path,
        username=username if at else None,
        password=password if colon else None,
    )


def parse_proxy(text: str) -> Address:
    """The proxy that ``text`` writes; without a scheme it is an http proxy, as for pip.

    Raises:
        AddressError: as for ``parse_address``, and for the schemes of other kinds of proxies.
    """
    text = text.strip()
    address = parse_address(text if "://" in text else f"http://{text}")
    # A proxy is a server: what pip finds behind the port, it ignores.
    return Address(
        url=address.url.removesuffix(address.path),
        scheme=address.scheme,
        server=address.server,
        path="",
        username=address.username,
        password=address.password,
    )


def parse_server(text: str) -> Server | None:
    """A ``host`` or ``host:port`` of pip's trusted-host and its like; None for what is neither."""
    match = _SERVER.fullmatch(text.strip())
    if match is None or not _is_host(match["host"]):
        return None
    return Server(match["host"].lower(), int(match["port"]) if match["port"] else None)


def _check_characters(shown: str) -> None:
    if "${" in shown:
        raise AddressError("has a variable outside of user name and password")
    if _UNFIT.search(shown):
        raise AddressError("has a character that no URL may have")


def _server(text: str, otherwise: int) -> Server:
    server = parse_server(text)
    if server is None:
        raise AddressError("has a malformed host or port (in a password @ is written %40 and / %2F)")
    if server.port is None:
        return Server(server.host, otherwise)
    if not 0 < server.port <= _MAX_PORT:
        raise AddressError(f"has a port that is no number from 1 to {_MAX_PORT}")
    return server


def _is_host(host: str) -> bool:
    try:
        if host.startswith("["):
            return bool(IPv6Address(host[1:-1]).compressed)
        ascii_host = host.encode("idna").decode("ascii")
    except ValueError:
        return False
    labels = ascii_host.removesuffix(".").split(".")
    return len(ascii_host) <= _MAX_HOST and all(_LABEL.fullmatch(label) for label in labels)
