"""What is done about a repository: the port that the two ways of following implement."""

from typing import Protocol

from codehost.consume.state import Task


class KeepError(Exception):
    """It could not be done for one repository.

    Attributes:
        what: why, as a clause, without secrets.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return self.what


class Keeper(Protocol):
    """Brings a repository to where it is to be. Doing it again changes nothing."""

    async def put(self, task: Task) -> None:
        """It is there, with this commit.

        Raises:
            KeepError: it could not be taken.
        """

    async def drop(self, task: Task) -> None:
        """It is gone.

        Raises:
            KeepError: it could not be dropped.
        """

    async def lost(self, tasks: list[Task]) -> list[Task]:
        """Those of which nothing is there any more, although it was put."""
