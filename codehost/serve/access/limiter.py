"""How often a client may come with a wrong token. Pure; seconds are those of a clock that is never set."""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

# Whoever has one address of IPv6 has as many as it likes in its network.
_NETWORK_BITS = 64


class Failures:
    """A bucket for each client: every failure fills it by one, and one runs out in ``seconds``.

    Args:
        most: how many a bucket holds.
        seconds: in which one failure is forgotten.
        clients: how many buckets there are; the one that was filled longest ago gives way.
    """

    def __init__(self, *, most: int = 20, seconds: float = 1.0, clients: int = 10_000) -> None:
        self._most = most
        self._seconds = seconds
        self._clients = clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, address: str, now: float) -> float:
        """After how many seconds this client may try again; 0.0 for at once."""
        return max(self._level(_client(address), now) - (self._most - 1), 0.0) * self._seconds

    def add(self, address: str, now: float) -> None:
        """The client has failed."""
        client = _client(address)
        self._buckets[client] = (self._level(client, now) + 1, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._clients:
            self._buckets.popitem(last=False)

    def forgive(self, address: str, now: float) -> None:
        """One failure was none."""
        client = _client(address)
        if (level := self._level(client, now) - 1) > 0:
            self._buckets[client] = (level, now)
        else:
            self._buckets.pop(client, None)

    def _level(self, client: str, now: float) -> float:
        level, at = self._buckets.get(client, (0.0, now))
        return max(level - (now - at) / self._seconds, 0.0)


def _client(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(ip_network((int(found), _NETWORK_BITS), strict=False))
