"""What went wrong on the wire, as a clause that a person understands."""

import ssl

import aiohttp

from codehost.model.errors import Failure, Reason
from codehost.net.origins import origin_of

# From the particular to the general: the first class that fits speaks.
_CLAUSES: tuple[tuple[type[Exception], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "the name of {origin} does not resolve"),
    (aiohttp.ClientConnectorCertificateError, "the certificate of {origin} is not trusted"),
    (aiohttp.ClientSSLError, "the TLS handshake with {origin} failed"),
    (aiohttp.ConnectionTimeoutError, "connecting to {origin} took too long"),
    (aiohttp.SocketTimeoutError, "{origin} sent nothing for too long"),
    (TimeoutError, "{origin} did not finish its answer in time"),
    (aiohttp.ClientPayloadError, "the connection to {origin} broke before the whole body had come"),
    (aiohttp.ServerDisconnectedError, "{origin} closed the connection without an answer"),
    (aiohttp.ClientResponseError, "{origin} answered with something that is not HTTP"),
)

# UnicodeError: a host name that cannot be written in DNS, such as one with a label of 64 characters.
WIRE_ERRORS = (aiohttp.ClientError, TimeoutError, OSError, UnicodeError)


def explain(error: Exception, url: str) -> Failure:
    """The failure for an exception that a request to ``url`` raised; ``url`` must be sendable."""
    origin = origin_of(url)
    if isinstance(error, (aiohttp.InvalidURL, UnicodeError)):
        return Failure(Reason.BLOCKED, f"{origin} is no address that a request can be sent to")
    for kind, clause in _CLAUSES:
        if isinstance(error, kind):
            return Failure(Reason.NETWORK, clause.format(origin=origin) + _detail(error))
    refused = _os_error(error)
    if isinstance(refused, ConnectionRefusedError):
        return Failure(Reason.NETWORK, f"{origin} refused the connection")
    if isinstance(refused, ssl.SSLError):
        return Failure(Reason.NETWORK, f"the TLS handshake with {origin} failed{_tls_detail(refused)}")
    because = f" ({refused.strerror})" if refused is not None and refused.strerror else ""
    return Failure(Reason.NETWORK, f"the connection to {origin} failed{because}")


def _detail(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        # ssl.SSLCertVerificationError names what it found, for example an expired certificate.
        message = getattr(error.certificate_error, "verify_message", "")
        return f" ({message})" if message else ""
    if isinstance(error, aiohttp.ClientConnectorSSLError) and isinstance(error.os_error, ssl.SSLError):
        return _tls_detail(error.os_error)
    return ""


def _tls_detail(error: ssl.SSLError) -> str:
    # OpenSSL's name of what it met: WRONG_VERSION_NUMBER and the like where a server speaks plain HTTP.
    reason = getattr(error, "reason", "")
    return f" ({reason}): is it https?" if reason else ""


def _os_error(error: Exception) -> OSError | None:
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error
    return error if isinstance(error, OSError) else None
