"""Bounds on how many may do the same thing at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from codehost.serve.problems import Kind, ProblemError


class Places:
    """So many requests may do something at a time.

    Args:
        most: how many.
        what: what they do, as in ``check documents``.
        seconds: when one that found no place is to come again.
    """

    def __init__(self, most: int, what: str, *, seconds: int = 5) -> None:
        self._left = most
        self._what = what
        self._seconds = seconds

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place while the context lasts.

        Raises:
            ProblemError: there is none.
        """
        if not self._left:
            sentence = f"Too many requests {self._what} at this moment: try again in {self._seconds} seconds."
            raise ProblemError(Kind.UNAVAILABLE, sentence, headers={"Retry-After": str(self._seconds)})
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1
