"""Search over the repositories: what is asked, and what is found. Whichever engine answers, these are its words.

A *document* is a file of a repository's commit: its path and its content. A query is matched against documents; the
lines that made a document match are its *hits*. Results are grouped by repository.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from codehost.model.errors import UserError

DEFAULT_LINES = 500
DEFAULT_SECONDS = 20.0
# What anybody may ask for over HTTP.
MOST_LINES = 5_000
MOST_CONTEXT = 20
MOST_SECONDS = 60.0


class Engine(StrEnum):
    """What answers. ``scan`` reads every file of every repository in question."""

    SCAN = "scan"


class QueryError(UserError):
    """A query that cannot be understood. ``position``: of its first wrong character, from 0; ``hint``: what to do."""

    def __init__(self, query: str, position: int, problem: str, hint: str = "") -> None:
        super().__init__(query, position, problem, hint)
        self.query = query
        self.position = position
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        place = f"at character {self.position + 1}" if self.position < len(self.query) else "at its end"
        return f"The query cannot be understood {place}: {self.problem}." + (f" {self.hint}" if self.hint else "")


class NotNowError(UserError):
    """No engine can answer at this moment; a little later one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchScope:
    """Which repositories are searched, besides what the query says.

    Attributes:
        code_host: its name; None: all.
        projects: normalised names; empty: all.
        version: as pinned; None: all.
        latest: only the newest release of each project, by PEP 440; a final release goes before a newer pre-release,
            and one that is not yanked before one that is.
    """

    code_host: str | None = None
    projects: tuple[str, ...] = ()
    version: str | None = None
    latest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question.

    Attributes:
        query: in Zoekt's syntax.
        scope: where to look.
        lines: at most so many hits in all.
        lines_each: at most so many hits of one file; None: no bound.
        context: so many lines before and after each hit.
        seconds: at most so long.
    """

    query: str
    scope: SearchScope = field(default_factory=SearchScope)
    lines: int = DEFAULT_LINES
    lines_each: int | None = None
    context: int = 0
    seconds: float = DEFAULT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a text: characters ``start`` (from 0) to ``end`` (not in it)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHit:
    """A line that matches.

    Attributes:
        number: from 1.
        text: the line without its end; bytes that are not UTF-8 are U+FFFD each.
        spans: what of it matches: in order, without overlaps, none empty.
        before, after: lines of context, nearest last and nearest first respectively, as in the file.
        cut: the line is longer than what is told of it: ``text`` is the part around its first match. Lines of context
            are cut too, at their end.
        offset: so many characters of the line stand before ``text``; 0 unless it is cut.
    """

    number: int
    text: str
    spans: tuple[Span, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    cut: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHits:
    """A document that matches.

    Attributes:
        path: inside the repository, UTF-8.
        language: as go-enry and Linguist name it: ``Python``; empty: unknown.
        lines: in the order of the file; empty when only the name matches.
        name_spans: what of the path matches; only when there are no lines.
        more: there are further hits in it that were left out.
    """

    path: str
    language: str
    lines: tuple[LineHit, ...] = ()
    name_spans: tuple[Span, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryHits:
    """What was found in one repository, at the commit that was searched."""

    release_id: int
    repository: str
    code_host: str
    project: str
    version: str
    commit: str
    files: tuple[FileHits, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """How a search went.

    Attributes:
        engine: which one answered.
        seconds: how long it took.
        repositories: how many were searched, of ``in_scope``.
        files, lines: how many were found and told.
        why_incomplete: a sentence when there may be more than was told (a limit, a time-out, what is not indexed yet);
            None: this is all.
    """

    engine: Engine
    seconds: float
    repositories: int
    in_scope: int
    files: int
    lines: int
    why_incomplete: str | None = None


class Searching(Protocol):
    """An engine, or whoever chooses one."""

    def search(self, request: SearchRequest) -> AsyncGenerator[RepositoryHits | Searched, None]:
        """What is found, repository by repository, newest first as far as possible; ``Searched`` comes last, once.

        Whoever stops before that closes it, which ends the work.

        Raises:
            QueryError: the query cannot be understood; before anything is told.
            UserError: no engine can answer at this moment.
        """
        ...
