"""Redirects, decided by hand: every hop is a request that the budget counts. Pure."""

from urllib.parse import urljoin, urlsplit

from codehost.model.errors import Failure, Reason
from codehost.net.origins import BadAddressError, origin_of, sendable, shown

# RFC 9110, 15.4: 300 and 304 name no single place to go to.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def next_hop(status: int, url: str, location: str | None) -> str | None:
    """Where an answer sends us, or None when it is the answer.

    User information in ``location`` is neither used nor kept.

    Raises:
        Failure: BLOCKED when the redirect leads to no http or https address, or from https to http.
    """
    if status not in _REDIRECTS or not location:
        return None
    try:
        # RFC 9110, 10.2.2: Location may be relative to the address that was asked for.
        # RFC 3986, 5.2.2: what has a scheme is not; "http:user:password@host" is no path below the mirror.
        target = sendable(location if urlsplit(location).scheme else urljoin(url, location))
    except ValueError as error:
        problem = error if isinstance(error, BadAddressError) else "a malformed address"
        raise Failure(Reason.BLOCKED, f"{shown(url)} redirects to an address that is refused: {problem}") from None
    if origin_of(url).scheme == "https" and origin_of(target).scheme == "http":
        # Digests on a page are worth what its transport is worth.
        raise Failure(Reason.BLOCKED, f"{shown(url)} redirects from https to http, to {shown(target)}")
    return target
