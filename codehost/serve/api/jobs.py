"""``/api/v1/jobs``: the sync jobs, as ``codehost cancel`` and ``codehost retry`` have them."""

import re
from typing import Annotated

import msgspec

from codehost.model.access import Role
from codehost.model.errors import FACTS, Reason
from codehost.model.jobs import JobState
from codehost.record.job_pages import JobPages, ListedJob, Place, Wanted
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.hosts import check_name
from codehost.serve.api.paging import link_to_next
from codehost.serve.api.times import moment, moment_if_any
from codehost.serve.ports import ChangedJobs, JobDesk
from codehost.serve.problems import Flaw, Kind, ProblemError

_MOST_LIMIT = 1_000
_MOST_NAMED = 1_000
_MAX_TEXT = 1_000
_TAG = "jobs"
_CURSOR = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)

Repositories = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_TEXT)], ...],
    msgspec.Meta(
        min_length=1, max_length=_MOST_NAMED, description="Names of repositories, or pins: these in every code host."
    ),
]


class JobsQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which jobs."""

    state: JobState | None = None
    reason: (
        Annotated[Reason, msgspec.Meta(description="Errored and failed jobs whose last attempt failed for it.")] | None
    ) = None
    code_host: Annotated[str, msgspec.Meta(description="Jobs of the code host with this name.")] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MOST_LIMIT)] = 100
    after: Annotated[str, msgspec.Meta(description="What next said in the answer before; nothing: begin.")] = ""


class Job(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A sync job.

    Attributes:
        repository: the name of the release's repository.
        pin: as ``six==1.16.0``.
        code_host: whose it is.
        state: where it stands.
        reason: the class of the last failure.
        message: what happened then.
        who: who can act on it.
        advice: what to do about it.
        attempts: how often it was tried since it was queued.
        retired: whether no pin names its release any more.
        queued_at: when it was queued.
        started_at: when somebody began it last.
        finished_at: when its last attempt ended.
        again_at: when it is tried again.
    """

    repository: str
    pin: str
    code_host: str
    state: JobState
    reason: str | None
    message: str | None
    who: str | None
    advice: str | None
    attempts: int
    retired: bool
    queued_at: str
    started_at: str | None
    finished_at: str | None
    again_at: str | None


class JobPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Jobs. ``next`` is where the next page begins; null: these are the last."""

    items: tuple[Job, ...]
    next: str | None


class Named(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The jobs of these repositories."""

    repositories: Repositories


class Again(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The jobs of these repositories; or all that failed, for any reason or for that one. One of the three."""

    repositories: Repositories | None = None
    failed: bool = False
    reason: Reason | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many jobs changed, the first thousand of their repositories, and a sentence for each that did not."""

    changed: int
    repositories: tuple[str, ...]
    complaints: tuple[str, ...]


class SyncJobs:
    """Looking at jobs, and asking something of them."""

    def __init__(self, pages: JobPages, desk: JobDesk) -> None:
        self._pages = pages
        self._desk = desk

    def endpoints(self) -> list[Endpoint]:
        """The list, and what can be asked."""
        return [
            Endpoint(
                method="GET",
                path="/jobs",
                name="listJobs",
                summary="The sync jobs, page by page: by code host, in the order in which their releases were added",
                tag=_TAG,
                handle=self.list,
                query=JobsQuery,
                answers={200: JobPage},
                problems=(Kind.NOT_FOUND,),
            ),
            Endpoint(
                method="POST",
                path="/jobs/cancel",
                name="cancelJobs",
                summary="Take jobs out of the queue; one that a worker has in hand is dropped",
                tag=_TAG,
                role=Role.ADMIN,
                handle=self.cancel,
                body=Named,
                answers={200: Outcome},
            ),
            Endpoint(
                method="POST",
                path="/jobs/retry",
                name="retryJobs",
                summary="Put jobs to the front of the queue, as if never tried",
                tag=_TAG,
                role=Role.ADMIN,
                handle=self.retry,
                body=Again,
                answers={200: Outcome},
            ),
        ]

    async def list(self, call: Call[JobsQuery, None]) -> Answer:
        """A page of them."""
        query = call.query
        if query.code_host is not None:
            check_name(query.code_host)
        wanted = Wanted(code_host=query.code_host, state=query.state, reason=query.reason)
        # One more, to know whether there are more.
        found = await self._pages.page(wanted, _place(query.after), query.limit + 1)
        items = tuple(_job(one) for one in found[: query.limit])
        last = found[query.limit - 1].place if len(found) > query.limit else None
        cursor = None if last is None else f"{last.code_host_id}-{last.release_id}"
        return Answer(content=JobPage(items=items, next=cursor), headers=link_to_next(call.request, "/jobs", cursor))

    async def cancel(self, call: Call[Nothing, Named]) -> Answer:
        """Take them out."""
        return _outcome(await self._desk.cancel(call.body.repositories))

    async def retry(self, call: Call[Nothing, Again]) -> Answer:
        """Put them first."""
        body = call.body
        named = body.repositories is not None
        if named == (body.failed or body.reason is not None):
            raise ProblemError(
                Kind.INVALID,
                "Say which jobs.",
                flaws=(Flaw(detail="Give repositories, or failed, or a reason.", pointer=""),),
            )
        if body.repositories is not None:
            return _outcome(await self._desk.retry(body.repositories))
        return _outcome(await self._desk.retry_failed(body.reason))


def _place(cursor: str) -> Place:
    if not cursor:
        return Place()
    parts = _CURSOR.fullmatch(cursor)
    if parts is None:
        flaw = Flaw(detail="This is no cursor of a list of jobs.", parameter="after", hint="Leave it out to begin.")
        raise ProblemError(Kind.INVALID, "The query is not valid.", flaws=(flaw,))
    return Place(code_host_id=int(parts[1]), release_id=int(parts[2]))


def _job(listed: ListedJob) -> Job:
    facts = FACTS[Reason(listed.reason)] if listed.reason in list(Reason) else None
    return Job(
        repository=listed.repository,
        pin=f"{listed.project}=={listed.pinned_version}",
        code_host=listed.code_host,
        state=listed.state,
        reason=listed.reason,
        message=listed.message,
        who=None if facts is None else facts.who.value,
        advice=None if facts is None else facts.advice,
        attempts=listed.attempts,
        retired=not listed.wanted,
        queued_at=moment(listed.queued_at),
        started_at=moment_if_any(listed.started_at),
        finished_at=moment_if_any(listed.finished_at),
        again_at=moment_if_any(listed.not_before),
    )


def _outcome(made: ChangedJobs) -> Answer:
    return Answer(
        content=Outcome(
            changed=len(made.changed),
            repositories=tuple(made.changed[:_MOST_NAMED]),
            complaints=tuple(made.complaints),
        )
    )
