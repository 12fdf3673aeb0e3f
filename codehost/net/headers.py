"""What identifies us, and to whom: a mirror's headers and credentials, a proxy's credentials. Pure."""

from base64 import b64encode
from dataclasses import replace

from codehost.model.codehosts import Credentials, Mirror, Proxy
from codehost.net.origins import origin_of, same_origin

AUTHORIZATION = "Authorization"
PROXY_AUTHORIZATION = "Proxy-Authorization"


def headers_for(mirror: Mirror, url: str, wanted: dict[str, str]) -> dict[str, str]:
    """The headers of one request: ``wanted``, and on the mirror's own origin what it has of its own.

    A mirror's own header replaces one of ours that differs from it in case only, except for ``Accept-Encoding``:
    the bytes must come as they were asked for.
    """
    headers = dict(wanted)
    if same_origin(url, mirror.url):
        if mirror.credentials is not None:
            headers[AUTHORIZATION] = basic(mirror.credentials)
        for header in mirror.headers:
            if header.name.lower() != "accept-encoding":
                _put(headers, header.name, header.value)
    # RFC 9112, 3.2.2: without a tunnel the request itself goes to the proxy, and the proxy takes this header off.
    if mirror.proxy is not None and origin_of(url).scheme == "http":
        headers |= proxy_headers(mirror.proxy)
    return headers


def anonymous(mirror: Mirror) -> Mirror:
    """The mirror without anything that identifies us to it."""
    tls = replace(mirror.tls, client_certificate=None, client_key=None, client_key_password=None)
    return replace(mirror, credentials=None, headers=(), tls=tls)


def proxy_headers(proxy: Proxy) -> dict[str, str]:
    """What a proxy wants to see, and nobody behind it."""
    return {PROXY_AUTHORIZATION: basic(proxy.credentials)} if proxy.credentials is not None else {}


def basic(credentials: Credentials) -> str:
    """Basic authentication, in UTF-8 (RFC 7617)."""
    pair = f"{credentials.username}:{credentials.password}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _put(headers: dict[str, str], name: str, value: str) -> None:
    for same in [other for other in headers if other.lower() == name.lower()]:
        del headers[same]
    headers[name] = value
