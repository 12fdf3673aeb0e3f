"""``/api/v1/repos``: the repositories, page by page, and all that is known of one."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

import msgspec
from packaging.utils import canonicalize_name

from codehost.model.jobs import JobState
from codehost.model.records import ReleaseDetails
from codehost.model.repository_names import SUFFIX
from codehost.record.repositories import ListedRepository, Wanted
from codehost.serve.api.endpoints import Answer, Call, Endpoint
from codehost.serve.api.links import Addresses, addresses_for
from codehost.serve.api.paging import link_to_next
from codehost.serve.api.repository import RepositoryDetails, details_of
from codehost.serve.api.times import moment, moment_if_any
from codehost.serve.names import repository_name
from codehost.serve.problems import Flaw, Kind, ProblemError

_MOST_LIMIT = 1_000
_MOST_DIGITS = 18


class Listing(Protocol):
    """Repositories in the record, page by page."""

    async def page(self, wanted: Wanted, after: int, limit: int) -> list[ListedRepository]:
        """At most ``limit`` behind the one with the id ``after``; fewer: there are no more."""
        ...


class ReposQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which repositories."""

    after: Annotated[str, msgspec.Meta(description="``next`` of the page before.")] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=_MOST_LIMIT)] = 100
    code_host: Annotated[str, msgspec.Meta(description="Only of the code host with this name.")] | None = None
    project: Annotated[str, msgspec.Meta(description="Only of the project that is called so.")] | None = None
    state: JobState | None = None


class Repository(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A release and its repository.

    Attributes:
        name: the repository's.
        code_host: the name of the code host that pins it.
        project: the normalised name.
        version: the canonical version.
        pinned_version: as the pin has it.
        state: of its sync job.
        reason: why the last attempt failed.
        commit: what its branch and tag name; None as long as there is no repository.
        yanked: whether the mirror says so (PEP 592).
        yanked_reason: what the mirror says on that; it may be empty.
        quarantined: whether the project must not be offered (PEP 792).
        gone: whether its file was taken off the mirror.
        alarm: a sentence when the mirror offers the file with another digest.
        wanted: False: no pin names it any more; its repository stays for a while.
        created_at: when it was pinned first.
        synced_at: when its repository was made or made anew.
        retired_at: since when no pin has named it.
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
    commit: str | None
    yanked: bool
    yanked_reason: str | None
    quarantined: bool
    gone: bool
    alarm: str | None
    wanted: bool
    created_at: str
    synced_at: str | None
    retired_at: str | None
    clone_url: str | None
    web_url: str | None


class RepositoryPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Repositories in the order in which they were pinned first.

    Attributes:
        items: the repositories.
        next: where the next page begins; None: this is the last one.
    """

    items: tuple[Repository, ...]
    next: str | None


class Repos:
    """Looking repositories up.

    Args:
        listing: the record's.
        details: all that is known of the release in a repository, or None.
    """

    def __init__(self, listing: Listing, details: Callable[[str], Awaitable[ReleaseDetails | None]]) -> None:
        self._listing = listing
        self._details = details

    def endpoints(self) -> list[Endpoint]:
        """The list, and one."""
        return [
            Endpoint(
                method="GET",
                path="/repos",
                name="listRepos",
                summary="Repositories, page by page",
                tag="repos",
                handle=self.list,
                query=ReposQuery,
                answers={200: RepositoryPage},
            ),
            Endpoint(
                method="GET",
                path="/repos/{name}",
                name="getRepo",
                summary="Where a repository came from, what was left out of it, and every attempt at it",
                tag="repos",
                handle=self.get,
                answers={200: RepositoryDetails},
                problems=(Kind.NOT_FOUND,),
            ),
        ]

    async def list(self, call: Call[ReposQuery, None]) -> Answer:
        """A page of repositories."""
        query = call.query
        project = None if query.project is None else canonicalize_name(query.project)
        wanted = Wanted(code_host=query.code_host, project=project, state=query.state)
        # One more, to know whether there are more.
        found = await self._listing.page(wanted, _place(query.after), query.limit + 1)
        where = addresses_for(call.request)
        following = str(found[query.limit - 1].release_id) if len(found) > query.limit else None
        items = tuple(_repository(one, where) for one in found[: query.limit])
        return Answer(
            content=RepositoryPage(items=items, next=following),
            headers=link_to_next(call.request, "/repos", following),
        )

    async def get(self, call: Call[None, None]) -> Answer:
        """All that is known of one."""
        name = call.path["name"]
        # What no pattern makes is nobody's name, and a database may not take it as a text at all.
        details = await self._details(name) if repository_name(f"{name}{SUFFIX}") == name else None
        if details is None:
            raise ProblemError(
                Kind.NOT_FOUND, "There is no such repository. GET /api/v1/repos?project=NAME lists those of a project."
            )
        return Answer(content=details_of(details, addresses_for(call.request)))


def _place(after: str) -> int:
    if not after:
        return 0
    if not (after.isascii() and after.isdecimal() and len(after) <= _MOST_DIGITS):
        flaw = Flaw(detail="Give next of the page before, exactly as it was.", parameter="after")
        raise ProblemError(Kind.INVALID, "The query is not valid.", flaws=(flaw,))
    return int(after)


def _repository(one: ListedRepository, where: Addresses) -> Repository:
    there = one.commit is not None
    return Repository(
        name=one.repository,
        code_host=one.code_host,
        project=one.project,
        version=one.version,
        pinned_version=one.pinned_version,
        state=one.state,
        reason=one.reason,
        commit=one.commit,
        yanked=one.yanked is not None,
        yanked_reason=one.yanked,
        quarantined=one.quarantined,
        gone=one.gone_at is not None,
        alarm=one.alarm,
        wanted=one.wanted,
        created_at=moment(one.created_at),
        synced_at=moment_if_any(one.synced_at),
        retired_at=moment_if_any(one.retired_at),
        clone_url=where.clone(one.repository) if there else None,
        web_url=where.web(one.repository) if there else None,
    )
