"""Colours for source text: one HTML fragment for each line. Pure; run in a child process, for lexers can take for ever.

A lexer is chosen by the file's name alone. It only ever adds colours: where its tokens are not the very text again, or
its lines are others, there are none.
"""

from collections.abc import Iterator
from typing import Any

from pygments.formatters.html import HtmlFormatter
from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name
from pygments.token import _TokenType
from pygments.util import ClassNotFound

# Common in distribution files, and without an ending that says what they are.
_BY_NAME = {"PKG-INFO": "email", "METADATA": "email", "WHEEL": "email", "Pipfile.lock": "json", "poetry.lock": "toml"}
_NO_LEXER = ("RawTokenLexer", "TextLexer")
# Lexers take a carriage return within a line for its end; search engines, which count the lines, do not.
_RETURN, _SHOWN_RETURN = "\r", "\N{SYMBOL FOR CARRIAGE RETURN}"


def colour(lines: tuple[str, ...], filename: str) -> list[str] | None:
    """The lines as HTML with Pygments' classes, or None when there is nothing to tell apart.

    Args:
        lines: of the file, without line ends.
        filename: without its folders.
    """
    lexer = _lexer(filename)
    if lexer is None or not lines:
        return None
    text = "\n".join(lines).replace(_RETURN, _SHOWN_RETURN) + "\n"
    tokens = list(lexer.get_tokens(text))
    if "".join(value for _, value in tokens) != text:
        return None
    fragments = [fragment.removesuffix("\n") for fragment in _fragments(tokens)]
    return fragments if len(fragments) == len(lines) else None


def _lexer(filename: str) -> Any:
    options = {"stripnl": False, "ensurenl": False}
    named = _BY_NAME.get(filename)
    try:
        if named is not None:
            return get_lexer_by_name(named, **options)
        found = find_lexer_class_for_filename(filename)
    except ClassNotFound:
        return None
    return None if found is None or found.__name__ in _NO_LEXER else found(**options)


def _fragments(tokens: "list[tuple[_TokenType, str]]") -> Iterator[str]:
    formatter: HtmlFormatter[str] = HtmlFormatter(nowrap=True)
    for is_line, fragment in formatter._format_lines(tokens):  # noqa: SLF001 - format() would join what we take apart
        if is_line:
            yield fragment
