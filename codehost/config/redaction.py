"""A document as it may be stored: as written, with its comments, without its secrets."""

import json
import re
from collections.abc import Iterator
from typing import Any

from codehost.config.addresses import MIRROR, Address, parse_address
from codehost.config.document import Document, map_comments
from codehost.config.places import find_places
from codehost.config.proxies import parse_proxy_url
from codehost.config.secrecy import HEADERS, PUBLIC_KEYS, REDACTED, REFERENCES, SECRET_KEYS
from codehost.config.violations import Path

# In a comment nothing is parsed: it may hold half an entry.
_USER_INFORMATION = re.compile(r"(?<=://)[^\s\"/?#]*@|[^\s\"'/:]*:[^\s\"'/]*@")
_MEMBER = re.compile(r'(?P<key>[^"\s,{]*)(?P<colon>"\s*:\s*)"(?:[^"\\\r\n]|\\.)*"?')


def without_secrets(text: str, document: Document) -> str:
    """The text of a valid document with other texts in the places of its secrets.

    A URL with user information becomes the URL without it; any other secret that is written out becomes ``REDACTED``,
    which the loader refuses. References stay: they hold no secret. Comments lose what looks like either.
    """
    replaced = list(_replacements(document.value))
    if replaced:
        spans = find_places(document.plain).values
        for start, end, new in sorted(((*spans[path], new) for path, new in replaced), reverse=True):
            text = f"{text[:start]}{json.dumps(new, ensure_ascii=False)}{text[end:]}"
    return map_comments(text, _redact_comment)


def _replacements(members: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every place that holds a secret, and what is to stand there."""
    yield from _of_proxy(members.get("proxy"), ("proxy",))
    for index, entry in enumerate(members["urls"]):
        path: Path = ("urls", index)
        if isinstance(entry, str):
            yield from _of_mirror_url(entry, path)
            continue
        yield from _of_mirror_url(entry["url"], (*path, "url"))
        yield from _of_proxy(entry.get("proxy"), (*path, "proxy"))
        yield from _literals(entry, SECRET_KEYS, path)
        headers = entry.get(HEADERS, {})
        yield from _literals(headers, frozenset(headers), (*path, HEADERS))


def _of_proxy(value: str | dict[str, Any] | None, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield from _bare(parse_proxy_url(value), path)
    elif value is not None:
        yield from _bare(parse_proxy_url(value["url"]), (*path, "url"))
        yield from _literals(value, SECRET_KEYS, path)


def _of_mirror_url(url: str, path: Path) -> Iterator[tuple[Path, str]]:
    # Most have no user information, and there may be many.
    if "@" in url:
        address = parse_address(url, MIRROR)
        yield from _bare(address, path)


def _bare(address: Address, path: Path) -> Iterator[tuple[Path, str]]:
    if address.credentials is not None:
        yield path, f"{address.start}{address.path}".rstrip("/")


def _literals(members: dict[str, Any], keys: frozenset[str], path: Path) -> Iterator[tuple[Path, str]]:
    for key, value in members.items():
        if key in keys and isinstance(value, str):
            yield (*path, key), REDACTED


def _redact_comment(comment: str) -> str:
    return _MEMBER.sub(_redact_member, _USER_INFORMATION.sub("", comment))


def _redact_member(member: re.Match[str]) -> str:
    if member["key"] in PUBLIC_KEYS | REFERENCES:
        return member[0]
    return f'{member["key"]}{member["colon"]}"{REDACTED}"'
