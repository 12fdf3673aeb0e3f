"""What was found in a repository as rows for the template. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from markupsafe import Markup, escape

from codehost.model.searching import FileHits, LineHit, QueryError, RepositoryHits, Span
from codehost.search.blocks import ShownLine, blocks
from codehost.serve.pages.links import Links
from codehost.serve.pages.searchform import SearchForm
from codehost.serve.pages.showing import mark

# Of a line, so much is shown, and of that so much at most before its first match.
_SHOWN = 300
_LEAD = 60
# Of a query that is not understood, on either side of the place.
_AROUND = 200
_CUT = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a file. ``href``: to it on the file's page; ``hit``: it matches, and is no context."""

    number: int
    href: str
    html: Markup
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file. ``more``: the same search with all of its hits, when some were left out."""

    anchor: str
    href: str
    name: Markup
    language: str
    blocks: tuple[tuple[Row, ...], ...]
    more: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRepository:
    """A repository. ``lines``: how many match."""

    href: str
    project: str
    version: str
    code_host: str
    files: tuple[FoundFile, ...]
    lines: int


def rows_of(found: RepositoryHits, form: SearchForm, links: Links) -> FoundRepository:
    """What the template shows of ``found``, which ``form`` asked for."""
    within = form.within(found.project, found.version, found.code_host)
    return FoundRepository(
        href=links.release(found.repository),
        project=found.project,
        version=found.version,
        code_host=found.code_host,
        files=tuple(_file(found, file, links.search(within.parameters()), links) for file in found.files),
        lines=sum(len(file.lines) for file in found.files),
    )


def place_of(error: QueryError) -> Markup:
    """The query, with a mark at the place where it is wrong; at its end, the mark is on nothing."""
    query, at = error.query, error.position
    before, wrong, after = query[max(0, at - _AROUND) : at], query[at : at + 1], query[at + 1 : at + 1 + _AROUND]
    lead, rest = (_CUT if at > _AROUND else ""), (_CUT if at + 1 + _AROUND < len(query) else "")
    html = f'{lead}{escape(before)}<mark class="wrong">{escape(wrong) or " "}</mark>{escape(after)}{rest}'
    return mark(html)


def _file(found: RepositoryHits, file: FileHits, within: str, links: Links) -> FoundFile:
    href = links.blob(found.repository, found.commit, file.path.encode().split(b"/"))
    # The same in the narrower search that "more" leads to.
    anchor = f"f{found.release_id}-{sha256(file.path.encode()).hexdigest()[:12]}"
    return FoundFile(
        anchor=anchor,
        href=href,
        name=mark(_highlighted(file.path, file.name_spans)),
        language=file.language,
        blocks=tuple(tuple(_row(line, href) for line in block) for block in blocks(file.lines)),
        more=f"{within}#{anchor}" if file.more else None,
    )


def _row(line: ShownLine, href: str) -> Row:
    html = _shown(line.text) if line.hit is None else _hit(line.hit)
    return Row(number=line.number, href=f"{href}#L{line.number}", html=mark(html), hit=line.hit is not None)


def _shown(text: str) -> str:
    return f"{escape(text[:_SHOWN])}{_CUT if len(text) > _SHOWN else ''}"


def _hit(line: LineHit) -> str:
    first = line.spans[0].start if line.spans else 0
    start = max(0, min(first - _LEAD, len(line.text) - _SHOWN))
    end = start + _SHOWN
    spans = [
        Span(start=max(span.start, start) - start, end=min(span.end, end) - start)
        for span in line.spans
        if span.start < end and span.end > start
    ]
    before = _CUT if start or line.offset else ""
    after = _CUT if line.cut or len(line.text) > end else ""
    return f"{before}{_highlighted(line.text[start:end], spans)}{after}"


def _highlighted(text: str, spans: Iterable[Span]) -> str:
    parts, done = list[str](), 0
    for span in spans:
        parts.append(f"{escape(text[done : span.start])}<mark>{escape(text[span.start : span.end])}</mark>")
        done = span.end
    return "".join(parts) + str(escape(text[done:]))
