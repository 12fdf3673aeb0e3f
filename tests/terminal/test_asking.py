import errno
import io
import os

import pytest
from rich.console import Console

from codehost.model.events import BudgetWait, PaceWait, RequestSent
from codehost.terminal.asking import AskingProgress


@pytest.mark.parametrize("terminal", [False, True])
def test_requests_are_counted_and_waits_are_told(*, terminal: bool) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100)
    with AskingProgress(console, "plan") as progress:
        progress.begin(2)
        progress.notify(RequestSent(left=5))
        progress.notify(BudgetWait(seconds=12.3))
        progress.notify(PaceWait(seconds=36.0))
        progress.advance()
    assert (progress.tally.requests, progress.tally.requests_left) == (1, 5)
    lines = [
        "the hourly budget is spent; the next request may go in 12 s",
        "the rest of the budget is spread over the hour; one request each 36 s",
    ]
    if terminal:
        assert "1/2" in output.getvalue()
        assert [line for line in lines if line not in output.getvalue()] == []
    else:
        assert output.getvalue().splitlines() == lines


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_under_standard_error_does_not_end_the_work() -> None:
    with AskingProgress(Console(file=Full()), "check") as progress:
        progress.notify(BudgetWait(seconds=1))
