"""The tokens of a query, cut where Zoekt cuts them.

A token ends at a space outside quotation marks. A parenthesis that opens and closes without such a space belongs to
the token's regular expression; any other groups. Inside quotation marks a backslash takes the next character as it is.
"""

from dataclasses import dataclass
from enum import StrEnum, auto

from codehost.model.searching import QueryError

_SPACES = " \t\r\n"
_BREAKS = "\r\n"
FIELDS = {
    "r:": "repo",
    "repo:": "repo",
    "f:": "file",
    "file:": "file",
    "c:": "content",
    "content:": "content",
    "lang:": "lang",
    "case:": "case",
    "regex:": "regex",
}
_REFUSED = {
    "archived:": "",
    "b:": "Every repository has one branch.",
    "branch:": "Every repository has one branch.",
    "fork:": "",
    "public:": "",
    "sym:": "Search for the definition instead, such as def name.",
    "t:": "Use file: to search paths only.",
    "type:": "Use file: to search paths only.",
    "meta.": "",
}


class Kind(StrEnum):
    """What a token is."""

    OPEN = auto()
    CLOSE = auto()
    OR = auto()
    NOT = auto()
    ATOM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of a query.

    Attributes:
        kind: what it is.
        at: its first character, from 0.
        field: of an atom, as ``FIELDS`` names it; a bare word is ``regex``.
        text: of an atom, without field and quotation marks.
    """

    kind: Kind
    at: int
    field: str = ""
    text: str = ""


def tokens(query: str) -> list[Token]:
    """All of the query.

    Raises:
        QueryError: an end is missing, or a field is none that is supported.
    """
    found: list[Token] = []
    at = 0
    while at < len(query):
        if query[at] in _SPACES:
            at += 1
            continue
        token, at = _next(query, at)
        found.append(token)
    return found


def _next(query: str, at: int) -> tuple[Token, int]:
    if query[at] == "-":
        if query[at + 1 : at + 2].strip() == "":
            raise QueryError(
                query, at, "a - with nothing behind it", 'Remove the space, or write "-" to search for it.'
            )
        return Token(kind=Kind.NOT, at=at), at + 1
    if query[at] == ")":
        return Token(kind=Kind.CLOSE, at=at), at + 1
    text, end, split = _word(query, at)
    if split and query[at] == "(":
        return Token(kind=Kind.OPEN, at=at), at + 1
    if query[at:end] == "or":
        return Token(kind=Kind.OR, at=at), end
    return _atom(query, at, end, text), end


def _word(query: str, start: int) -> tuple[str, int, bool]:
    """The text of the token at ``start``, its end, and whether a space (or the end) came before a ``)`` it needs."""
    text: list[str] = []
    at, depth = start, 0
    while at < len(query):
        char = query[at]
        if char in _SPACES or (char == ")" and not depth):
            break
        if char == '"':
            quoted, at = _quoted(query, at)
            text.append(quoted)
            continue
        if char == "\\":
            text.append(_escaped(query, at))
            at += 2
            continue
        depth += (char == "(") - (char == ")")
        text.append(char)
        at += 1
    return "".join(text), at, depth > 0


def _quoted(query: str, start: int) -> tuple[str, int]:
    text: list[str] = []
    at = start + 1
    while at < len(query) and query[at] != '"':
        at += query[at] == "\\"
        if query[at : at + 1] in tuple(_BREAKS):
            raise QueryError(query, at, "a line break inside quotation marks", r"Write \\n to search for one.")
        text.append(query[at : at + 1])
        at += 1
    if at >= len(query):
        raise QueryError(
            query, start, "a quotation mark that is never closed", r"Close it, or write \" for the character."
        )
    return "".join(text), at + 1


def _escaped(query: str, at: int) -> str:
    char = query[at + 1 : at + 2]
    if not char or char in _BREAKS:
        raise QueryError(query, at, "a backslash with nothing behind it", r"Write \\ to search for a backslash.")
    return "\\" + char


def _atom(query: str, start: int, end: int, text: str) -> Token:
    raw = query[start:end]
    for prefix, hint in _REFUSED.items():
        if raw.startswith(prefix):
            quote = f"Put it in quotation marks to search for the text {prefix} itself."
            raise QueryError(query, start, f"{prefix} is not supported here", f"{hint} {quote}".strip())
    for prefix, field in FIELDS.items():
        if raw.startswith(prefix):
            return Token(kind=Kind.ATOM, at=start, field=field, text=text[len(prefix) :])
    return Token(kind=Kind.ATOM, at=start, field="regex", text=text)
