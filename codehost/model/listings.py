"""What is listed for people who look around: a line each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from codehost.model.jobs import JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRelease:
    """A release among others. ``commit`` is None while it has no repository; the marks are as in ``ReleaseDetails``."""

    repository: str
    project: str
    pinned_version: str
    code_host: str
    wanted: bool
    commit: str | None
    yanked: bool = False
    quarantined: bool = False
    gone: bool = False
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedCodeHost:
    """A code host among others.

    Attributes:
        name: as it was given.
        paused: whether nothing is synced for it.
        problem: why its document cannot be followed, as a sentence.
        counts: wanted releases by the state of their jobs; a state without any may be missing.
    """

    name: str
    paused: bool
    problem: str | None
    counts: Mapping[JobState, int] = field(default_factory=dict)
