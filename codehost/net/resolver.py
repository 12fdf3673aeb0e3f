"""The guard where names become addresses: what is connected to is what was checked."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from codehost.net.addresses import Reach


class GuardedResolver(AbstractResolver):
    """Gives the connector only those addresses of a name that the mirror's requests may reach.

    The check is here and not before the request, because a name may resolve differently a moment later. Hosts that
    are IP addresses never come here: ``Reach.check_host`` judges these.
    """

    def __init__(self, inner: AbstractResolver, reach: Reach) -> None:
        self._inner = inner
        self._reach = reach

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
        fit = set(self._reach.reachable(host, (result["host"] for result in found)))
        return [result for result in found if result["host"] in fit]

    async def close(self) -> None:
        """Nothing to close: the inner resolver is its maker's."""
