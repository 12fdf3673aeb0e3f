"""A scope to the repositories in question: the newest first.

A project is that of one code host: the newest release of ``utils`` on one says nothing of ``utils`` on another.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from heapq import heappush, heappushpop

from codehost.model.errors import UserError
from codehost.model.searching import SearchScope
from codehost.model.texts import printable
from codehost.record.searchable import Searchable, SearchableRelease
from codehost.search.latest import Candidate, newest

# Of names that begin like an unknown one, and of versions of a project, so many are looked at.
_COMPARED = 2_000
_BEGINNING = 2
_NAMED = 5
_SHOWN = 80

# Whether it is its project's latest, when it was synced, its id: the order of repositories, the first last.
_Rank = tuple[bool, int, int]


class UnknownScopeError(UserError):
    """Nothing goes by a name that the scope gives.

    Attributes:
        what: ``code host``, ``project`` or ``version``.
        name: the name.
        problem: a sentence.
        near: names that may have been meant, or that there are.
    """

    def __init__(self, what: str, name: str, problem: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(what, name, problem, near)
        self.what = what
        self.name = name
        self.problem = problem
        self.near = near

    def __str__(self) -> str:
        if not self.near:
            return self.problem
        if self.what == "version":
            return f"{self.problem} There are: {', '.join(self.near)}."
        return f"{self.problem} Did you mean {' or '.join(self.near)}?"


@dataclass(frozen=True, slots=True, kw_only=True)
class InQuestion:
    """The repositories to search.

    Attributes:
        releases: in order: each project's latest, then the others; within both, by the time of their sync, newest
            first.
        count: how many are in question, of which ``releases`` may be the first ones only.
        recorded: there is something that the scope names, whatever the query makes of it.
    """

    releases: tuple[SearchableRelease, ...]
    count: int
    recorded: bool


async def in_question(
    searchable: Searchable, scope: SearchScope, admits: Callable[[str], bool], most: int
) -> InQuestion:
    """The first ``most`` repositories of ``scope`` whose name ``admits`` lets pass.

    Memory grows with ``most``, not with the record. With a version, ``latest`` does not count: the version says it all.

    Raises:
        UnknownScopeError: the code host, a project or the version is not there.
    """
    first = _First(most=most)
    only_latest = scope.latest and scope.version is None
    missing = dict.fromkeys(scope.projects)
    recorded = False
    async for project in _projects(searchable, scope):
        recorded = True
        missing.pop(project[0].project, None)
        latest = newest(_candidates(project)) if len(project) > 1 else project[0].release_id
        for release in project:
            is_latest = release.release_id == latest
            if (is_latest or not only_latest) and admits(release.repository):
                first.add((is_latest, release.synced_at, release.release_id), release)
    if missing or not recorded:
        await _refuse_unknown(searchable, scope, list(missing), recorded=recorded)
    return InQuestion(releases=first.ordered(), count=first.count, recorded=recorded)


@dataclass(slots=True, kw_only=True)
class _First:
    """The ``most`` highest of what is added."""

    most: int
    count: int = 0
    heap: list[tuple[_Rank, SearchableRelease]] = field(default_factory=list)

    def add(self, rank: _Rank, release: SearchableRelease) -> None:
        self.count += 1
        if len(self.heap) < self.most:
            heappush(self.heap, (rank, release))
        else:
            heappushpop(self.heap, (rank, release))

    def ordered(self) -> tuple[SearchableRelease, ...]:
        return tuple(release for _, release in sorted(self.heap, reverse=True))


async def _projects(searchable: Searchable, scope: SearchScope) -> AsyncIterator[list[SearchableRelease]]:
    """The releases, each list those of one project."""
    project: list[SearchableRelease] = []
    async for rows in searchable.stream(scope):
        for row in rows:
            if project and (project[0].code_host, project[0].project) != (row.code_host, row.project):
                yield project
                project = []
            project.append(row)
    if project:
        yield project


def _candidates(project: list[SearchableRelease]) -> Iterator[Candidate]:
    return (Candidate(id=one.release_id, version=one.version, yanked=one.yanked) for one in project)


async def _refuse_unknown(searchable: Searchable, scope: SearchScope, missing: list[str], *, recorded: bool) -> None:
    """Find out which name of the scope is unknown; none may be, when a project lacks just this version."""
    if scope.code_host is not None and not recorded:
        await _refuse_code_host(searchable, scope.code_host)
    for project in missing:
        await _refuse_project(searchable, scope, project)
    if scope.version is not None and not recorded:
        near = await _versions(searchable, scope, missing[0]) if missing else ()
        of = f" of {_quoted(missing[0])}" if missing else ""
        raise UnknownScopeError("version", scope.version, f"No version {_quoted(scope.version)}{of} is here.", near)


async def _refuse_code_host(searchable: Searchable, name: str) -> None:
    names = await searchable.code_hosts()
    if name not in names:
        problem = f"There is no code host called {_quoted(name)}: codehost hosts list shows all."
        raise UnknownScopeError("code host", name, problem, tuple(get_close_matches(name, names, n=_NAMED)))


async def _refuse_project(searchable: Searchable, scope: SearchScope, project: str) -> None:
    recorded = await searchable.versions(project, scope.code_host, _COMPARED)
    if any(recorded.values()):
        return  # only the version is not there
    shown, on = _quoted(project), f" on {scope.code_host}" if scope.code_host else ""
    if recorded:
        problem = f"No release of {shown} is synced yet{on}: codehost status tells how far it is, and what failed."
        raise UnknownScopeError("project", project, problem)
    names = await searchable.projects_beginning(project[:_BEGINNING], scope.code_host, _COMPARED)
    near = tuple(get_close_matches(project, names, n=3))
    raise UnknownScopeError("project", project, f"No release of a project called {shown} is here{on}.", near)


async def _versions(searchable: Searchable, scope: SearchScope, project: str) -> tuple[str, ...]:
    recorded = await searchable.versions(project, scope.code_host, _COMPARED)
    return tuple(version for version, present in recorded.items() if present)[:_NAMED]


def _quoted(text: str) -> str:
    return printable(text, _SHOWN)
