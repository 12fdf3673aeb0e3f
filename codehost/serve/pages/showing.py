r"""Texts from elsewhere as a page shows them: nothing in them is invisible, turns the line around or is markup. Pure.

What cannot be seen is written as its code point, ``U+202E``; a byte that is not UTF-8 as ``\xff``.
"""

import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from codehost.model.members import MIB

_LOOK = re.compile(r"[^\n\t -~]+")
_KEPT = "\n\t"
# PEP 383: how decoding keeps a byte that is no character.
_FIRST_BYTE, _LAST_BYTE = 0xDC80, 0xDCFF
_BYTE_BASE = 0xDC00
# What git looks at to tell binary files (buffer_is_binary).
_SNIFFED = 8_000
_SECOND = 1_000_000
_KIB = 1 << 10
_WEB = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file's text. ``lines`` have no line ends; ``encoding`` is what it was read as."""

    lines: tuple[str, ...]
    encoding: str


def plain(text: str) -> str:
    """``text`` with everything invisible written out; line ends and tabs stay."""
    return _LOOK.sub(lambda found: "".join(map(_seen, found[0])), text)


def visible(text: str) -> Markup:
    """``text`` as HTML, with what is written out set off."""
    return mark(str(escape(text)))


def mark(html: str) -> Markup:
    """HTML with ASCII tags of our own around hostile text: what is invisible in it is written out and set off."""
    return Markup(marked(html))  # noqa: S704 - as the caller says


def marked(html: str) -> str:
    """As ``mark``, for HTML that goes into more of it."""
    return _LOOK.sub(lambda found: "".join(map(_set_off, found[0])), html)


def name_text(name: bytes) -> str:
    """A file's name as text; ``plain`` and ``visible`` write out what is not UTF-8."""
    return name.decode("utf-8", "surrogateescape")


def is_text(content: bytes) -> bool:
    """Whether git would show the content as text."""
    return b"\0" not in content[:_SNIFFED]


def read_text(content: bytes) -> Text | None:
    """The text in a file; None if it is not one. Lines are counted as search engines do, by line feeds alone."""
    decoded, encoding = _decoded(content)
    if decoded is None:
        return None
    lines = decoded.removesuffix("\n").split("\n") if decoded else []
    return Text(lines=tuple(line.removesuffix("\r") for line in lines), encoding=encoding)


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < _KIB:
        return f"{count} bytes" if count != 1 else "1 byte"
    return f"{count / _KIB:.1f} KiB" if count < MIB else f"{count / MIB:.1f} MiB"


def moment(microseconds: int) -> str:
    """A time for people."""
    return datetime.fromtimestamp(microseconds / _SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")


def is_web(url: str) -> bool:
    """Whether a link may lead there."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in _WEB and bool(parts.hostname)


def _decoded(content: bytes) -> tuple[str | None, str]:
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), "UTF-16"
    if not is_text(content):
        return None, ""
    try:
        return content.removeprefix(BOM_UTF8).decode(), "UTF-8"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def _seen(char: str) -> str:
    if char in _KEPT or char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    code = ord(char)
    return f"\\x{code - _BYTE_BASE:02x}" if _FIRST_BYTE <= code <= _LAST_BYTE else f"U+{code:04X}"


def _set_off(char: str) -> str:
    seen = _seen(char)
    return char if seen == char else f'<span class="odd">{seen}</span>'
