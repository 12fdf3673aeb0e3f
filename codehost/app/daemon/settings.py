"""What ``codehost worker`` was asked for."""

from dataclasses import dataclass
from pathlib import Path

from codehost.worker import LEASE_SECONDS

METRICS_PORT = 9464


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAddress:
    """Where health and metrics are served."""

    address: str = "127.0.0.1"
    port: int = METRICS_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """Times are seconds. ``config``: files and folders to follow. ``watch_every`` None: upstream is not watched.

    ``once``: end when nothing is due. ``stop_within``: how long jobs in flight may take to end after a signal.
    ``lease``: after how long without a sign of life its jobs go to other workers. ``grace``: how long the repository of
    a retired release stays.
    """

    config: tuple[Path, ...] = ()
    concurrency: int = 8
    once: bool = False
    http: HttpAddress | None = HttpAddress()
    watch_every: float | None = 24 * 3_600.0
    grace: float = 7 * 86_400.0
    stop_within: float = 20.0
    lease: float = LEASE_SECONDS
