"""Addresses: their origins, what may be sent, and what may be shown. Pure.

Nomenclature: an *origin* is scheme, host and port (RFC 6454); credentials belong to one origin and go nowhere else.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from codehost.model.texts import printable

_DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986: what a path or query may hold as it stands, "%" included because the text is already encoded.
_KEPT = "/?:@!$&'()*+,;=~%-._"

# RFC 952 and 1123, the underscore that some use, and IPv6 addresses (RFC 3986, RFC 6874) as urlsplit bares them.
# Only these have a zone: what follows a "%" elsewhere is cut off by some programs.
_HOST = re.compile(r"(?:[a-z0-9._-]+|[0-9a-f.]*:[0-9a-f.:]*(?:%[a-z0-9._~-]+)?)\Z")

_MALFORMED = "(malformed address)"

# Twice what servers take in a request's first line; a page could name an address of megabytes.
LONGEST_ADDRESS = 16_384
_SHOWN = 2_048


class BadAddressError(ValueError):
    """A text that is no address to send a request to. ``shown`` is safe to show."""

    def __init__(self, shown: str, problem: str) -> None:
        super().__init__(shown, problem)
        self.shown = shown
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.shown} {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host (lower case, IDNA) and port (the scheme's own when the address names none)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        suffix = "" if _DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{suffix}"


def origin_of(url: str) -> Origin:
    """The origin of an address.

    Raises:
        BadAddressError: the address is not http or https, or names no host, or is malformed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadAddressError(shown(url), "is malformed") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise BadAddressError(shown(url), "is neither http nor https")
    if not host:
        raise BadAddressError(shown(url), "names no host")
    return Origin(scheme=parts.scheme, host=_ascii_host(host, url), port=port or _DEFAULT_PORTS[parts.scheme])


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses share scheme, host and port; false when either is no address."""
    try:
        return origin_of(one) == origin_of(other)
    except BadAddressError:
        return False


def same_host(one: str, other: str) -> bool:
    """Whether two addresses share their host, whatever scheme and port; false when either is no address."""
    try:
        return origin_of(one).host == origin_of(other).host
    except BadAddressError:
        return False


def sendable(url: str) -> str:
    """The address as it goes out: without user information and fragment, and with nothing left to encode.

    Percent signs stay as they are, because signed addresses break when they are encoded twice. Bytes of a header that
    are no UTF-8 (surrogates, PEP 383) go out as the bytes that they are.

    Raises:
        BadAddressError: the address is not http or https, or names no host, or is malformed, or is too long.
    """
    if len(url) > LONGEST_ADDRESS:
        raise BadAddressError(shown(url), f"has more than {LONGEST_ADDRESS} characters")
    origin, parts = origin_of(url), urlsplit(url)
    try:
        query = f"?{_encoded(parts.query)}" if parts.query else ""
        return f"{origin}{_encoded(parts.path) or '/'}{query}"
    except UnicodeEncodeError:
        raise BadAddressError(shown(url), "holds what is no character") from None


def _encoded(text: str) -> str:
    return quote(text, safe=_KEPT, errors="surrogateescape")


def without_user_information(url: str) -> str:
    """The address without user information and fragment, otherwise as written."""
    parts = _split(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def shown(url: str) -> str:
    """The address as logs, errors and the database may hold it: no user information, query or fragment.

    A query goes too, because download hosts sign addresses there. Of a malformed address nothing is kept but http or
    https: a password with a slash in it may stand anywhere. What a terminal could obey is written as an escape, and
    what has more than 2,048 characters is cut.
    """
    parts = _split(url)
    if not _splits_well(parts):
        return f"{parts.scheme}://{_MALFORMED}" if parts.scheme in _DEFAULT_PORTS else _MALFORMED
    return printable(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl(), _SHOWN)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        # What does not split may hide a password anywhere: keep nothing of it.
        return SplitResult("", "", _MALFORMED, "", "")


def _splits_well(parts: SplitResult) -> bool:
    """Whether user information can stand nowhere but in the authority."""
    try:
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" not in f"{parts.path}{parts.query}{parts.fragment}":
        return bool(host)
    # In "https://token/rest@host/" what looks like a host is the beginning of a token.
    return "." in host and _HOST.match(host) is not None


def _ascii_host(host: str, url: str) -> str:
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    # Anything else may mean one host here and another to the library that sends the request.
    if not _HOST.match(name):
        raise BadAddressError(shown(url), "has a host name that is not allowed")
    return name
