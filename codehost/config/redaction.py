"""A document as it may be stored: as written, with its comments, without its secrets."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codehost.config.addresses import MIRROR, Address, parse_address
from codehost.config.document import Document, map_comments
from codehost.config.places import find_places
from codehost.config.proxies import parse_proxy_url
from codehost.config.secrecy import HEADERS, PUBLIC_KEYS, REDACTED, REFERENCES, SECRET_KEYS
from codehost.config.violations import Path

# In a comment nothing is parsed: it may hold half an entry. So a line goes as a whole when it holds user information, a
# query, an ASCII character written as an escape, or what names a secret and, somewhere behind it, a value.
_SUSPECT = re.compile(
    r"""@|\?[^\s=]{0,200}=|\\u00[2-7][0-9a-f]|key(?:s|[_-][\w-]{0,80})?["'`\s]{0,8}[:=]""",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"secret|token|passw|passphrase|pass\b|pwd|bearer|credential|username|auth\b|authorization", re.IGNORECASE
)
_AND_THEN = ((_SECRET, re.compile(r"[:=]")), (re.compile(r":\\?/\\?/"), re.compile(r"\?\S")))
_BEFORE_KEY = re.compile(r"[\"'\s,{]")
_QUOTED = re.compile(r"""[\s*]*(?:"[^"]*"?|'[^']*'?)[\s,;\]})]*""")
_WITHHELD = "(withheld)"
_LINE = re.compile(r"[^\r\n]+")
_MEMBER = re.compile(r'(?<![^"\s,{])(?P<key>[^"\s,{]*+)(?P<colon>"\s*:\s*)"(?:[^"\\\r\n]|\\.)*"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A secret that a document writes out.

    ``url`` is that of the mirror or proxy that it belongs to, without user information: safe to show. For the user
    information of a URL, ``path`` leads to the URL, and ``value`` is what stands before its ``@``, as written there.
    """

    path: Path
    url: str
    value: str = field(repr=False)
    in_url: bool = False


def without_secrets(text: str, document: Document) -> str:
    """The text of a valid document with other texts in the places of its secrets.

    A URL with user information becomes the URL without it; any other secret that is written out becomes ``REDACTED``,
    which the loader refuses. References stay: they hold no secret. Comments lose every line that may hold either.
    """
    secrets = secrets_of(document)
    replaced = {secret.path: secret.url if secret.in_url else REDACTED for secret in secrets}
    return without_secret_comments(replace_values(text, document, replaced))


def secrets_of(document: Document) -> tuple[Secret, ...]:
    """Every secret that a valid document writes out."""
    return tuple(_secrets(document.value))


def replace_values(text: str, document: Document, replaced: Mapping[Path, str]) -> str:
    """The text of a document with these strings in place of the values at these paths."""
    if not replaced:
        return text
    spans = find_places(document.plain).values
    for start, end, new in sorted(((*spans[path], new) for path, new in replaced.items()), reverse=True):
        text = f"{text[:start]}{json.dumps(new, ensure_ascii=False)}{text[end:]}"
    return text


def without_secret_comments(text: str) -> str:
    """The text with every line of a comment that may hold a secret withheld."""
    return map_comments(text, _Comments().redact)


def _secrets(members: dict[str, Any]) -> Iterator[Secret]:
    yield from _of_proxy(members.get("proxy"), ("proxy",))
    for index, entry in enumerate(members["urls"]):
        path: Path = ("urls", index)
        if isinstance(entry, str):
            yield from _of_mirror_url(entry, path)
            continue
        yield from _of_mirror_url(entry["url"], (*path, "url"))
        yield from _of_proxy(entry.get("proxy"), (*path, "proxy"))
        headers = entry.get(HEADERS, {})
        literals = [*_literals(entry, SECRET_KEYS, path), *_literals(headers, frozenset(headers), (*path, HEADERS))]
        url = bare_url(parse_address(entry["url"], MIRROR)) if literals else ""
        yield from (Secret(path=place, url=url, value=value) for place, value in literals)


def _of_proxy(value: str | dict[str, Any] | None, path: Path) -> Iterator[Secret]:
    if isinstance(value, str):
        yield from _of_url(value, parse_proxy_url(value), path)
    elif value is not None:
        address = parse_proxy_url(value["url"])
        yield from _of_url(value["url"], address, (*path, "url"))
        for place, secret in _literals(value, SECRET_KEYS, path):
            yield Secret(path=place, url=bare_url(address), value=secret)


def _of_mirror_url(url: str, path: Path) -> Iterator[Secret]:
    # Most have no user information, and there may be many.
    if "@" in url:
        yield from _of_url(url, parse_address(url, MIRROR), path)


def _of_url(url: str, address: Address, path: Path) -> Iterator[Secret]:
    if address.credentials is not None:
        yield Secret(path=path, url=bare_url(address), value=user_information(url), in_url=True)


def bare_url(address: Address) -> str:
    """A mirror's or proxy's URL without user information and trailing slash."""
    return f"{address.start}{address.path}".rstrip("/")


def user_information(url: str) -> str:
    """What stands before the ``@`` of a valid URL, as written; empty where there is none."""
    # RFC 3986, section 3.2: the authority ends at the next slash; its user information ends at its last "@".
    return url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def with_user_information(url: str, user: str) -> str:
    """A valid URL with other user information, or with some."""
    scheme, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{user}@{authority.rpartition('@')[2]}{slash}{path}"


def _literals(members: dict[str, Any], keys: frozenset[str], path: Path) -> Iterator[tuple[Path, str]]:
    for key, value in members.items():
        if key in keys and isinstance(value, str):
            yield (*path, key), value


class _Comments:
    """The comments of one document, in order: a secret may stand in another line than its key."""

    def __init__(self) -> None:
        self._withheld = False
        self._awaits_value = False

    def redact(self, comment: str) -> str:
        opening, closing = comment[:2], "*/" if comment.startswith("/*") else ""
        body = comment[len(opening) : len(comment) - len(closing)]
        return f"{opening}{_LINE.sub(self._redact_line, body)}{closing}"

    def _redact_line(self, match: re.Match[str]) -> str:
        line = match[0]
        words = line.strip()
        if not words:
            return line
        is_value = self._awaits_value or (self._withheld and _QUOTED.fullmatch(line) is not None)
        self._withheld = is_value or _is_suspect(line) or _ends_with_key(words)
        self._awaits_value = self._withheld and words.endswith((":", "="))
        if not self._withheld:
            return _MEMBER.sub(_redact_member, line)
        indent, _, end = line.partition(words)
        return f"{indent or ' '}{_WITHHELD}{end}"


def _is_suspect(line: str) -> bool:
    if _SUSPECT.search(line):
        return True
    return any((begin := first.search(line)) and then.search(line, begin.end()) for first, then in _AND_THEN)


def _ends_with_key(words: str) -> bool:
    head = words[:-1].rstrip()
    if not words.endswith((":", "=")) or not head.endswith(('"', "'")):
        return False
    return _BEFORE_KEY.split(head[:-1])[-1] not in PUBLIC_KEYS | REFERENCES


def _redact_member(member: re.Match[str]) -> str:
    if member["key"] in PUBLIC_KEYS | REFERENCES:
        return member[0]
    return f'{member["key"]}{member["colon"]}"{REDACTED}"'
