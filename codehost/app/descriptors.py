"""How many connections there is room for: each takes a file descriptor, and so does much else in the same process.

One that a pack is sent over takes a second one.
"""

import resource
from contextlib import suppress

# Databases, git's pipes, archives, followers of the feed.
_OTHERS = 1_024
_MOST = 2_000
# With fewer, a server is of no use; the system may then refuse some.
_LEAST = 64


def room_for_connections() -> int:
    """Raise the limit of this process as far as that helps and may be; return how many connections go with it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = raised_limit(soft, hard)
    if raised != soft:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    return connections_within(soft)


def raised_limit(soft: int, hard: int) -> int:
    """The soft limit that is wanted, given both as they are; ``RLIM_INFINITY`` is none."""
    wanted = 2 * _MOST + _OTHERS
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    return wanted if hard == resource.RLIM_INFINITY else max(soft, min(wanted, hard))


def connections_within(soft: int) -> int:
    """How many connections may be open when so many descriptors may be."""
    if soft == resource.RLIM_INFINITY:
        return _MOST
    return min(_MOST, max(_LEAST, soft - min(_OTHERS, soft // 2)))
