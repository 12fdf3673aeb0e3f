"""All that is known of one repository, as ``/api/v1/repos/{name}`` answers it."""

import msgspec

from codehost.model.jobs import JobState
from codehost.model.members import SkipReason
from codehost.model.records import AttemptOutcome, ReleaseDetails
from codehost.serve.api.links import Addresses
from codehost.serve.api.times import moment, moment_if_any


class File(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The distribution file that the repository was made of.

    Attributes:
        name: the file's.
        url: as the project page has it, without user information.
        final_url: where it was in the end, after redirects.
        sha256: computed from its bytes.
        hashes: the digests that the project page promised, by algorithm.
        verified: the algorithms whose digests agreed with the bytes.
        size: in bytes.
        upload_time: what the mirror says on it (PEP 700).
        requires_python: what the mirror says on it (PEP 503).
    """

    name: str
    url: str | None
    final_url: str | None
    sha256: str | None
    hashes: dict[str, str]
    verified: tuple[str, ...]
    size: int | None
    upload_time: str | None
    requires_python: str | None


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a mirror said when it was asked for the release."""

    mirror: str
    page_url: str
    said: str


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A member of the archive that is not in the repository. ``size`` in bytes."""

    path: str
    reason: SkipReason
    size: int


class Attempt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One try at the release. ``outcome`` is None while it runs; ``transient``: it is tried again."""

    number: int
    worker: str
    started_at: str
    finished_at: str | None
    outcome: AttemptOutcome | None
    reason: str | None
    transient: bool | None
    message: str | None


class RepositoryDetails(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A release and its repository, with all that is known of them.

    Attributes:
        name: the repository's.
        code_host: the name of the code host that pins it.
        project: the normalised name.
        version: the canonical version.
        pinned_version: as the pin has it.
        state: of its sync job.
        reason: why the last attempt failed.
        message: the same as a sentence.
        commit: what its branch and tag name; None as long as there is no repository.
        tree: the commit's.
        mirror: the mirror that it came from.
        page_url: the project page that named the file.
        file: what it was made of; None before it was made first.
        why: why that file was chosen.
        asked: what each mirror said, in their order.
        yanked: whether the mirror says so (PEP 592).
        yanked_reason: what the mirror says on that; it may be empty.
        quarantined: whether the project must not be offered (PEP 792).
        gone: whether its file was taken off the mirror.
        gone_at: since when.
        alarm: a sentence when the mirror offers the file with another digest.
        wanted: False: no pin names it any more; its repository stays for a while.
        created_at: when it was pinned first.
        synced_at: when its repository was made or made anew.
        retired_at: since when no pin has named it.
        files: how many files the repository holds.
        unpacked_bytes: their size.
        packed_bytes: the size of the repository's pack.
        skipped: how many members were left out.
        skips: which; at most so many are kept.
        remarks: what else was noticed, as sentences.
        attempts: every try, the first one first.
        clone_url: where git finds it; None as long as there is no repository.
        web_url: where people find it.
    """

    name: str
    code_host: str
    project: str
    version: str
    pinned_version: str
    state: JobState
    reason: str | None
    message: str | None
    commit: str | None
    tree: str | None
    mirror: str | None
    page_url: str | None
    file: File | None
    why: str | None
    asked: tuple[Asked, ...]
    yanked: bool
    yanked_reason: str | None
    quarantined: bool
    gone: bool
    gone_at: str | None
    alarm: str | None
    wanted: bool
    created_at: str
    synced_at: str | None
    retired_at: str | None
    files: int | None
    unpacked_bytes: int | None
    packed_bytes: int | None
    skipped: int | None
    skips: tuple[LeftOut, ...]
    remarks: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    clone_url: str | None
    web_url: str | None


def details_of(details: ReleaseDetails, where: Addresses) -> RepositoryDetails:
    """The answer. What the record holds is without secrets, and so is this."""
    there = details.commit is not None
    plain = (
        "code_host project version pinned_version state reason message commit tree mirror page_url why quarantined"
        " alarm wanted files unpacked_bytes packed_bytes skipped remarks"
    )
    return RepositoryDetails(
        **{name: getattr(details, name) for name in plain.split()},
        name=details.repository,
        file=_file(details),
        asked=tuple(Asked(mirror=one.mirror, page_url=one.page_url, said=one.said) for one in details.asked),
        yanked=details.yanked is not None,
        yanked_reason=details.yanked,
        gone=details.gone_at is not None,
        gone_at=moment_if_any(details.gone_at),
        created_at=moment(details.created_at),
        synced_at=moment_if_any(details.synced_at),
        retired_at=moment_if_any(details.retired_at),
        skips=tuple(LeftOut(path=one.path, reason=one.reason, size=one.size) for one in details.skips),
        attempts=_attempts(details),
        clone_url=where.clone(details.repository) if there else None,
        web_url=where.web(details.repository) if there else None,
    )


def _file(details: ReleaseDetails) -> File | None:
    if details.file_name is None:
        return None
    return File(
        name=details.file_name,
        url=details.file_url,
        final_url=details.final_url,
        sha256=details.sha256,
        hashes=details.hashes,
        verified=details.verified,
        size=details.size,
        upload_time=details.upload_time,
        requires_python=details.requires_python,
    )


def _attempts(details: ReleaseDetails) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(
            number=one.number,
            worker=one.owner,
            started_at=moment(one.started_at),
            finished_at=moment_if_any(one.finished_at),
            outcome=one.outcome,
            reason=one.reason,
            transient=one.transient,
            message=one.message,
        )
        for one in details.attempts
    )
