import pytest

from codehost.serve.git.limits import GitLimits
from codehost.serve.git.progress import Ending, Lane, Progress, ending

LIMITS = GitLimits(seconds=1000, idle_seconds=30, slow_seconds=20, bytes_per_second=100)

CASES = [
    (Lane(), 1000.0, None),
    (Lane(), 1000.1, Ending.LATE),
    (Lane(since=100, moved=10_000), 130, None),
    (Lane(since=100, moved=10_000), 130.1, Ending.IDLE),
    (Lane(since=100), 120, None),
    (Lane(since=100), 120.1, Ending.SLOW),
    (Lane(since=100, waited=15, moved=1999), 105, None),
    (Lane(since=100, waited=16, moved=2000), 105, Ending.SLOW),
    (Lane(waited=500, moved=50_000), 600, None),
    (Lane(waited=500, moved=49_999), 600, Ending.SLOW),
]


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize(("lane", "now", "why"), CASES)
def test_endings(lane: Lane, now: float, why: Ending | None, up: bool) -> None:  # noqa: FBT001 - a case of the table
    progress = Progress(started=0, up=lane) if up else Progress(started=0, down=lane)
    assert ending(progress, LIMITS, now) == why


def test_only_what_was_waited_for_counts() -> None:
    lane = Lane()
    lane.end(5, 1000)
    assert (lane.waited, lane.moved) == (0, 0)
    lane.begin(5)
    lane.end(7, 1000)
    lane.end(9, 1000)
    assert (lane.waited, lane.moved, lane.since) == (2, 1000, None)
