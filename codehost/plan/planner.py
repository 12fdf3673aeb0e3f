"""The plan: wanted minus recorded."""

from collections.abc import Iterable

from codehost.model.jobs import JobState
from codehost.model.pins import DEFAULT_REPOSITORY_PATTERN, Pin
from codehost.model.records import Plan, RecordedRelease

# A configuration that lost its pins by mistake retires most of what is there; a person has to say that it may.
MOST_REMOVED = 10
MOST_REMOVED_SHARE = 0.2

# Releases by (project, canonical version): tuples hash several times faster than dataclasses.
_Key = tuple[str, str]


def plan(pins: Iterable[Pin], recorded: Iterable[RecordedRelease], pattern: str = DEFAULT_REPOSITORY_PATTERN) -> Plan:
    """Compare what is pinned with what is recorded.

    Pins of one release under two spellings count once, as the first. A recorded release keeps its repository, also
    when a later pin spells the version differently or the pattern has changed since.
    """
    wanted = _first_spellings(pins)
    known = {(release.project, release.version): release for release in recorded}
    pinned = [release for key in wanted if (release := known.get(key))]
    current = [release for release in pinned if release.wanted]
    retry = tuple(release for release in current if release.state is not JobState.COMPLETED)
    return Plan(
        repository_pattern=pattern,
        add=_by_project(pin for key, pin in wanted.items() if key not in known),
        retry=retry,
        keep=len(current) - len(retry),
        retire=tuple(sorted(release for key, release in known.items() if release.wanted and key not in wanted)),
        restore=tuple(release for release in pinned if not release.wanted),
        known=sum(release.wanted for release in known.values()),
    )


def is_great_removal(plan: Plan, *, share: float = MOST_REMOVED_SHARE) -> bool:
    """Whether the plan retires so much that a person has to confirm it: more than ``MOST_REMOVED`` and the share."""
    return plan.removes > MOST_REMOVED and plan.removes > share * plan.known


def _first_spellings(pins: Iterable[Pin]) -> dict[_Key, Pin]:
    wanted: dict[_Key, Pin] = {}
    for pin in pins:
        wanted.setdefault((pin.release.project, pin.release.version), pin)
    return wanted


def _by_project(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    """In the order of each project's first pin: neighbours in the queue share one project page."""
    projects: dict[str, list[Pin]] = {}
    for pin in pins:
        projects.setdefault(pin.project, []).append(pin)
    return tuple(pin for group in projects.values() for pin in group)
