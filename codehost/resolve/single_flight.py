"""One call for many who want the same thing at the same time; what came of it is kept until it is forgotten."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True, kw_only=True)
class _Flight(Generic[V]):
    task: asyncio.Task[V]
    waiters: int = 0


class SingleFlight(Generic[K, V]):
    """Values by key, each made once. A call that failed is not kept: the next one who asks tries again."""

    def __init__(self) -> None:
        self._flights: dict[K, _Flight[V]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The value for ``key``, made by ``make`` unless it is there or being made. Raises what ``make`` raises."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(task=asyncio.ensure_future(_call(make)))
        flight.waiters += 1
        try:
            # One who stops waiting must not take the answer from the others.
            return await asyncio.shield(flight.task)
        except BaseException:
            if flight.waiters == 1:
                flight.task.cancel()
            if flight.waiters == 1 or flight.task.done():
                self._drop(key, flight)
            raise
        finally:
            flight.waiters -= 1

    def forget(self, key: K) -> None:
        """Drop the value of ``key``; a call under way still answers those who wait for it."""
        self._flights.pop(key, None)

    def _drop(self, key: K, flight: _Flight[V]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _call(make: Callable[[], Awaitable[V]]) -> V:
    return await make()
