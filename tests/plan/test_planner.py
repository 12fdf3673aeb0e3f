import pytest

from codehost.model.jobs import JobState
from codehost.model.pins import Pin, parse_pin
from codehost.model.records import RecordedRelease
from codehost.plan.planner import is_great_removal, plan

PATTERN = "python/{project}/{version}"
COMPLETED, QUEUED, PROCESSING = JobState.COMPLETED, JobState.QUEUED, JobState.PROCESSING
ERRORED, FAILED, CANCELLED = JobState.ERRORED, JobState.FAILED, JobState.CANCELLED


def recorded(text: str, state: JobState = COMPLETED, *, wanted: bool = True) -> RecordedRelease:
    pin = parse_pin(text)
    return RecordedRelease(
        release_id=1,
        project=pin.project,
        version=pin.release.version,
        repository=pin.repository(PATTERN),
        state=state,
        wanted=wanted,
    )


def shown(releases: tuple[RecordedRelease, ...]) -> list[str]:
    return [release.repository.removeprefix("python/") for release in releases]


CASES = [
    # pins, recorded -> add, retry, keep, retire, restore
    ([], [], [], [], 0, [], []),
    (["six==1.0"], [], ["six==1.0"], [], 0, [], []),
    (["six==1.0"], [recorded("six==1.0")], [], [], 1, [], []),
    ([], [recorded("six==1.0")], [], [], 0, ["six/1.0"], []),
    ([], [recorded("six==1.0", FAILED)], [], [], 0, ["six/1.0"], []),
    ([], [recorded("six==1.0", wanted=False)], [], [], 0, [], []),
    (["six==1.0"], [recorded("six==1.0", wanted=False)], [], [], 0, [], ["six/1.0"]),
    (["six==1.0"], [recorded("six==1.0", CANCELLED, wanted=False)], [], [], 0, [], ["six/1.0"]),
    *(
        (["six==1.0"], [recorded("six==1.0", state)], [], ["six/1.0"], 0, [], [])
        for state in (QUEUED, PROCESSING, ERRORED, FAILED, CANCELLED)
    ),
    # One release, whatever the spelling: it keeps the name of the first.
    (["a==5.0", "a==5.0.0", "A==5"], [], ["a==5.0"], [], 0, [], []),
    (["a==5.0.0", "a==5.0"], [], ["a==5.0.0"], [], 0, [], []),
    (["a==5.0.0"], [recorded("a==5.0")], [], [], 1, [], []),
    (["a==5.0.0"], [recorded("a==5.0", wanted=False)], [], [], 0, [], ["a/5.0"]),
    # A project's pins come next to each other, in the order of each project's first.
    (["b==1", "a==1", "b==2", "c==1", "a==2"], [], ["b==1", "b==2", "a==1", "a==2", "c==1"], [], 0, [], []),
    (["a==2", "b==1"], [recorded("a==1"), recorded("b==1")], ["a==2"], [], 1, ["a/1"], []),
]


@pytest.mark.parametrize(("pins", "known", "add", "retry", "keep", "retire", "restore"), CASES)
def test_plan(
    pins: list[str],
    known: list[RecordedRelease],
    add: list[str],
    retry: list[str],
    keep: int,
    retire: list[str],
    restore: list[str],
) -> None:
    made = plan([parse_pin(text) for text in pins], known, PATTERN)
    assert [str(pin) for pin in made.add] == add
    assert (shown(made.retry), made.keep, shown(made.retire), shown(made.restore)) == (retry, keep, retire, restore)
    assert made.repository_pattern == PATTERN


@pytest.mark.parametrize(
    ("before", "removed", "great"),
    [
        (0, 0, False),
        (10, 10, False),
        (11, 11, True),
        (55, 11, False),
        (54, 11, True),
        (1000, 200, False),
        (9, 0, False),
    ],
)
def test_a_removal_is_great_by_number_and_share(before: int, removed: int, *, great: bool) -> None:
    known = [recorded(f"a=={number}") for number in range(1, before + 1)]
    known.append(recorded("long-retired==1", wanted=False))
    made = plan([parse_pin(f"a=={number}") for number in range(removed + 1, before + 1)], known, PATTERN)
    assert (made.known, made.removes, is_great_removal(made)) == (before, removed, great)


def test_a_hundred_thousand_pins_take_well_below_a_second() -> None:
    pins: list[Pin] = [parse_pin(f"project-{number // 10}=={number % 10}.{number}") for number in range(100_000)]
    known = [
        RecordedRelease(
            release_id=number,
            project=pin.project,
            version=pin.release.version,
            repository=pin.repository(),
            state=COMPLETED,
            wanted=True,
        )
        for number, pin in enumerate(pins)
        if number % 2
    ]
    made = plan(pins, known, PATTERN)
    assert (len(made.add), made.keep) == (50_000, 50_000)
