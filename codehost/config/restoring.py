"""Secrets put back where a stored document shows ``REDACTED``, and taken out of a document that is to be stored.

A *marker* is ``REDACTED`` in the place of a secret: as the value of a secret's key, or as the user information of a
URL. A secret stays with the server that it was written for: it is put back at a marker only if the marker's mirror or
proxy has the URL that the secret belongs to, wherever that entry stands in the document. Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codehost.config.addresses import MIRROR
from codehost.config.document import DocumentError, parse
from codehost.config.encoding import decode
from codehost.config.loading import load
from codehost.config.places import locate
from codehost.config.reach import Reach, refused
from codehost.config.redaction import (
    Secret,
    replace_values,
    secrets_of,
    user_information,
    with_user_information,
    without_secret_comments,
)
from codehost.config.secrecy import HEADERS, REDACTED, SECRET_KEYS
from codehost.config.servers import normal, server_of
from codehost.config.violations import Finding, Path, Violation, by_place, pointer_of
from codehost.model.codehosts import CodeHostConfig

# As long as REDACTED, so that the columns of violations stay true; and a value that every kind of secret may have.
_STAND_IN = "redacted"

_WORDS = {
    "username": "the user name",
    "password": "the password",
    "bearerToken": "the bearer token",
    "clientKeyPassword": "the password of the client key",
    "": "the user name and password",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSecret:
    """A secret of a stored document. ``place`` is the JSON pointer to its marker, ``url`` as in ``Secret``."""

    place: str
    url: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of a document that is to be stored. ``config`` is None exactly when there are violations.

    ``text`` is the document with markers in place of ``secrets``; both are empty when there are violations.
    """

    text: str
    secrets: tuple[KnownSecret, ...]
    config: CodeHostConfig | None
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marker:
    """A place with a secret or a marker. ``owner``: the mirror's URL that it stands under; ``name``: its key.

    URLs are normalised: None where there is none, or none that can be read.
    """

    path: Path
    owner: object
    url: object
    shown: str
    name: str
    of_proxy: bool
    value: str = field(repr=False)
    in_url: bool = False

    @property
    def slot(self) -> tuple[object, ...]:
        """What a secret must share with it to belong there."""
        return self.of_proxy, self.name.lower(), self.url

    @property
    def words(self) -> str:
        """What stands there, in words."""
        return _WORDS.get(self.name, "a header's value")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A known secret, with what the stored document tells of its place."""

    marker: _Marker
    value: str = field(repr=False)


class UnknownSecretError(Exception):
    """A stored document has a marker whose secret is not known, or was kept for another URL.

    Attributes:
        pointer: the JSON pointer to the marker.
        words: what is missing, such as ``the password of https://mirror.example.com/simple``.
    """

    def __init__(self, pointer: str, words: str) -> None:
        super().__init__(pointer, words)
        self.pointer = pointer
        self.words = words

    def __str__(self) -> str:
        return f"{self.words} (at {self.pointer}) is not known"


def keep(data: bytes, stored: str = "", secrets: Sequence[KnownSecret] = (), *, reach: Reach | None = None) -> Kept:
    """Read a document that is to be stored, perhaps an edited form of ``stored`` with its ``secrets``.

    ``reach`` is how far the document may refer if it comes from afar; None: it is the operator's own. References are
    not followed. Never raises for what the document holds.
    """
    text, undecodable = decode(data)
    if undecodable:
        return _refused([undecodable])
    try:
        document = parse(text)
    except DocumentError:
        return _refused(load(data).violations)
    marked = [marker for marker in _markers(document.value) if _is_marker(marker)]
    found, findings = _find(marked, _known(stored, secrets))
    findings += () if reach is None else refused(document.value, stored, reach)
    checkable = replace_values(text, document, {marker.path: _put(marker, _STAND_IN) for marker in marked})
    checked = load(checkable.encode("utf-8"))
    violations = [*checked.violations, *(locate(text, document.plain, findings) if findings else ())]
    if violations or checked.config is None:
        return _refused(violations)
    whole = replace_values(text, document, {marker.path: _put(marker, found[marker.path]) for marker in marked})
    return _taken(whole, checked.config)


def restore(stored: str, secrets: Sequence[KnownSecret]) -> str:
    """A stored document with its secrets. The text is for ``codehost.config.loading.load``, and for nobody's eyes.

    Raises:
        UnknownSecretError: a secret is missing, or belongs to another URL than the document has at its place.
    """
    document = parse(stored)
    values = {known.marker.path: known.value for known in _known(stored, secrets)}
    replaced = {}
    for marker in _markers(document.value):
        if not _is_marker(marker):
            continue
        if marker.path not in values:
            raise UnknownSecretError(pointer_of(marker.path), f"{marker.words} of {marker.shown}")
        replaced[marker.path] = _put(marker, values[marker.path])
    return replace_values(stored, document, replaced)


def _refused(violations: Iterable[Violation]) -> Kept:
    # A repeated key is found by whoever looks.
    return Kept(text="", secrets=(), config=None, violations=by_place(dict.fromkeys(violations)))


def _taken(whole: str, config: CodeHostConfig) -> Kept:
    document = parse(whole)
    secrets = secrets_of(document)
    values = {marker.path: marker for marker in _markers(document.value)}
    replaced = {secret.path: _put(values[secret.path], REDACTED) for secret in secrets}
    text = without_secret_comments(replace_values(whole, document, replaced))
    return Kept(text=text, secrets=tuple(map(_known_secret, secrets)), config=config, violations=())


def _known_secret(secret: Secret) -> KnownSecret:
    return KnownSecret(place=pointer_of(secret.path), url=secret.url, value=secret.value)


def _put(marker: _Marker, value: str) -> str:
    return with_user_information(marker.value, value) if marker.in_url else value


def _is_marker(marker: _Marker) -> bool:
    return (user_information(marker.value) if marker.in_url else marker.value) == REDACTED


def _known(stored: str, secrets: Sequence[KnownSecret]) -> list[_Known]:
    """The secrets whose places the stored document has, under the URLs that they belong to."""
    if not secrets:
        return []
    markers = {pointer_of(marker.path): marker for marker in _markers(parse(stored).value)}
    at_home = ((markers.get(secret.place), secret) for secret in secrets)
    return [
        _Known(marker=marker, value=secret.value)
        for marker, secret in at_home
        if marker is not None and marker.url is not None and marker.url == normal(secret.url)
    ]


def _find(marked: Iterable[_Marker], known: Sequence[_Known]) -> tuple[dict[Path, str], list[Finding]]:
    """The secret for each marker, and the findings of those that have none."""
    by_slot: dict[tuple[object, ...], list[_Known]] = {}
    for secret in known:
        by_slot.setdefault(secret.marker.slot, []).append(secret)
    by_path = {secret.marker.path: secret for secret in known}
    found, findings = {}, []
    for marker in marked:
        candidates = by_slot.get(marker.slot, []) if marker.url is not None else []
        value = _choose(marker, candidates)
        if value is None:
            findings.append(_finding(marker, candidates, by_path.get(marker.path)))
        else:
            found[marker.path] = value
    return found, findings


def _choose(marker: _Marker, candidates: Sequence[_Known]) -> str | None:
    """The one secret of the URL; of several, that of the same mirror; of several of these, that of the same place."""
    own = [known for known in candidates if known.marker.owner == marker.owner] or candidates
    if len({known.value for known in own}) == 1:
        return own[0].value
    return next((known.value for known in own if known.marker.path == marker.path), None)


def _finding(marker: _Marker, candidates: Sequence[_Known], before: _Known | None) -> Finding:
    if candidates:
        problem, hint = "stands for one of several secrets of this URL", "write the one that is meant"
    elif before is not None and before.marker.name == marker.name:
        problem = f"stands for {before.marker.words} that belonged to {before.marker.shown}"
        hint = "it is not sent to another URL: write it again"
    else:
        problem = "stands for a secret that is not known for this URL"
        hint = 'write the secret, {"env": "NAME"} or {"file": "/absolute/path"}'
    if marker.in_url:
        hint = f"{hint}, as user:password@ before the host, or remove {REDACTED}@"
    return Finding(path=marker.path, problem=problem, hint=hint)


def _markers(value: Any) -> Iterator[_Marker]:
    """Every place of a secret that is written out, or of a marker. Passes over whatever is no valid document's."""
    members = value if isinstance(value, dict) else {}
    yield from _of_proxy(members.get("proxy"), ("proxy",), None)
    urls = members.get("urls")
    for index, entry in enumerate(urls if isinstance(urls, list) else ()):
        path: Path = ("urls", index)
        if isinstance(entry, str):
            yield from _of_entry({"url": entry}, path, path)
        elif isinstance(entry, dict):
            yield from _of_entry(entry, path, (*path, "url"))


def _of_entry(entry: dict[str, Any], path: Path, at_url: Path) -> Iterator[_Marker]:
    url, shown = server_of(entry.get("url"), MIRROR)
    yield from _of_members(entry, path, at_url, owner=url, url=url, shown=shown, of_proxy=False)
    yield from _of_proxy(entry.get("proxy"), (*path, "proxy"), url)
    headers = entry.get(HEADERS)
    for name, value in (headers if isinstance(headers, dict) else {}).items():
        if isinstance(value, str):
            place = (*path, HEADERS, name)
            key = f"{HEADERS}/{name}"
            yield _Marker(path=place, owner=url, url=url, shown=shown, name=key, of_proxy=False, value=value)


def _of_proxy(value: Any, path: Path, owner: object) -> Iterator[_Marker]:
    members = {"url": value} if isinstance(value, str) else value if isinstance(value, dict) else {}
    url, shown = server_of(members.get("url"), None)
    at_url = path if isinstance(value, str) else (*path, "url")
    yield from _of_members(members, path, at_url, owner=owner, url=url, shown=shown, of_proxy=True)


def _of_members(
    members: dict[str, Any], path: Path, at_url: Path, *, owner: object, url: object, shown: str, of_proxy: bool
) -> Iterator[_Marker]:
    """The user information of the URL, and the literals under secret keys."""
    text = members.get("url")
    if isinstance(text, str) and url is not None and "@" in text:
        yield _Marker(
            path=at_url, owner=owner, url=url, shown=shown, name="", of_proxy=of_proxy, value=text, in_url=True
        )
    for key, value in members.items():
        if key in SECRET_KEYS and isinstance(value, str):
            place = (*path, key)
            yield _Marker(path=place, owner=owner, url=url, shown=shown, name=key, of_proxy=of_proxy, value=value)
