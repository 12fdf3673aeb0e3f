"""What of a foreign file may be shown. Of a URL, only its scheme, its host and the name of what it leads to.

Coarser than it could be, on purpose: a token may be the user, the password, a part of the path or of the query, and
a password that was not percent-encoded may hold slashes and more ``@``, so that no parser tells where it ends.
Whatever is read here takes time in proportion to its length.
"""

import re
import string

from codehost.model.texts import printable

MAX_TEXT = 120
MASK = "***"

_SCHEME_CHARACTERS = string.ascii_letters + string.digits + "+.-"
_WORD = re.compile(r"\S+")
_AUTHORITY = re.compile(r"[^/?#\s]*")
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d+)?")
_PLAIN_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)")
_PATH_END = re.compile(r"[?#]|\s;")


def shown(text: str) -> str:
    """``text`` as it may be shown: without credentials, on one line of at most ``MAX_TEXT`` characters."""
    before, separator, rest = text.partition("://")
    if not separator:
        return printable(_masked(text).strip(), MAX_TEXT)
    head = before.rstrip(_SCHEME_CHARACTERS)
    return printable((_masked(head) + _shown_url(before[len(head) :], rest)).strip(), MAX_TEXT)


def _masked(text: str) -> str:
    return _WORD.sub(lambda word: _masked_word(word[0]), text)


def _masked_word(word: str) -> str:
    _, at, host = word.rpartition("@")
    # PEP 508: an "@" at the end of a word stands between a name and its URL.
    word = f"{MASK}@{host}" if at and host else word
    before, question, query = word.partition("?")
    return f"{before}?{MASK}" if question and query else word


def shown_origin(rest: str) -> str:
    """The host, and the port if there is one, of what follows ``://``; empty where it cannot be told for sure."""
    return _shown_host(rest).rstrip("/")


def _shown_url(scheme: str, rest: str) -> str:
    # RFC 8089: with no authority the rest is a path on this machine, which helps to find the thing.
    if scheme.lower() == "file" and rest.startswith("/"):
        return f"file://{_masked(_PATH_END.split(rest, maxsplit=1)[0])}"
    egg = _EGG.search(rest)
    return f"{scheme}://{_shown_host(rest)}…{f'#egg={egg[1]}' if egg else ''}"


def _shown_host(rest: str) -> str:
    authority = _AUTHORITY.match(rest)
    found = authority[0] if authority else ""
    _, at, host = found.rpartition("@")
    after = rest[len(found) :]
    # With an "@" in it, what follows is ``host/repository@revision``, or the end of a password with a slash or space.
    plain = not at and after.startswith("/") and _PLAIN_HOST.fullmatch(host)
    sure = plain if "@" in after else _HOST.fullmatch(host)
    return f"{host}/" if sure else ""
