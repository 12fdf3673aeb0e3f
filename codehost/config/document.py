"""Reading JSON with comments and trailing commas, without losing the place of anything.

Comments and trailing commas are overwritten with as many spaces, so that what remains is plain JSON in which every
character still stands where it stood; the standard library's parser does the rest.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import Any, NoReturn

MAX_DEPTH = 64
MAX_DIGITS = 300

_STRING = r'"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"?'
_COMMENT = re.compile(rf"(?P<string>{_STRING})|//[^\r\n]*|/\*.*?\*/|(?P<open>/\*)", re.DOTALL)
# A comma after nothing ("[,", ",,") is no trailing comma: it stays, and the parser names it.
_COMMA = re.compile(rf"(?P<kept>{_STRING}|[\[{{,:][ \t\r\n]*+,)|,(?=[ \t\r\n]*+[\]}}])")
_TRAILING = re.compile(r",[ \t\r\n]*+[\]}]")
_BRACKET = re.compile(rf"{_STRING}|(?P<open>[\[{{])|(?P<close>[\]}}])")
_WORD = re.compile(rf'{_STRING}|(?P<word>[^\s"\[\]{{}},:]+)')
_NOT_NEWLINE = re.compile(r"[^\r\n]")


class DocumentError(ValueError):
    """A text that is not JSON with comments: where (offset in characters), what is wrong and what to do."""

    def __init__(self, offset: int, problem: str, hint: str) -> None:
        super().__init__(offset, problem, hint)
        self.offset = offset
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"character {self.offset}: {self.problem}; {self.hint}"


class _NumberError(Exception):
    def __init__(self, literal: str, problem: str) -> None:
        super().__init__(literal, problem)
        self.literal = literal
        self.problem = problem


# The parser's own words, and ours: what is wrong, what to do.
_SYNTAX = {
    "Expecting property name": ("stands where a key should", 'write the key in double quotes, as in "urls": ...'),
    "Expecting ':'": ("stands where a colon should", "write a colon between the key and its value"),
    "Expecting ','": ("stands where a comma or a closing bracket should", "look for a missing comma before this place"),
    "Expecting value": (
        "stands where a value should",
        "write a string in double quotes, a number, true, false or null",
    ),
    "Extra data": ("comes after the end of the document", "keep one object and remove the rest"),
    "Unterminated string": ("opens a string that is never closed", 'close it with "'),
    "Invalid control character": ("has a line break or control character in a string", 'close the string with " first'),
    "Invalid \\": ("has an escape that JSON does not know", r"write a backslash twice: \\"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that parsed.

    ``plain`` is the text with comments and trailing commas blanked: as long as the text, with the same lines.
    ``value`` is what it means; of a key that occurs twice, the last. ``repeats`` tells that some object has such a key.
    """

    plain: str
    value: Any
    repeats: bool


def parse(text: str) -> Document:
    """The document that ``text`` writes.

    Raises:
        DocumentError: the text is empty, no JSON even with its comments gone, or nested deeper than ``MAX_DEPTH``.
    """
    plain = blank(text)
    if not plain.strip():
        raise DocumentError(0, "is empty", 'write at least {"urls": ["https://pypi.org/simple"]}')
    _check_depth(plain)
    repeats = False

    def join(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        members = dict(pairs)
        repeats = repeats or len(members) < len(pairs)
        return members

    try:
        value = json.loads(
            plain, object_pairs_hook=join, parse_constant=_refuse, parse_int=_integer, parse_float=_fraction
        )
    except json.JSONDecodeError as error:
        raise _explain(plain, error) from None
    except _NumberError as error:
        raise DocumentError(_find(plain, error.literal), error.problem, "write a number in digits") from None
    return Document(plain=plain, value=value, repeats=repeats)


def blank(text: str) -> str:
    """``text`` with comments and trailing commas replaced by spaces, newlines kept.

    Raises:
        DocumentError: a block comment is never closed.
    """
    plain = blank_comments(text)
    # Programs that write long documents write none, and a look is a tenth of the work of reading every string.
    if _TRAILING.search(plain) is None:
        return plain
    return _COMMA.sub(lambda match: match["kept"] or " ", plain)


def blank_comments(text: str) -> str:
    """``text`` with comments replaced by spaces; trailing commas stay.

    Raises:
        DocumentError: a block comment is never closed.
    """
    return _COMMENT.sub(_blank_comment, text)


def map_comments(text: str, change: Callable[[str], str]) -> str:
    """``text`` with every comment, its slashes included, replaced by what ``change`` makes of it."""
    return _COMMENT.sub(lambda match: match[0] if match["string"] is not None else change(match[0]), text)


def _blank_comment(match: re.Match[str]) -> str:
    if match["string"] is not None:
        return match["string"]
    if match["open"] is not None:
        raise DocumentError(match.start(), "opens a comment that is never closed", "close it with */")
    return _NOT_NEWLINE.sub(" ", match[0])


def _check_depth(plain: str) -> None:
    # The parser recurses. Few documents have as many brackets as the bound on depth, so most are not walked.
    if plain.count("[") + plain.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _BRACKET.finditer(plain):
        depth += (token["open"] is not None) - (token["close"] is not None)
        if depth > MAX_DEPTH:
            problem = f"is nested more than {MAX_DEPTH} levels deep"
            raise DocumentError(token.start(), problem, "remove the brackets that are too many")


def _explain(plain: str, error: json.JSONDecodeError) -> DocumentError:
    end = len(plain.rstrip())
    if error.pos >= end:
        return DocumentError(end, "ends too early", "close every bracket and string that was opened")
    known = (words for opening, words in _SYNTAX.items() if error.msg.startswith(opening))
    problem, hint = next(known, ("is not JSON", "check the brackets, commas and quotes around this place"))
    return DocumentError(error.pos, problem, hint)


def _integer(literal: str) -> int:
    # int() refuses thousands of digits, and nothing here is counted in them.
    if len(literal) > MAX_DIGITS:
        raise _NumberError(literal, "is too large a number")
    return int(literal)


def _fraction(literal: str) -> float:
    number = float(literal)
    if isinf(number):
        raise _NumberError(literal, "is too large a number")
    return number


def _refuse(literal: str) -> NoReturn:
    # RFC 8259, section 6: NaN and the infinities are no numbers.
    raise _NumberError(literal, "is no number in JSON")


def _find(plain: str, literal: str) -> int:
    return next((token.start() for token in _WORD.finditer(plain) if token["word"] == literal), 0)
