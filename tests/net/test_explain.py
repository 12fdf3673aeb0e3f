import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from codehost.model.errors import Reason
from codehost.net.explain import explain

KEY = ConnectionKey("h", 443, True, True, None, None, None)  # noqa: FBT003 - another library's tuple


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "certificate has expired"
    return error


def tls_error() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "x")), "the name of https://h does not resolve"),
        (
            aiohttp.ClientConnectorCertificateError(KEY, certificate_error()),
            "the certificate of https://h is not trusted (certificate has expired)",
        ),
        (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "x")), "the TLS handshake with https://h failed"),
        (aiohttp.ConnectionTimeoutError(), "connecting to https://h took too long"),
        (aiohttp.SocketTimeoutError(), "https://h sent nothing for too long"),
        (TimeoutError(), "https://h did not finish its answer in time"),
        (aiohttp.ClientPayloadError(), "the connection to https://h broke before the whole body had come"),
        (aiohttp.ServerDisconnectedError(), "https://h closed the connection without an answer"),
        (aiohttp.ClientConnectorError(KEY, ConnectionRefusedError(111, "x")), "https://h refused the connection"),
        (
            aiohttp.ClientConnectorError(KEY, OSError(101, "Network is unreachable")),
            "the connection to https://h failed (Network is unreachable)",
        ),
        *(
            (error, "the TLS handshake with https://h failed (WRONG_VERSION_NUMBER): is it https?")
            for error in (
                aiohttp.ClientConnectorSSLError(KEY, tls_error()),
                aiohttp.ClientConnectorError(KEY, tls_error()),
                tls_error(),
            )
        ),
        (aiohttp.ClientOSError(104, "Reset by peer"), "the connection to https://h failed (Reset by peer)"),
        (aiohttp.ClientError(), "the connection to https://h failed"),
    ],
)
def test_clause(error: Exception, clause: str) -> None:
    failure = explain(error, "https://h/simple/six/?token=secret")
    assert (failure.reason, failure.what) == (Reason.NETWORK, clause)


def test_address_that_the_library_refuses() -> None:
    assert explain(aiohttp.InvalidURL("https://h/"), "https://h/").reason is Reason.BLOCKED
