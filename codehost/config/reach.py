"""How far a document may reach that comes from afar: over HTTP, from somebody who need not be the machine's operator.

A reference would let such a person send any file of the machine to a mirror of theirs, as a password, and learn which
files there are. So a document from afar may refer to what the operator allows, and to what the stored document refers
to already, in the same place of the same server. And a secret of the stored document goes to its server as before only:
by the same proxy, and with its certificate checked if it was.

Nomenclature: a *use* is a place of a document that stands for something that the document does not hold: a reference,
the path of a file for TLS, or a marker for a stored secret. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from codehost.config.addresses import MIRROR
from codehost.config.document import parse
from codehost.config.redaction import user_information
from codehost.config.secrecy import HEADERS, REDACTED, SECRET_KEYS
from codehost.config.servers import server_of
from codehost.config.violations import Finding, Path

_STORED = "stored"
_FILE, _ENV = "file", "env"
_TLS_FILES = ("caBundle", "clientCertificate", "clientKey")
_OPERATOR = "let the operator of the server"
_OTHER_WAY = "stands for a secret that went another way to its server: by another proxy, or with another verifyTLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What documents from afar may refer to: files below ``folders``, and environment ``variables``."""

    folders: tuple[PurePosixPath, ...] = ()
    variables: frozenset[str] = frozenset()

    def covers(self, kind: str, name: str) -> bool:
        """Whether a reference is allowed. Links in the folders are the operator's own."""
        if kind == _ENV:
            return name in self.variables
        path = PurePosixPath(name)
        return ".." not in path.parts and any(path.is_relative_to(folder) for folder in self.folders)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """``server`` is who gets it, ``way`` how; ``name`` is its key, ``kind`` and ``to`` what it stands for."""

    path: Path
    server: object
    way: object
    name: str
    kind: str
    to: str

    @property
    def place(self) -> tuple[object, ...]:
        return self.server, self.name.lower(), self.kind, self.to


def refused(value: Any, stored: str, reach: Reach) -> list[Finding]:
    """What a document from afar refers to and may not. ``stored`` is the document that it is an edited form of, or "".

    Passes over whatever is no valid document's.
    """
    uses = list(_uses(value))
    # Most documents have none, and one may be long.
    known = {(use.place, use.way) for use in _uses(parse(stored).value)} if uses and stored else set()
    places = {place for place, _ in known}
    findings = []
    for use in uses:
        if use.server is not None and (use.place, use.way) in known:
            continue
        if use.kind != _STORED and not reach.covers(use.kind, use.to):
            findings.append(_finding(use))
        elif use.kind == _STORED and use.place in places:
            findings.append(Finding(path=use.path, problem=_OTHER_WAY, hint="write the secret again"))
    return findings


def _finding(use: _Use) -> Finding:
    what = "a file" if use.kind == _FILE else "an environment variable"
    problem = f"refers to {what} of the server, which a document that comes over HTTP may not"
    if use.kind == _ENV:
        hint = f"write the secret itself, or {_OPERATOR} allow it with --allow-secret-env"
    elif use.name in _TLS_FILES:
        hint = f"{_OPERATOR} allow its folder with --allow-secret-files, or add it with codehost hosts"
    else:
        hint = f"write the secret itself, or {_OPERATOR} allow its folder with --allow-secret-files"
    return Finding(path=use.path, problem=problem, hint=hint)


def _uses(value: Any) -> Iterator[_Use]:
    members = value if isinstance(value, dict) else {}
    usual = members.get("proxy")
    yield from _of_proxy(usual, ("proxy",))
    urls = members.get("urls")
    for index, entry in enumerate(urls if isinstance(urls, list) else ()):
        path: Path = ("urls", index)
        if isinstance(entry, str):
            yield from _of_entry({"url": entry}, path, path, usual)
        elif isinstance(entry, dict):
            yield from _of_entry(entry, path, (*path, "url"), usual)


def _of_entry(entry: dict[str, Any], path: Path, at_url: Path, usual: Any) -> Iterator[_Use]:
    server, _ = server_of(entry.get("url"), MIRROR)
    proxy = entry.get("proxy", usual)
    by, _ = server_of(proxy.get("url") if isinstance(proxy, dict) else proxy, None)
    way = (by, entry.get("verifyTLS") is not False)
    yield from _of_members(entry, path, at_url, server=server, way=way)
    headers = entry.get(HEADERS)
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        at = (*path, HEADERS, name)
        yield from _of_value(value, at, server=server, way=way, name=f"{HEADERS}/{name}")
    for key in _TLS_FILES:
        if isinstance(to := entry.get(key), str):
            yield _Use(path=(*path, key), server=server, way=way, name=key, kind=_FILE, to=to)
    yield from _of_proxy(entry.get("proxy"), (*path, "proxy"))


def _of_proxy(value: Any, path: Path) -> Iterator[_Use]:
    members = {"url": value} if isinstance(value, str) else value if isinstance(value, dict) else {}
    server, _ = server_of(members.get("url"), None)
    at_url = path if isinstance(value, str) else (*path, "url")
    yield from _of_members(members, path, at_url, server=server, way="proxy")


def _of_members(members: dict[str, Any], path: Path, at_url: Path, *, server: object, way: object) -> Iterator[_Use]:
    text = members.get("url")
    if isinstance(text, str) and server is not None and "@" in text and user_information(text) == REDACTED:
        yield _Use(path=at_url, server=server, way=way, name="", kind=_STORED, to="")
    for key in sorted(SECRET_KEYS & members.keys()):
        yield from _of_value(members[key], (*path, key), server=server, way=way, name=key)


def _of_value(value: Any, path: Path, *, server: object, way: object, name: str) -> Iterator[_Use]:
    if value == REDACTED:
        yield _Use(path=path, server=server, way=way, name=name, kind=_STORED, to="")
    for kind, to in (value if isinstance(value, dict) else {}).items():
        if kind in {_ENV, _FILE} and isinstance(to, str):
            yield _Use(path=path, server=server, way=way, name=name, kind=kind, to=to)
