"""What the database remembers, as values. All times are integer microseconds since the epoch."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from codehost.model.jobs import JobState
from codehost.model.members import Skip
from codehost.model.pins import Pin
from codehost.model.releases import Answer


class ChangeKind(StrEnum):
    """What happened to a repository. ``marked``: only marks changed (yanked, quarantined, gone, alarm)."""

    CREATED = "created"
    UPDATED = "updated"
    MARKED = "marked"
    REMOVED = "removed"


class Source(StrEnum):
    """Who keeps a code host's document; a watched file's path stands behind ``file:``."""

    SYNC = "sync"
    HOSTS = "hosts"
    FILE = "file:"


class AttemptOutcome(StrEnum):
    """How one try of a job ended. ``lost``: its worker went away; ``returned``: given back at a graceful stop."""

    COMPLETED = "completed"
    ERRORED = "errored"
    FAILED = "failed"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCodeHost:
    """A code host that the database knows. ``document`` is its text with other texts in the places of its secrets.

    ``source`` says who keeps the document: ``sync`` (the file of one sync), ``hosts`` (the commands), or
    ``file:<path>`` (a watched file). Of two hosts the one with the smaller ``priority`` goes first. A plan has followed
    the document with the digest ``applied_sha256``; while that is another than ``document_sha256``, or a sync was
    requested after ``applied_at``, there is something to plan. ``problem``: why it cannot be, as a sentence.
    """

    code_host_id: int
    name: str
    document: str
    document_sha256: str
    created_at: int
    updated_at: int
    source: str = "sync"
    paused: bool = False
    priority: int = 100
    applied_sha256: str | None = None
    applied_at: int | None = None
    sync_requested_at: int | None = None
    removal_confirmed_sha256: str | None = None
    removed_at: int | None = None
    problem: str | None = None


class RecordedRelease(NamedTuple):
    """A release that the database knows. ``version`` is canonical; not ``wanted`` means retired.

    A named tuple, unlike its neighbours: every sync makes one for each release, and 100,000 frozen dataclasses take
    four times as long.
    """

    release_id: int
    project: str
    version: str
    repository: str
    state: JobState
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do so that the recorded releases become the pinned ones.

    ``add`` holds each new release once, a project's pins next to each other. ``retry``: pinned and recorded, but
    not completed. ``keep`` counts the completed ones. ``retire``: no longer pinned. ``restore``: retired earlier and
    pinned again. ``repository_pattern`` names the added ones; recorded ones keep their repository's name. ``known``
    counts the releases that were wanted before, of which the plan ``removes`` those that retire.
    """

    repository_pattern: str
    add: tuple[Pin, ...] = ()
    retry: tuple[RecordedRelease, ...] = ()
    keep: int = 0
    retire: tuple[RecordedRelease, ...] = ()
    restore: tuple[RecordedRelease, ...] = ()
    known: int = 0

    @property
    def removes(self) -> int:
        """How many releases that were wanted before are wanted no more."""
        return len(self.retire)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedRelease:
    """A release whose repository should be on disk with ``commit`` at its branch and tag."""

    release_id: int
    code_host_id: int
    repository: str
    pinned_version: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredRelease:
    """A release that is no longer pinned and may be removed."""

    release_id: int
    project: str
    pinned_version: str
    repository: str
    retired_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRelease:
    """A wanted release without a repository because its last attempt failed."""

    project: str
    pinned_version: str
    repository: str
    state: JobState
    reason: str
    message: str
    attempts: int
    not_before: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseOutcome:
    """Where a wanted release stands. Fields that no sync or failure has filled are None."""

    project: str
    version: str
    pinned_version: str
    repository: str
    state: JobState
    reason: str | None
    message: str | None
    commit: str | None
    mirror: str | None
    file_name: str | None
    sha256: str | None
    skipped: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAttempt:
    """One try of a job. ``outcome`` is None while it runs."""

    number: int
    epoch: int
    owner: str
    started_at: int
    finished_at: int | None
    outcome: AttemptOutcome | None
    reason: str | None
    transient: bool | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDetails:
    """All that is known of one release. Sizes in bytes; ``yanked`` is None or the reason, which may be empty.

    ``remarks`` are those of the ``IngestReport``. What the mirror has said since: its project is ``quarantined``, the
    file is gone since ``gone_at``, and ``alarm``, a sentence, when it offers the file with another digest.
    """

    release_id: int
    code_host: str
    project: str
    version: str
    pinned_version: str
    repository: str
    wanted: bool
    state: JobState
    reason: str | None
    message: str | None
    commit: str | None
    tree: str | None
    mirror: str | None
    page_url: str | None
    file_name: str | None
    file_url: str | None
    final_url: str | None
    sha256: str | None
    hashes: dict[str, str] = field(default_factory=dict)
    verified: tuple[str, ...] = ()
    size: int | None
    upload_time: str | None
    yanked: str | None
    requires_python: str | None
    why: str | None
    asked: tuple[Answer, ...] = ()
    files: int | None
    unpacked_bytes: int | None
    packed_bytes: int | None
    skipped: int | None
    created_at: int
    synced_at: int | None
    retired_at: int | None
    quarantined: bool = False
    gone_at: int | None = None
    alarm: str | None = None
    skips: tuple[Skip, ...] = ()
    remarks: tuple[str, ...] = ()
    attempts: tuple[RecordedAttempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the feed. ``sequence`` counts from 1 without gaps, in the order of the commits.

    ``code_host`` is the code host's name at that time; "" where nobody knows it any more.
    """

    sequence: int
    code_host_id: int
    repository: str
    project: str
    version: str
    kind: ChangeKind
    commit: str | None
    at: int
    code_host: str = ""
