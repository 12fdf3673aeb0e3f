"""The names in ``allowedHosts``."""

from ipaddress import ip_address

from codehost.config.addresses import is_host
from codehost.config.inspection import Inspection
from codehost.net.origins import origin_of

_EXAMPLE = "write only the name or address, such as files.internal.example or 10.0.0.7"


def read_hosts(value: object, at: Inspection) -> frozenset[str]:
    """The hosts in lower case, names in their ASCII form (IDNA), addresses in their shortest."""
    if not isinstance(value, list):
        return frozenset()
    hosts: set[str] = set()
    for index, entry in enumerate(value):
        if not isinstance(entry, str):
            continue
        problem = _problem(entry)
        if problem:
            at.at(index).report(problem, _EXAMPLE)
        else:
            hosts.add(_normal(entry))
    return frozenset(hosts)


def _problem(text: str) -> str | None:
    if _is_address(text):
        return "has a zone" if "%" in text else None
    if is_host(text):
        return None
    signs = {
        "": "is empty",
        "://": "has a scheme",
        "/": "has a path or is a network",
        "@": "has user information",
        "*": "has a wildcard",
        "[": "has brackets",
        ":": "has a port",
    }
    return next((problem for sign, problem in signs.items() if (sign in text if sign else not text)), "is no host")


def _normal(text: str) -> str:
    if _is_address(text):
        return ip_address(text).compressed
    # As the fetcher does it, so that the two compare.
    return origin_of(f"https://{text}").host.rstrip(".")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
