"""Which addresses requests made for a mirror may reach. Pure: no name is looked up here.

Links on a page and redirects are the mirror's word. Unchecked, they could lead to services of this machine or its
network that nobody outside may reach. So they reach public addresses, the mirror's own host and its allowed hosts;
of the own host every port, because mirrors do serve their files on another one.

The table is written out: what the standard library calls private or global changes between its versions, and it
refuses the networks of documentation (RFC 5737, RFC 3849), which are routed nowhere and stand for public mirrors in
test networks.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

IpAddress = IPv4Address | IPv6Address

_NETWORKS4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),  # RFC 1122, 3.2.1.3
        ("10.0.0.0/8", "private"),  # RFC 1918
        ("100.64.0.0/10", "shared by a carrier's customers"),  # RFC 6598
        ("127.0.0.0/8", "loopback"),  # RFC 1122, 3.2.1.3
        ("169.254.0.0/16", "link-local"),  # RFC 3927; clouds serve a machine's secrets at 169.254.169.254
        ("172.16.0.0/12", "private"),  # RFC 1918
        ("192.0.0.0/24", "reserved for protocols"),  # RFC 6890
        ("192.168.0.0/16", "private"),  # RFC 1918
        ("198.18.0.0/15", "for benchmarks"),  # RFC 2544
        ("224.0.0.0/4", "multicast"),  # RFC 5771
        ("255.255.255.255/32", "broadcast"),  # RFC 919
        ("240.0.0.0/4", "reserved"),  # RFC 1112, 4
    )
)

_NETWORKS6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),  # RFC 4291, 2.5.2
        ("::1/128", "loopback"),  # RFC 4291, 2.5.3
        ("64:ff9b:1::/48", "a private translation"),  # RFC 8215: where the IPv4 address stands is a local matter
        ("100::/64", "discarded"),  # RFC 6666
        ("2001:2::/48", "for benchmarks"),  # RFC 5180
        ("fc00::/7", "private"),  # RFC 4193
        ("fe80::/10", "link-local"),  # RFC 4291, 2.5.6
        ("fec0::/10", "site-local"),  # RFC 3879
        ("ff00::/8", "multicast"),  # RFC 4291, 2.7
    )
)

# Names that the public DNS does not have (RFC 6762; RFC 8375; ICANN's resolution 2024.07.29.06; and usage).
_LOCAL_SUFFIXES = (".local", ".localdomain", ".internal", ".lan", ".home.arpa")

_LOW_32 = 0xFFFFFFFF

# IPv6 forms that carry IPv4 addresses: a machine that understands the form sends to those.
_EMBEDDING: tuple[tuple[IPv6Network, Callable[[int], tuple[int, ...]]], ...] = (
    (IPv6Network("::ffff:0:0/96"), lambda bits: (bits & _LOW_32,)),  # RFC 4291, 2.5.5.2: mapped
    (IPv6Network("::/96"), lambda bits: (bits & _LOW_32,)),  # RFC 4291, 2.5.5.1: compatible
    (IPv6Network("::ffff:0:0:0/96"), lambda bits: (bits & _LOW_32,)),  # RFC 2765, 2.1: translated
    (IPv6Network("64:ff9b::/96"), lambda bits: (bits & _LOW_32,)),  # RFC 6052: NAT64
    (IPv6Network("2002::/16"), lambda bits: (bits >> 80 & _LOW_32,)),  # RFC 3056: 6to4
    # RFC 4380, 4: Teredo's server, and its client with every bit turned.
    (IPv6Network("2001::/32"), lambda bits: (bits >> 64 & _LOW_32, ~bits & _LOW_32)),
)

# What inet_aton takes for (a part of) an IPv4 address: decimal, octal or hexadecimal.
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")


class RefusedAddressError(OSError):
    """An address that requests for a mirror may not reach; an ``OSError`` because resolvers fail with these.

    Attributes:
        host: the host as the address named it.
        address: what the host stands for, in its usual spelling.
        kind: why it is refused, as an adjective: loopback, private.
    """

    def __init__(self, host: str, address: str, kind: str) -> None:
        super().__init__(host, address, kind)
        self.host = host
        self.address = address
        self.kind = kind

    def __str__(self) -> str:
        named = self.host if self.host == self.address else f"{self.host} ({self.address})"
        return f"{named} is no public address ({self.kind})"


class MisspeltAddressError(ValueError):
    """A host that looks like an IP address in a spelling that programs read in different ways."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host

    def __str__(self) -> str:
        return f"{self.host} is no usual way to write an IP address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where requests for one mirror may go although it is not public. Hosts are in their plain spelling.

    ``own`` is the mirror's host, on any port; ``allowed`` are those that the configuration names beside it.
    """

    own: str
    allowed: frozenset[str]

    def covers(self, host: str) -> bool:
        """Whether the host, as an address names it, may be asked although it is, or may be, no public one."""
        return _plain(host) == self.own or _plain(host) in self.allowed

    def check_host(self, host: str, *, through_proxy: bool = False) -> None:
        """Refuse what needs no resolver to be seen: IP addresses, and names that are always this machine.

        Args:
            host: as an address names it, without brackets.
            through_proxy: the proxy will resolve the name, and nothing here; names that only a local network can
                know are refused as well.

        Raises:
            RefusedAddressError: the host is an address, or a name, that is not public.
            MisspeltAddressError: the host is an IP address in an unusual spelling; refused wherever it leads.
        """
        address = ip_address_of(host)
        if self.covers(host):
            return
        kind = _kind_of_name(host, through_proxy=through_proxy) if address is None else why_refused(address)
        if kind is not None:
            raise RefusedAddressError(host, host if address is None else str(address), kind)

    def reachable(self, host: str, addresses: Iterable[str], *, was_public: bool = False) -> list[str]:
        """The addresses that may be connected to, of those that the host resolved to.

        The mirror's own host may be private, but not public and private: a server out there that sends links to
        itself, and then says that it is this machine, would be let in everywhere.

        Args:
            host: as an address names it.
            addresses: what it resolved to now.
            was_public: it had a public address earlier.

        Raises:
            RefusedAddressError: there are addresses, and none of them may be connected to.
        """
        found = list(addresses)
        if _plain(host) in self.allowed:
            return found
        refused = {address: kind for address in found if (kind := why_refused(_parsed(address))) is not None}
        fit = [address for address in found if address not in refused]
        if fit or not refused:
            return fit
        if _plain(host) == self.own and not was_public:
            return found
        address, kind = next(iter(refused.items()))
        raise RefusedAddressError(host, address, kind)


def reach_of(own: str, allowed: Iterable[str]) -> Reach:
    """What a mirror may reach beside public addresses: its ``own`` host and those ``allowed`` for it, on any port."""
    return Reach(own=_plain(own), allowed=frozenset(_plain(host) for host in allowed))


def ip_address_of(host: str) -> IpAddress | None:
    """The IP address that a host (without brackets) is, or None for a name.

    Raises:
        MisspeltAddressError: only some programs take it for an address, as ``127.1``, ``0x7f000001`` or ``127.0.0.1.``.
    """
    text = host.lower()
    # No name ends in a number, so whatever does is an IPv4 address, well written or not.
    numeric = ":" in text or _NUMBER.match(text.rstrip(".").rpartition(".")[2])
    if not numeric:
        return None
    try:
        return _parsed(text)
    except ValueError:
        raise MisspeltAddressError(host) from None


def why_refused(address: IpAddress) -> str | None:
    """What sort of address it is when it is not public, else None."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _NETWORKS4 if address in network), None)
    kind = next((kind for network, kind in _NETWORKS6 if address in network), None)
    return kind or _why_embedded_refused(address)


def is_public(text: str) -> bool:
    """Whether an IP address, as a resolver gives it, is public."""
    return why_refused(_parsed(text)) is None


def _why_embedded_refused(address: IPv6Address) -> str | None:
    for network, embedded in _EMBEDDING:
        if address in network:
            for bits in embedded(int(address)):
                inner = IPv4Address(bits)
                kind = why_refused(inner)
                if kind is not None:
                    return f"{kind}: it stands for {inner}"
    return None


def _kind_of_name(host: str, *, through_proxy: bool) -> str | None:
    name = _plain(host)
    # RFC 6761, 6.3: these names are loopback, whoever resolves them.
    if name == "localhost" or name.endswith(".localhost"):
        return "loopback"
    local = "." not in name or f".{name}".endswith(_LOCAL_SUFFIXES)
    return "a name of a local network" if through_proxy and local else None


def _parsed(text: str) -> IpAddress:
    # A zone (RFC 4007) names an interface; it makes no address more public.
    return IPv6Address(text.partition("%")[0]) if ":" in text else IPv4Address(text)


def _plain(host: str) -> str:
    """One spelling for each host: lower case, no brackets, no final dots, IPv6 addresses compressed."""
    text = host.lower().removeprefix("[").removesuffix("]").rstrip(".")
    try:
        return str(IPv6Address(text)) if ":" in text else text
    except ValueError:
        return text
