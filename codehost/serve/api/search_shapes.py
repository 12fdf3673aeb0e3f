"""What a search answers, as JSON: over HTTP, and from ``codehost search --json``."""

import msgspec

from codehost.model.searching import Engine, FileHits, LineHit, RepositoryHits, Searched, Span
from codehost.serve.pages.links import Links

# What stands for a byte that is not UTF-8: which one it was is not told, so that nothing leads to such a path.
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class FoundSpan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of a text that matches: its characters ``start``, from 0, to ``end``, which is not in it."""

    start: int
    end: int


class FoundLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line that matches.

    Attributes:
        number: from 1.
        text: the line without its end; each byte that is not UTF-8 is U+FFFD.
        spans: what of it matches, in order.
        before: the lines before it, as in the file.
        after: the lines behind it, as in the file.
        cut: the line is longer than ``text``, which is the part around its first match.
        offset: so many characters of the line stand before ``text``.
        url: where people see it; not there where no server is known, or the path is not UTF-8.
    """

    number: int
    text: str
    spans: tuple[FoundSpan, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    cut: bool
    offset: int
    url: str | msgspec.UnsetType = msgspec.UNSET


class FoundFile(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A file that matches.

    Attributes:
        path: inside the repository.
        language: as Linguist names it; "" where it is not known.
        lines: in the order of the file; none when only the path matches.
        name_spans: what of the path matches, when there are no lines.
        more: it has further lines that match.
        url: where people see it; not there where no server is known, or the path is not UTF-8.
    """

    path: str
    language: str
    lines: tuple[FoundLine, ...]
    name_spans: tuple[FoundSpan, ...]
    more: bool
    url: str | msgspec.UnsetType = msgspec.UNSET


class FoundRepository(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was found in a repository.

    Attributes:
        name: the repository's.
        code_host: the name of the code host that pins it.
        project: the normalised name.
        version: as it was pinned.
        commit: that was searched.
        files: in the order of their paths.
        url: where people see it; not there where no server is known.
    """

    name: str
    code_host: str
    project: str
    version: str
    commit: str
    files: tuple[FoundFile, ...]
    url: str | msgspec.UnsetType = msgspec.UNSET


class SearchStatistics(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How the search went.

    Attributes:
        engine: what has answered.
        seconds: how long it took.
        repositories: how many were searched to their end.
        in_scope: of how many.
        files: how many were found and told.
        lines: how many were found and told.
        why_incomplete: why there may be more; None: this is all.
    """

    engine: Engine
    seconds: float
    repositories: int
    in_scope: int
    files: int
    lines: int
    why_incomplete: str | None


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All that was found: the latest release of each project before the others, the newest first."""

    repositories: tuple[FoundRepository, ...]
    statistics: SearchStatistics


def repository_of(hits: RepositoryHits, root: str | None) -> FoundRepository:
    """``root``: the URL of the server's own "/" without that slash; None: no server is known."""
    links = None if root is None else Links(root)
    return FoundRepository(
        name=hits.repository,
        code_host=hits.code_host,
        project=hits.project,
        version=hits.version,
        commit=hits.commit,
        files=tuple(_file(file, _address(hits, file, links)) for file in hits.files),
        url=msgspec.UNSET if links is None else links.release(hits.repository),
    )


def statistics_of(searched: Searched) -> SearchStatistics:
    """How it went."""
    return SearchStatistics(
        engine=searched.engine,
        seconds=round(searched.seconds, 3),
        repositories=searched.repositories,
        in_scope=searched.in_scope,
        files=searched.files,
        lines=searched.lines,
        why_incomplete=searched.why_incomplete,
    )


def _address(hits: RepositoryHits, file: FileHits, links: Links | None) -> str | msgspec.UnsetType:
    if links is None or _UNKNOWN in file.path:
        return msgspec.UNSET
    return links.blob(hits.repository, hits.commit, file.path.encode().split(b"/"))


def _file(file: FileHits, url: str | msgspec.UnsetType) -> FoundFile:
    return FoundFile(
        path=file.path,
        language=file.language,
        lines=tuple(_line(line, url) for line in file.lines),
        name_spans=_spans(file.name_spans),
        more=file.more,
        url=url,
    )


def _line(line: LineHit, url: str | msgspec.UnsetType) -> FoundLine:
    return FoundLine(
        number=line.number,
        text=line.text,
        spans=_spans(line.spans),
        before=line.before,
        after=line.after,
        cut=line.cut,
        offset=line.offset,
        url=msgspec.UNSET if url is msgspec.UNSET else f"{url}#L{line.number}",
    )


def _spans(spans: tuple[Span, ...]) -> tuple[FoundSpan, ...]:
    return tuple(FoundSpan(start=span.start, end=span.end) for span in spans)
