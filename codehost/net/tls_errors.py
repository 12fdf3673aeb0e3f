"""What went wrong with TLS, as a clause that says what to do. Pure.

OpenSSL names what it met: a code where we refused a certificate, a reason where the handshake or the other side failed.
"""

import ssl

from codehost.model.errors import Failure, Reason

# x509_vfy.h: the codes of X509_verify_cert_error_string.
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_WRONG_TIME = frozenset({9, 10})
_WRONG_NAME = frozenset({62, 64})

_SPEAKS_PLAIN = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
# RFC 8446, 6.2: what a server says that wants a certificate of its client.
_WANTS_CERTIFICATE = frozenset({"TLSV13_ALERT_CERTIFICATE_REQUIRED"})
_REFUSES_CERTIFICATE = frozenset(
    {
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)


def explain_tls(error: ssl.SSLError, peer: str) -> Failure:
    """The failure for a TLS error on a connection to ``peer``, as the clause names it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(Reason.NETWORK, _why_not_trusted(error, peer))
    reason = getattr(error, "reason", None) or ""
    if reason in _WANTS_CERTIFICATE:
        return Failure(Reason.AUTH, f"{peer} wants a client certificate: give one with clientCertificate")
    if reason in _REFUSES_CERTIFICATE:
        return Failure(Reason.AUTH, f"{peer} does not accept the client certificate ({reason}): see clientCertificate")
    named = f" ({reason})" if reason else ""
    return Failure(Reason.NETWORK, f"the TLS handshake with {peer} failed{named}{_hint(reason)}")


def _hint(reason: str) -> str:
    if reason in _SPEAKS_PLAIN:
        return ": is it https?"
    # Before TLS 1.3 the same word stands for a missing certificate and for having no cipher in common.
    return ": it may want a clientCertificate" if reason == "SSLV3_ALERT_HANDSHAKE_FAILURE" else ""


def _why_not_trusted(error: ssl.SSLCertVerificationError, peer: str) -> str:
    message = getattr(error, "verify_message", "").rstrip(".")
    what = f"the certificate of {peer} is not trusted" + (f" ({message})" if message else "")
    return what + _what_to_do(getattr(error, "verify_code", 0))


def _what_to_do(code: int) -> str:
    if code in _UNKNOWN_AUTHORITY:
        return ": give its authority with caBundle"
    if code in _WRONG_NAME:
        return ": use the name that the certificate is for"
    if code in _WRONG_TIME:
        return ": it must be renewed, unless the clock of this machine is wrong"
    return ""
