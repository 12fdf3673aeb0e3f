"""What of a document may be shown: user information and queries of URLs never are."""

import json
import re

from codehost.config.violations import MAX_TEXT, printable

MASK = "***"

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]+|\s+', re.DOTALL)
_LINE_END = re.compile(r"[\r\n]|\Z")


def mask(text: str) -> str:
    """``text`` without what could be a password: all before its last ``@`` but a scheme, and the query of a URL.

    Coarse on purpose. A password that was not percent-encoded may hold slashes, question marks or more ``@``, and
    then no parser tells where it ends; so everything up to the last ``@`` goes.
    """
    head, at, tail = text.rpartition("@")
    if at:
        scheme = _SCHEME.match(head)
        text = f"{scheme[0] if scheme else ''}{MASK}@{tail}"
    before, question, _ = text.partition("?")
    return f"{before}?{MASK}" if question else text


def shown_value(source: str, start: int, end: int) -> str:
    """The JSON value in ``source[start:end]`` as it may be shown: every string masked, on one line, shortened.

    Reads little further than what is shown, for a value can be most of a large document. ``source`` has no comments.
    """
    parts: list[str] = []
    length = 0
    for token in _TOKEN.finditer(source, start, end):
        part = _shown_token(token[0])
        parts.append(part)
        length += len(part)
        if length > MAX_TEXT:
            break
    return printable("".join(parts), MAX_TEXT)


def shown_rest(source: str, offset: int) -> str:
    """What stands at ``offset``, to the end of the line, as it may be shown.

    For places where the syntax is broken: there nothing says what belongs to a string, so the line is masked whole.
    """
    end = _LINE_END.search(source, offset)
    rest = source[offset : end.start() if end else len(source)]
    return printable(mask(rest.replace("\\u0040", "@")).strip(), MAX_TEXT)


def _shown_token(token: str) -> str:
    if token.isspace():
        return " "
    if not token.startswith('"'):
        return token
    # Escapes are undone first: "\u0040" is an "@" too.
    return json.dumps(mask(json.loads(token)), ensure_ascii=False) if "\\" in token else f'"{mask(token[1:-1])}"'
