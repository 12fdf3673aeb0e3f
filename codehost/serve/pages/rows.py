"""The lines of a file as rows of a table. Pure.

The numbers stand in attributes and are drawn by the style sheet: they are neither copied nor found by a search.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

from codehost.serve.pages.showing import marked


def plain_fragments(lines: Iterable[str], longest: int) -> list[str]:
    """The lines as HTML without colours, each cut after ``longest`` characters."""
    return [_cut(line, longest) for line in lines]


def table_rows(fragments: Iterable[str]) -> Markup:
    """One row for each line, with the anchor ``L<n>``, from 1."""
    # Line by line: one long look through all of it would hold up every other thread.
    rows = (_row(number, marked(fragment)) for number, fragment in enumerate(fragments, 1))
    return Markup("\n".join(rows))  # noqa: S704 - made of what is escaped


def _row(number: int, fragment: str) -> str:
    return (
        f'<tr id="L{number}"><td class="n"><a href="#L{number}" data-n="{number}" aria-label="Line {number}"></a></td>'
        f"<td>{fragment or '<br>'}</td></tr>"
    )


def _cut(line: str, longest: int) -> str:
    if len(line) <= longest:
        return str(escape(line))
    return f'{escape(line[:longest])}<span class="odd">{len(line) - longest} more characters</span>'
