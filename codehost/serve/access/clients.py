"""Which addresses are one client's. Pure."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# Whoever has one address of IPv6 has as many as it likes in its network.
NETWORK_BITS = 64


def address_in(text: str) -> Address | None:
    """The address, without its zone; one of IPv4 in the form of IPv6 is one of IPv4. None for what is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # RFC 4291, section 2.5.5.2. All of IPv4 would be in one network of IPv6.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def network_of(address: Address, bits: int = NETWORK_BITS) -> str:
    """What is one client's: an address of IPv4, or a network of IPv6."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), bits), strict=False))
