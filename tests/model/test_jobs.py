import pytest

from codehost.model.jobs import (
    TRANSITIONS,
    JobState,
    LeaseLostError,
    Turns,
    sources_of,
)
from codehost.model.pins import parse_pin

PAIRS = [(before, after) for before in JobState for after in JobState]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_the_sources_are_those_of_the_table(before: JobState, after: JobState) -> None:
    assert (before in sources_of(after)) is (after in TRANSITIONS[before])


SOURCES = [
    (JobState.PROCESSING, {JobState.QUEUED, JobState.ERRORED}),
    (JobState.COMPLETED, {JobState.PROCESSING}),
    (JobState.ERRORED, {JobState.PROCESSING}),
    (JobState.FAILED, {JobState.PROCESSING}),
    (JobState.QUEUED, set(JobState) - {JobState.QUEUED}),
    (JobState.CANCELLED, {JobState.QUEUED, JobState.PROCESSING, JobState.ERRORED, JobState.FAILED}),
]


@pytest.mark.parametrize(("after", "sources"), SOURCES)
def test_sources(after: JobState, sources: set[JobState]) -> None:
    assert sources_of(after) == sources


def test_every_state_can_be_left() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert all(TRANSITIONS.values())


def test_a_lost_lease_says_whose() -> None:
    error = LeaseLostError(parse_pin("six==1.0"), 3)
    assert str(error) == "the lease on six==1.0 (epoch 3) is lost; its result was not recorded"


def serve(turns: Turns, priorities: dict[int, int], times: int) -> list[int]:
    """Who is served, one at a time."""
    served = []
    for _ in range(times):
        first, *_rest = turns.order(priorities)
        turns.served([first])
        served.append(first)
    return served


def test_every_code_host_has_one_turn_in_a_round_by_priority() -> None:
    assert serve(Turns(), {1: 100, 2: 10, 3: 100}, 9) == [2, 1, 3] * 3


def test_turns_are_not_saved_up() -> None:
    turns = Turns()
    assert serve(turns, {1: 100}, 50) == [1] * 50
    assert serve(turns, {1: 100, 2: 100}, 6) == [2, 1, 2, 1, 2, 1]


def test_who_was_served_together_goes_behind_together() -> None:
    turns = Turns()
    turns.served([3, 1])
    assert turns.order({1: 100, 2: 100, 3: 100}) == [2, 3, 1]
