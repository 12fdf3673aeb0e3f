import ssl

import pytest

from codehost.model.errors import Reason
from codehost.net.tls_errors import explain_tls


def untrusted(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_code, error.verify_message = code, message
    return error


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "failed")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "reason", "clause"),
    [
        (
            untrusted(19, "self-signed certificate in certificate chain"),
            Reason.NETWORK,
            (
                "the certificate of https://h is not trusted (self-signed certificate in certificate chain): "
                "give its authority with caBundle"
            ),
        ),
        (
            untrusted(62, "Hostname mismatch, certificate is not valid for 'h'."),
            Reason.NETWORK,
            (
                "the certificate of https://h is not trusted (Hostname mismatch, certificate is not valid for 'h'): "
                "use the name that the certificate is for"
            ),
        ),
        (
            untrusted(10, "certificate has expired"),
            Reason.NETWORK,
            (
                "the certificate of https://h is not trusted (certificate has expired): "
                "it must be renewed, unless the clock of this machine is wrong"
            ),
        ),
        (
            untrusted(23, "certificate revoked"),
            Reason.NETWORK,
            "the certificate of https://h is not trusted (certificate revoked)",
        ),
        (
            failed("TLSV13_ALERT_CERTIFICATE_REQUIRED"),
            Reason.AUTH,
            "https://h wants a client certificate: give one with clientCertificate",
        ),
        (
            failed("TLSV1_ALERT_UNKNOWN_CA"),
            Reason.AUTH,
            "https://h does not accept the client certificate (TLSV1_ALERT_UNKNOWN_CA): see clientCertificate",
        ),
        (
            failed("SSLV3_ALERT_HANDSHAKE_FAILURE"),
            Reason.NETWORK,
            "the TLS handshake with https://h failed (SSLV3_ALERT_HANDSHAKE_FAILURE): it may want a clientCertificate",
        ),
        (
            failed("WRONG_VERSION_NUMBER"),
            Reason.NETWORK,
            "the TLS handshake with https://h failed (WRONG_VERSION_NUMBER): is it https?",
        ),
        (failed("OTHER"), Reason.NETWORK, "the TLS handshake with https://h failed (OTHER)"),
        (ssl.SSLError(1, "x"), Reason.NETWORK, "the TLS handshake with https://h failed"),
    ],
)
def test_clause(error: ssl.SSLError, reason: Reason, clause: str) -> None:
    failure = explain_tls(error, "https://h")
    assert (failure.reason, failure.what) == (reason, clause)
