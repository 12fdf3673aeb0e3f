"""Requests that pages of other sites have a browser send. Pure.

No cookies exist here, but browsers remember a password that was given to their log-in window, and send it along.
"""

from codehost.serve.access.hosts import host_in

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# Fetch Metadata Request Headers, section 2.3: ``none`` is a person who typed the address.
_OWN = frozenset({"same-origin", "none"})


def is_foreign(method: str, *, site: str | None, origin: str | None, authority: str) -> bool:
    """Whether another site's page wants something done here.

    Args:
        method: of HTTP.
        site: ``Sec-Fetch-Site``, which pages cannot set.
        origin: ``Origin``, which older browsers send as well.
        authority: ``host[:port]`` that the request was sent to.
    """
    if method in SAFE:
        return False
    if site is not None:
        return site.strip().lower() not in _OWN
    if origin is None:
        return False  # no browser
    _, _, own = origin.strip().lower().partition("://")
    return host_in(own) is None or own != authority.strip().lower()
