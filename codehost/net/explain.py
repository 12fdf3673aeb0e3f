"""What went wrong on the wire, as a clause that a person understands, with what to do where that is not obvious."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp

from codehost.model.codehosts import Mirror, Proxy
from codehost.model.errors import Failure, Reason
from codehost.net.addresses import MisspeltAddressError, RefusedAddressError
from codehost.net.origins import Origin, origin_of
from codehost.net.tls_errors import explain_tls


class LateHeadError(TimeoutError):
    """The head of an answer was not complete in time, though some of it may have come."""


# From the particular to the general: the first class that fits speaks.
_CLAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ConnectionTimeoutError, "connecting to {peer} took too long"),
    (aiohttp.SocketTimeoutError, "{peer} sent nothing for too long"),
    (LateHeadError, "{peer} did not begin its answer in time: there was no whole head"),
    (TimeoutError, "{peer} did not finish its answer in time"),
    (aiohttp.ClientPayloadError, "the connection to {peer} broke before the whole body had come"),
    (aiohttp.ServerDisconnectedError, "{peer} closed the connection without an answer"),
    (aiohttp.ClientResponseError, "{peer} answered with something that is not HTTP"),
)

_PROXY_AUTHENTICATION_REQUIRED = 407

# UnicodeError: a host name that cannot be written in DNS, such as one with a label of 64 characters.
WIRE_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError)


@contextmanager
def at(mirror: Mirror) -> Iterator[None]:
    """Name the mirror in failures that do not name one."""
    try:
        yield
    except Failure as failure:
        raise failure.at(mirror.url) from None


def explain(error: Exception, url: str, proxy: Proxy | None = None) -> Failure:
    """The failure for an exception that a request to ``url`` raised; ``url`` must be sendable.

    Args:
        error: one of ``WIRE_ERRORS``.
        url: what was asked for.
        proxy: the proxy that the request went through.
    """
    origin = origin_of(url)
    if isinstance(error, (aiohttp.InvalidURL, UnicodeError)):
        return Failure(Reason.BLOCKED, f"{origin} is no address that a request can be sent to")
    if isinstance(error, aiohttp.ClientHttpProxyError) and proxy is not None:
        return _proxy_refused(error.status, origin, proxy)
    cause = _cause(error)
    if isinstance(cause, RefusedAddressError):
        return explain_refusal(cause, url)
    failed_proxy = proxy if proxy is not None and _is_about(proxy, error) else None
    peer = f"the proxy {failed_proxy}" if failed_proxy else str(origin)
    if isinstance(cause, ssl.SSLError):
        return explain_tls(cause, peer)
    through = f" (through the proxy {proxy})" if proxy and not failed_proxy else ""
    return Failure(Reason.NETWORK, _clause(error, cause, peer, url) + through)


def explain_refusal(error: RefusedAddressError | MisspeltAddressError, url: str) -> Failure:
    """The failure for an address that the mirror's requests may not reach."""
    if isinstance(error, MisspeltAddressError):
        what = f"{error.host} is an unusual way to write an IP address and is refused: write it in full"
        return Failure(Reason.BLOCKED, what)
    leads = error.host if error.host == error.address else f"{error.host}, which is {error.address}"
    what = (
        f"{origin_of(url)} leads to {leads}: that address is not public ({error.kind}) and is refused; "
        f"if it may be asked for this mirror, add {error.host} to the mirror's allowedHosts"
    )
    return Failure(Reason.BLOCKED, what)


def proxy_wants_credentials(proxy: Proxy) -> Failure:
    """The failure for a proxy that answers 407 (RFC 9110, 15.5.8)."""
    if proxy.credentials is None:
        what = f"the proxy {proxy} wants a user name and password (407): give them with proxy"
    else:
        what = f"the proxy {proxy} does not accept the user name and password that proxy gives (407)"
    return Failure(Reason.AUTH, what)


def _proxy_refused(status: int, origin: Origin, proxy: Proxy) -> Failure:
    if status == _PROXY_AUTHENTICATION_REQUIRED:
        return proxy_wants_credentials(proxy)
    # RFC 9110, 9.3.6: any other status than a success means that there is no tunnel.
    return Failure(Reason.NETWORK, f"the proxy {proxy} makes no connection to {origin} (it answered {status})")


def _clause(error: Exception, cause: Exception, peer: str, url: str) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name of {peer} does not resolve"
    for kind, clause in _CLAUSES:
        if isinstance(error, kind):
            return clause.format(peer=peer) + _other_scheme(error, url)
    if isinstance(cause, ConnectionRefusedError):
        return f"{peer} refused the connection"
    text = cause.strerror if isinstance(cause, OSError) else None
    return f"the connection to {peer} failed" + (f" ({text})" if text else "")


def _other_scheme(error: Exception, url: str) -> str:
    """A hint for plain http on a port of https: such a server closes, or answers with a TLS record."""
    silent = isinstance(error, aiohttp.ServerDisconnectedError)
    garbled = isinstance(error, aiohttp.ClientResponseError)
    return ": is it https?" if url.startswith("http:") and (silent or garbled) else ""


def _is_about(proxy: Proxy, error: Exception) -> bool:
    # The proxy's is the only name that is resolved here; the servers' are resolved by the proxy.
    if isinstance(error, (aiohttp.ClientProxyConnectionError, aiohttp.ClientConnectorDNSError)):
        return True
    if not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ClientConnectorCertificateError)):
        return False
    origin = origin_of(proxy.url)
    return (error.host, error.port) == (origin.host, origin.port)


def _cause(error: Exception) -> Exception:
    """What the library's error is about, where that is another error."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error
    # TLS 1.3 tells a client that its certificate is missing or refused only after the handshake.
    return error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
