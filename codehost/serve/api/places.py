"""Bounds on how many may do the same thing at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from codehost.serve.problems import Kind, ProblemError


class Places:
    """So many requests may do something at a time; ``what`` says of them what it is, as ``check documents``."""

    def __init__(self, most: int, what: str) -> None:
        self._left = most
        self._what = what

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place while the context lasts.

        Raises:
            ProblemError: there is none.
        """
        if not self._left:
            sentence = f"Too many requests {self._what} at this moment: try again in some seconds."
            raise ProblemError(Kind.UNAVAILABLE, sentence, headers={"Retry-After": "5"})
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1
