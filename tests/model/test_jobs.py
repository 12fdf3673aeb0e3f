import pytest

from codehost.model.jobs import (
    TRANSITIONS,
    IllegalTransitionError,
    JobState,
    LeaseLostError,
    check_transition,
    sources_of,
)
from codehost.model.pins import parse_pin

PAIRS = [(before, after) for before in JobState for after in JobState]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_step_is_in_the_table_or_refused(before: JobState, after: JobState) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
        assert before in sources_of(after)
    else:
        with pytest.raises(IllegalTransitionError, match=f"cannot go from {before} to {after}"):
            check_transition(before, after)
        assert before not in sources_of(after)


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
