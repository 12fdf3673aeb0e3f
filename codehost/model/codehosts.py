"""A code host as configured: mirrors, pins, budget and limits."""

from dataclasses import dataclass, field
from enum import StrEnum

from codehost.model.members import Limits
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN, Pin

DEFAULT_REQUESTS_PER_HOUR = 57_600
DEFAULT_CONNECT_TIMEOUT = 5.0

MAX_NAME = 200


def is_name(text: str) -> bool:
    """Whether a code host can be called so: one to ``MAX_NAME`` printable characters."""
    return 0 < len(text) <= MAX_NAME and text.isprintable()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user name and password; neither shows in a representation."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A request header of the mirror's own, such as a token; its value does not show in a representation."""

    name: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How a mirror's TLS is done. Paths lead to PEM files.

    ``ca_bundle`` names authorities trusted beside the system's, on every connection made for the mirror. ``verify``
    False and the client certificate apply to the mirror's own origin only. ``client_key`` is None when the key is in
    the certificate's file.
    """

    verify: bool = True
    ca_bundle: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    client_key_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An HTTP proxy. ``url`` has scheme, host and port and no user information; it is safe to show."""

    url: str
    credentials: Credentials | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One entry of ``urls``.

    ``url`` is the server's base or its simple API's root as written, without user information, query, fragment or
    trailing slash; it is safe to show, and it is the mirror's identity. ``position`` counts from 0 in the order of
    the document. ``credentials`` and ``headers`` are for the mirror's own origin only.

    ``connect_timeout`` bounds the making of a connection, ``deadline`` one request from its start to its last byte
    (None: the fetcher's own bounds); both in seconds. ``allowed_hosts``: names or addresses, in lower case, that
    links and redirects may lead to although their addresses are not public. ``ignore_status_codes``: statuses that
    mean "not here" on this mirror, as 404 and 410 do on all.
    """

    url: str
    position: int = 0
    credentials: Credentials | None = field(default=None, repr=False)
    headers: tuple[Header, ...] = field(default=(), repr=False)
    tls: Tls = Tls()
    proxy: Proxy | None = None
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    deadline: float | None = None
    enabled: bool = True
    allowed_hosts: frozenset[str] = frozenset()
    ignore_status_codes: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return self.url


class IndexStrategy(StrEnum):
    """When the search for a pin ends.

    ``first-match``: at the first mirror that has the release. ``first-index``: at the first that knows the project.
    """

    FIRST_MATCH = "first-match"
    FIRST_INDEX = "first-index"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The hourly allowance of requests. ``requests_per_hour`` 0 means paused; None means no limit."""

    requests_per_hour: int | None = DEFAULT_REQUESTS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostConfig:
    """A valid configuration document, ready to use. ``pins`` keep the document's order."""

    mirrors: tuple[Mirror, ...]
    pins: tuple[Pin, ...]
    rate_limit: RateLimit = RateLimit()
    limits: Limits = field(default_factory=Limits)
    repository_pattern: str = DEFAULT_REPOSITORY_PATTERN
    index_strategy: IndexStrategy = IndexStrategy.FIRST_MATCH
