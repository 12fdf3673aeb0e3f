"""Redirects, decided by hand: every hop is a request that the budget counts. Pure."""

from urllib.parse import urljoin, urlsplit

from codehost.model.errors import Failure, Reason
from codehost.model.texts import printable
from codehost.net.origins import BadAddressError, origin_of, sendable, shown

# RFC 9110, 15.4: 300 and 304 name no single place to go to.
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_SHOWN = 300


def next_hop(status: int, url: str, *locations: str) -> str | None:
    """Where an answer sends us, or None when it is the answer.

    User information in ``locations`` (every ``Location`` field of the answer) is neither used nor kept.

    Raises:
        Failure: BLOCKED when the redirect leads to no http or https address, or from https to http; SERVER_ERROR when
            it leads to two places at once.
    """
    if status not in _REDIRECTS or not any(locations):
        return None
    # RFC 9110, 10.2.2: there is one. Two come of a header that somebody wrote into another one.
    if len(set(locations)) > 1:
        raise Failure(Reason.SERVER_ERROR, f"{shown(url)} redirects to {len(set(locations))} addresses at once")
    location = locations[0]
    try:
        # RFC 9110, 10.2.2: Location may be relative to the address that was asked for.
        # RFC 3986, 5.2.2: what has a scheme is not; "http:user:password@host" is no path below the mirror.
        target = sendable(location if urlsplit(location).scheme else urljoin(url, location))
    except ValueError as error:
        problem = "a malformed address"
        if isinstance(error, BadAddressError):
            problem = f"{printable(error.shown, _SHOWN)} {error.problem}"
        raise Failure(Reason.BLOCKED, f"{shown(url)} redirects to an address that is refused: {problem}") from None
    if origin_of(url).scheme == "https" and origin_of(target).scheme == "http":
        # Digests on a page are worth what its transport is worth.
        raise Failure(
            Reason.BLOCKED, f"{shown(url)} redirects from https to http, to {printable(shown(target), _SHOWN)}"
        )
    return target
