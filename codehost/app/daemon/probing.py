"""What the worker says of its health."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from codehost.health.metrics import Metrics
from codehost.supervising import Troubles


@dataclass(slots=True, kw_only=True)
class Probe:
    """Implements ``codehost.model.health.HealthProbe``.

    ``halted`` says why no work is done, if so; ``begun`` is set once the worker has its database and its directory.
    """

    metrics_of: Metrics
    troubles: Troubles
    begun: asyncio.Event
    stop: asyncio.Event
    halted: Callable[[], str | None]

    def healthy(self) -> str | None:
        """Whoever answers this has an event loop that turns; loops that fail begin again by themselves."""
        return None

    def ready(self) -> str | None:
        """None while there is nothing in the way of work."""
        if self.stop.is_set():
            return "The worker is about to end."
        if (trouble := self.troubles.first()) is not None:
            return trouble
        if not self.begun.is_set():
            return "The worker is starting."
        return self.halted()

    def metrics(self) -> Awaitable[bytes]:
        """As Prometheus reads them."""
        return self.metrics_of.render()
