"""What a running worker says of its health to machines that ask."""

from collections.abc import Awaitable
from typing import Protocol


class HealthProbe(Protocol):
    """Answers of one process. The sentences are read by people: they say what is wrong, without secrets."""

    def healthy(self) -> str | None:
        """None while the process works; otherwise why it should be started again."""
        ...

    def ready(self) -> str | None:
        """None while the process can take work; otherwise what it waits for."""
        ...

    def metrics(self) -> Awaitable[bytes]:
        """The metrics in Prometheus' text format."""
        ...
