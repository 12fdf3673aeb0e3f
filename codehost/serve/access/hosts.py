"""By which names this server may be called. Pure.

A page of any site can have its own name lead to this machine (DNS rebinding) and would then be of the same origin as
the server. Its name is in the request, so names that are not the server's are refused. An address is no such name.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address

LOCAL = "localhost"

# RFC 3986, section 3.2.2, without user information and without percent-encoding.
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{0,5})?\Z")


def host_in(authority: str) -> str | None:
    """The name or address in ``host[:port]``, in lower case and without brackets; None if there is none."""
    match = _AUTHORITY.match(authority.strip().lower())
    return None if match is None else match["host"].strip("[]").removesuffix(".") or None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNames:
    """The names that this server has besides those of this machine's own loopback; all in lower case."""

    names: frozenset[str] = frozenset()

    def know(self, authority: str) -> bool:
        """Whether a request to this authority may be meant for this server."""
        host = host_in(authority)
        if host is None:
            return False
        # RFC 6761, section 6.3: names below localhost never leave the machine.
        return host in self.names or host == LOCAL or host.endswith(f".{LOCAL}") or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
