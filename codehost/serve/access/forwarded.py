"""Who a request is from, and how its sender calls this server, when proxies stand in between. Pure.

What a proxy says is believed if it is a trusted one; and of a chain of addresses, what trusted ones say, from the last
backwards. Everything before that is the client's own word.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network

from codehost.serve.access.clients import Address, address_in

Network = IPv4Network | IPv6Network

FORWARDED = "Forwarded"
X_FOR = "X-Forwarded-For"
X_PROTO = "X-Forwarded-Proto"
X_HOST = "X-Forwarded-Host"

_SCHEMES = frozenset({"http", "https"})
# Longer chains are nobody's, and reading one must cost little.
_MOST = 2_000

# RFC 7239, section 4: elements have commas between them, pairs semicolons; values may be quoted. Behind each pair
# stands what ends it.
_PAIR = re.compile(r'[ \t]*+(?:(\w+)=(?:"((?:\\.|[^"\\])*)"|([^\s";,]*)))?[ \t]*+([;,]|\Z)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who asks, and how. ``address`` of IP, or "" if it is not known; ``authority``: ``host[:port]`` as it was sent."""

    address: str
    scheme: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hop:
    address: str
    scheme: str | None = None
    authority: str | None = None


def client_of(direct: Client, header: Callable[[str], str], trusted: Sequence[Network]) -> Client:
    """The client behind a connection.

    Args:
        direct: who holds the other end of the connection, and what was asked of it.
        header: all values of a field with commas between them; "" for none.
        trusted: the networks of proxies that are believed.
    """
    if not _is_trusted(_read_address(direct.address), trusted):
        return direct
    told = [
        _walk(direct, hops, trusted) for hops in (_forwarded(header(FORWARDED)), list(_x_forwarded(header))) if hops
    ]
    if not told:
        return _named(direct, _last(header(X_PROTO)), _last(header(X_HOST)))
    # A proxy writes one of the two, and hands on what it does not know: where they differ, the client wrote the other.
    return told[0] if len({client.address for client in told}) == 1 else direct


def _walk(direct: Client, hops: Sequence[_Hop], trusted: Sequence[Network]) -> Client:
    client = direct
    for hop in reversed(hops):
        if not _is_trusted(_read_address(client.address), trusted):
            break
        client = _named(client, hop.scheme, hop.authority)
        if (address := _read_address(hop.address)) is None:
            break
        client = replace(client, address=str(address))
    return client


def _named(client: Client, scheme: str | None, authority: str | None) -> Client:
    known = scheme is not None and scheme.lower() in _SCHEMES
    return replace(
        client,
        scheme=scheme.lower() if known and scheme is not None else client.scheme,
        authority=authority or client.authority,
    )


def _forwarded(text: str) -> list[_Hop]:
    """The hops, and one that says nothing if the text is none of RFC 7239.

    Half a quoted value, sent by a client, would swallow what the proxy writes behind it.
    """
    if not text.strip():
        return []
    hops, said, at, ended = [], dict[str, str](), 0, ","
    while at < len(text) or ended != "":
        pair = _PAIR.match(text, at) if len(text) <= _MOST else None
        if pair is None:
            return [_Hop(address="")]
        name, quoted, plain, ended = pair.groups(default="")
        if name:
            said[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) or plain
        if ended != ";" and said:
            hops.append(_Hop(address=said.get("for", ""), scheme=said.get("proto"), authority=said.get("host")))
            said = {}
        at = pair.end()
    return hops


def _x_forwarded(header: Callable[[str], str]) -> Iterator[_Hop]:
    if not (chain := header(X_FOR)[-_MOST:]):
        return
    scheme, authority = _last(header(X_PROTO)), _last(header(X_HOST))
    for address in chain.split(","):
        yield _Hop(address=address, scheme=scheme, authority=authority)


def _last(text: str) -> str | None:
    return text.rpartition(",")[2].strip() or None


def _read_address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return address_in(text)


def _is_trusted(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)
