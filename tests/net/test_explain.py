import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from codehost.model.codehosts import Credentials, Mirror, Proxy
from codehost.model.errors import Failure, Reason
from codehost.net.addresses import RefusedAddressError
from codehost.net.explain import LateHeadError, at, explain, proxy_wants_credentials

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
        (LateHeadError(), "https://h did not begin its answer in time: there was no whole head"),
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


PROXY = Proxy(url="http://p:3128", credentials=Credentials(username="ada", password="s3cret"))
TO_PROXY = KEY._replace(host="p", port=3128)


def answered(kind: type[aiohttp.ClientResponseError], status: int) -> aiohttp.ClientResponseError:
    url = URL("https://h/")
    return kind(aiohttp.RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url), (), status=status)


@pytest.mark.parametrize(
    ("error", "reason", "clause"),
    [
        (
            aiohttp.ClientConnectorDNSError(TO_PROXY, OSError(-2, "x")),
            Reason.NETWORK,
            "the name of the proxy http://p:3128 does not resolve",
        ),
        (
            aiohttp.ClientProxyConnectionError(TO_PROXY, ConnectionRefusedError(111, "x")),
            Reason.NETWORK,
            "the proxy http://p:3128 refused the connection",
        ),
        (
            aiohttp.ClientConnectorCertificateError(TO_PROXY, certificate_error()),
            Reason.NETWORK,
            "the certificate of the proxy http://p:3128 is not trusted (certificate has expired)",
        ),
        (
            aiohttp.ClientConnectorSSLError(TO_PROXY, tls_error()),
            Reason.NETWORK,
            "the TLS handshake with the proxy http://p:3128 failed (WRONG_VERSION_NUMBER): is it https?",
        ),
        (
            aiohttp.ClientConnectorCertificateError(KEY, certificate_error()),
            Reason.NETWORK,
            "the certificate of https://h is not trusted (certificate has expired)",
        ),
        (
            answered(aiohttp.ClientHttpProxyError, 407),
            Reason.AUTH,
            "the proxy http://p:3128 does not accept the user name and password that proxy gives (407)",
        ),
        (
            answered(aiohttp.ClientHttpProxyError, 503),
            Reason.NETWORK,
            "the proxy http://p:3128 makes no connection to https://h (it answered 503)",
        ),
        (
            aiohttp.ConnectionTimeoutError(),
            Reason.NETWORK,
            "connecting to https://h took too long (through the proxy http://p:3128)",
        ),
    ],
)
def test_clause_with_a_proxy(error: Exception, reason: Reason, clause: str) -> None:
    failure = explain(error, "https://h/simple/six/?token=secret", PROXY)
    assert (failure.reason, failure.what) == (reason, clause)


@pytest.mark.parametrize("error", [aiohttp.ServerDisconnectedError(), answered(aiohttp.ClientResponseError, 400)])
def test_plain_http_where_https_is_spoken(error: Exception) -> None:
    assert explain(error, "http://h/").what.endswith(": is it https?")
    assert not explain(error, "https://h/").what.endswith("?")


def test_refused_address() -> None:
    found = RefusedAddressError("files.corp", "10.0.0.1", "private")
    failure = explain(aiohttp.ClientConnectorDNSError(KEY, found), "https://files.corp/a?token=secret")
    assert (failure.reason, failure.what) == (
        Reason.BLOCKED,
        (
            "https://files.corp leads to files.corp, which is 10.0.0.1: that address is not public (private) and is "
            "refused; if it may be asked for this mirror, add files.corp to the mirror's allowedHosts"
        ),
    )


@pytest.mark.parametrize(("credentials", "clause"), [(None, "give them with proxy"), (PROXY.credentials, "not accept")])
def test_proxy_wants_credentials(credentials: Credentials | None, clause: str) -> None:
    failure = proxy_wants_credentials(Proxy(url="http://p", credentials=credentials))
    assert failure.reason is Reason.AUTH
    assert clause in failure.what


def test_the_mirror_is_named_once() -> None:
    with pytest.raises(Failure) as caught, at(Mirror(url="https://h")):
        raise Failure(Reason.NETWORK, "x", mirror="https://other")
    assert caught.value.mirror == "https://other"
    with pytest.raises(Failure) as caught, at(Mirror(url="https://h")):
        raise Failure(Reason.NETWORK, "x")
    assert caught.value.mirror == "https://h"


def test_address_that_the_library_refuses() -> None:
    assert explain(aiohttp.InvalidURL("https://h/"), "https://h/").reason is Reason.BLOCKED
