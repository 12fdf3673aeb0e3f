"""How much a scan may take."""

import os
from dataclasses import dataclass, field

from codehost.model.members import MIB

# Of each process: what it reads, and what it reads next.
AHEAD = 2
_MOST_CHILDREN = 16


def _processors() -> int:
    return min(len(os.sched_getaffinity(0)), _MOST_CHILDREN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanLimits:
    """Bounds of the engine that scans; all searches share the children.

    What was found and not told yet is held for ``AHEAD`` batches of each child: so the memory that all searches take is
    at most ``at_once * AHEAD * children * text_bytes``, and once more while what a child has found is sent.

    Attributes:
        children: processes that read; at least 1.
        memory_bytes: address space of each.
        repositories: at most so many are looked at in one search.
        at_once: searches that run at a time.
        waiting: searches that may wait for their turn.
        waiting_seconds: how long one waits at most.
        text_bytes: at most so much memory is filled with the hits of one batch of repositories.
        grace_seconds: beyond the time of a search, until a child that still reads is killed.
    """

    children: int = field(default_factory=_processors)
    memory_bytes: int = 1024 * MIB
    repositories: int = 50_000
    at_once: int = 2
    waiting: int = 16
    waiting_seconds: float = 10.0
    text_bytes: int = 8 * MIB
    grace_seconds: float = 2.0
