"""Pieces of a document as a person may see them: on one line, shortened, without secrets."""

import json
import re

from codehost.config.document import DocumentError, blank
from codehost.config.secrecy import MASK, PUBLIC_KEYS, SECRET_KEYS, is_public, mask, shown_key, shown_text
from codehost.config.tokens import TOKEN, Role, Walker, spot_at
from codehost.config.violations import MAX_TEXT, Path
from codehost.model.texts import printable

_SPACE = re.compile(r"\s+")
_PUNCTUATION = re.compile(r"[\[\]{},:]|/\*")
_WORD = re.compile(r"[^\s\"\[\]{},:=]+")
_STRING = re.compile(r'"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"')
_LINE = re.compile(r"[^\r\n]*")
_SHOWN_IN_STRING = ('"', "\\")
_BEFORE_COLON = re.compile(r"\s*:")


def shown_value(source: str, start: int, end: int, path: Path) -> str:
    """The JSON value in ``source[start:end]``, which stands at ``path``, as it may be shown.

    Reads little further than what is shown, for a value can be most of a large document. ``source`` has no comments.
    """
    walker = Walker(path)
    parts: list[str] = []
    length, last = 0, start
    for token in TOKEN.finditer(source, start, end):
        part = _SPACE.sub(" ", source[last : token.start()]) + _shown_token(token[0], *walker.take(token[0]))
        parts.append(part)
        last = token.end()
        length += len(part)
        if length > MAX_TEXT:
            break
    return printable("".join(parts), MAX_TEXT)


def shown_key_of(path: Path) -> str:
    """The last key of ``path``, in quotes, as it may be shown."""
    return printable(json.dumps(shown_key(str(path[-1]), path[:-1]), ensure_ascii=False), MAX_TEXT)


def shown_piece(text: str, offset: int) -> str:
    """The word, string or bracket at ``offset``, where the syntax is broken, as it may be shown.

    No more than that: behind a mistake nothing tells what belongs to a string, and so what is secret. What stands
    before it is sound, and tells under which key the piece stands.
    """
    punctuation = _PUNCTUATION.match(text, offset)
    if punctuation:
        return punctuation[0]
    try:
        plain = blank(text)
    except DocumentError:
        return ""
    spot = spot_at(plain, offset)
    string, word = _STRING.match(plain, offset), _WORD.match(plain, offset)
    if spot.in_token or (piece := string or word) is None:
        # In the middle of a string, or at one that is never closed: not even a letter of it is shown.
        char = plain[offset : offset + 1].strip()
        return printable(char) if char in _SHOWN_IN_STRING or not char.isprintable() else ""
    if string and (key := _forgotten_comma(string)):
        return key
    # Outside of all brackets may stand the rest of a document that has lost its beginning.
    return printable(_shown_broken(piece, spot.path) if spot.in_brackets else MASK, MAX_TEXT)


def _shown_token(token: str, role: Role, path: Path) -> str:
    if role is Role.KEY:
        return json.dumps(shown_key(str(path[-1]), path[:-1]), ensure_ascii=False)
    if role is not Role.VALUE:
        return token
    if not token.startswith('"'):
        return token if is_public(path) else MASK
    # Escapes are undone first: "\u0040" is an "@" too.
    if "\\" in token:
        return json.dumps(shown_text(json.loads(token), path), ensure_ascii=False)
    return f'"{shown_text(token[1:-1], path)}"'


def _forgotten_comma(string: re.Match[str]) -> str | None:
    """The string, if it is one of the keys that documents have, with its colon: the comma before it was forgotten."""
    is_key = _BEFORE_COLON.match(string.string, string.end()) and string[0][1:-1] in PUBLIC_KEYS | SECRET_KEYS
    return string[0] if is_key else None


def _shown_broken(piece: re.Match[str], path: Path) -> str:
    rest = _LINE.match(piece.string, piece.end())
    # A quote in a password ends its string too early: the piece may be in front of an "@" that comes later.
    if rest and "@" in rest[0].replace("\\u0040", "@"):
        return MASK
    if not piece[0].startswith('"'):
        return mask(piece[0]) if is_public(path) else MASK
    try:
        return json.dumps(shown_text(json.loads(piece[0]), path), ensure_ascii=False)
    except ValueError:
        return MASK
