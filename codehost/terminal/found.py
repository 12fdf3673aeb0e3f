"""What a search has found, as lines: for people on a terminal, and for programs behind a pipe.

What is found is hostile: no character of it reaches the terminal that the terminal could obey, but for tabs.
"""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from codehost.model.searching import FileHits, QueryError, RepositoryHits, Searched, Span
from codehost.model.texts import printable
from codehost.search.blocks import ShownLine, blocks
from codehost.terminal.counts import counted

_PATH, _NUMBER, _HIT, _FAINT = "bold cyan", "green", "bold red", "dim"
_CUT = "…"
_GAP = "--"
# Of a query with a mistake, so much is shown on either side of it.
_AROUND = 60


def plain(repository: RepositoryHits) -> Iterator[str]:
    """As ``grep -n`` prints them: ``repository:path:line:text``, and ``-`` around the number of a line of context."""
    for file in repository.files:
        name = named(repository, file)
        if not file.lines:
            yield name
        for row in _rows(file):
            if row is None:
                yield _GAP
            else:
                sign = "-" if row.hit is None else ":"
                yield f"{name}{sign}{row.number}{sign}{_shown(row).plain}"


def names(repository: RepositoryHits) -> Iterator[str]:
    """The files only: ``repository:path``."""
    for file in repository.files:
        yield named(repository, file)


def named(repository: RepositoryHits, file: FileHits) -> str:
    """A file as a plain text."""
    return f"{printable(repository.repository)}:{printable(file.path)}"


def coloured_names(repository: RepositoryHits) -> Iterator[Text]:
    """The files only, for people."""
    for file in repository.files:
        yield Text.assemble(f"{printable(repository.repository)}:", _marked(file.path, file.name_spans, _PATH))


def coloured(repository: RepositoryHits) -> Iterator[Text]:
    """For people: the repository, its files below it, and their lines."""
    yield Text(printable(repository.repository), style=_PATH)
    for file in repository.files:
        language = f"  {printable(file.language)}" if file.language else ""
        yield Text.assemble("  ", _marked(file.path, file.name_spans, _PATH), (language, _FAINT))
        width = max((len(str(row.number)) for row in _rows(file) if row is not None), default=0)
        for row in _rows(file):
            yield Text(f"  {_GAP}", style=_FAINT) if row is None else _line(row, width)
        if file.more:
            yield Text(f"  {_CUT} and further lines", style=_FAINT)
    yield Text()


def ended(searched: Searched, *, files_only: bool) -> Iterator[str]:
    """How the search went, and why there may be more. ``files_only``: no lines were shown."""
    files = counted(searched.files, "file")
    found = files if files_only else f"{counted(searched.lines, 'line')} in {files}"
    read = f"{searched.repositories:,} of {searched.in_scope:,} repositories searched"
    yield f"{found}; {read} in {searched.seconds:.1f} s"
    if searched.why_incomplete is not None:
        yield searched.why_incomplete


def pointed(error: QueryError) -> Iterator[str]:
    """The query with a mark below the wrong place."""
    begin = max(error.position - _AROUND, 0)
    end = error.position + _AROUND
    before = (_CUT if begin else "") + printable(error.query[begin : error.position])
    behind = printable(error.query[error.position : end]) + (_CUT if end < len(error.query) else "")
    yield f"  {before}{behind}"
    yield f"  {' ' * cell_len(before)}^"


def _rows(file: FileHits) -> Iterator[ShownLine | None]:
    """The lines of a file; None is a gap between two of them, where there is context."""
    laid_out = tuple(blocks(file.lines))
    context = any(line.hit is None for block in laid_out for line in block)
    for number, block in enumerate(laid_out):
        if number and context:
            yield None
        yield from block


def _line(row: ShownLine, width: int) -> Text:
    style = _FAINT if row.hit is None else _NUMBER
    return Text.assemble((f"  {row.number:>{width}} ", style), _shown(row))


def _shown(row: ShownLine) -> Text:
    hit = row.hit
    if hit is None:
        return Text(_harmless(row.text), style=_FAINT)
    text = _marked(hit.text, hit.spans, "")
    if not hit.cut:
        return text
    # What was left out behind it is not told, but a line that is cut is longer than what is shown of it.
    return Text.assemble((_CUT if hit.offset else "", _FAINT), text, (_CUT, _FAINT))


def _marked(text: str, spans: tuple[Span, ...], style: str) -> Text:
    """The text with its matches in colour, piece by piece: escapes take more room than what they stand for."""
    shown, at = Text(), 0
    for span in spans:
        shown.append(_harmless(text[at : span.start]), style=style)
        shown.append(_harmless(text[span.start : span.end]), style=_HIT)
        at = span.end
    return shown.append(_harmless(text[at:]), style=style)


def _harmless(text: str) -> str:
    return "\t".join(map(printable, text.split("\t")))
