"""What the git service tells of its work, for metrics and logs."""

from collections.abc import Callable
from dataclasses import dataclass

from codehost.serve.git.progress import Ending
from codehost.serve.names import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A request has ended.

    ``action`` and ``repository`` are None when the address was none. ``version`` of git's protocol. ``status`` of HTTP.
    ``way``: ``git`` (a process), ``pack`` (without one) or ``none`` (refused). Sizes are bytes of content, ``received``
    inflated. ``ending`` says why it was ended before it was done, if it was.
    """

    action: Action | None
    repository: str | None
    version: int
    status: int
    way: str
    seconds: float
    received: int
    sent: int
    ending: Ending | None = None


# Must not block and must not raise.
Observer = Callable[[Served], None]
