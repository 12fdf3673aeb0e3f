"""How often a client may come with a wrong token. Pure; seconds are those of a clock that is never set."""

from collections import OrderedDict
from collections.abc import Sequence
from ipaddress import IPv6Address

from codehost.serve.access.clients import NETWORK_BITS, address_in, network_of

# RFC 6177: a site may have 65,536 networks. There may be others in it, so a failure fills its bucket by less.
_NETWORKS = ((NETWORK_BITS, 1.0), (48, 0.125))


class Failures:
    """A bucket for each client: every failure fills it by one, and one runs out in ``seconds``.

    Args:
        most: how many a bucket holds; one for a whole site of IPv6 takes eight times as many, and as fast.
        seconds: in which one failure is forgotten.
        clients: how many buckets there are; the one that was filled longest ago gives way.
    """

    def __init__(self, *, most: int = 20, seconds: float = 1.0, clients: int = 10_000) -> None:
        self._most = most
        self._seconds = seconds
        self._clients = clients
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, address: str, now: float) -> float:
        """After how many seconds this client may try again; 0.0 for at once."""
        return max(
            max(self._level(bucket, now) - (self._most - by), 0.0) * self._seconds for bucket, by in _buckets(address)
        )

    def add(self, address: str, now: float) -> None:
        """The client has failed."""
        for bucket, by in _buckets(address):
            self._levels[bucket] = (self._level(bucket, now) + by, now)
            self._levels.move_to_end(bucket)
            if len(self._levels) > self._clients:
                self._levels.popitem(last=False)

    def forgive(self, address: str, now: float) -> None:
        """One failure was none."""
        for bucket, by in _buckets(address):
            if (level := self._level(bucket, now) - by) > 0:
                self._levels[bucket] = (level, now)
            else:
                self._levels.pop(bucket, None)

    def _level(self, bucket: str, now: float) -> float:
        level, at = self._levels.get(bucket, (0.0, now))
        return max(level - (now - at) / self._seconds, 0.0)


def _buckets(address: str) -> Sequence[tuple[str, float]]:
    """The buckets that a failure from this address fills, and by how much."""
    found = address_in(address)
    if isinstance(found, IPv6Address):
        return [(network_of(found, bits), by) for bits, by in _NETWORKS]
    return ((address if found is None else network_of(found), 1.0),)
