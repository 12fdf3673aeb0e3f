"""The guard where names become addresses: what is connected to is what was checked."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from codehost.net.addresses import Reach, is_public


class GuardedResolver(AbstractResolver):
    """Gives the connector only those addresses of a name that the mirror's requests may reach.

    The check is here and not before the request, because a name may resolve differently a moment later. Hosts that
    are IP addresses never come here: ``Reach.check_host`` judges these. A mirror that was public once has to stay so as
    long as this lives.
    """

    def __init__(self, inner: AbstractResolver, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach
        self._were_public: set[str] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that may be connected to; at least one.

        Raises:
            RefusedAddressError: it has addresses, none of which may be reached.
            OSError: it has none.
        """
        found = await self._inner.resolve(host, port, family)
        if not found:
            raise OSError(f"{host} has no address")
        addresses = [result["host"] for result in found]
        fit = set(self._reach.reachable(host, addresses, was_public=host in self._were_public))
        if self._reach.covers(host) and any(is_public(address) for address in fit):
            self._were_public.add(host)
        return [result for result in found if result["host"] in fit]

    async def close(self) -> None:
        """Nothing to close: the inner resolver is its maker's."""
