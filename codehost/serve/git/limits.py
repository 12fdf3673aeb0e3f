"""What a client may take."""

from dataclasses import dataclass

from codehost.model.members import MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class GitLimits:
    """The bounds of the git service. Seconds are wall seconds, sizes are bytes.

    ``body_bytes`` counts a request's body after it was inflated. ``seconds`` bounds a request in all,
    ``idle_seconds`` the time in which a client that is waited for neither reads nor writes. A client that was waited
    for longer than ``slow_seconds`` in sum must have moved ``bytes_per_second`` in that time.

    ``processes`` of git may exist at a time, of which ``working`` are not waiting for their clients. Who finds no room
    waits in a queue of ``queue_length`` for at most ``queue_seconds``, and is told to come back after
    ``retry_seconds``.
    """

    body_bytes: int = 32 * MIB
    seconds: float = 3600.0
    idle_seconds: float = 30.0
    slow_seconds: float = 20.0
    bytes_per_second: int = 4096
    processes: int = 64
    working: int = 8
    queue_length: int = 512
    queue_seconds: float = 15.0
    retry_seconds: int = 5
