"""Addresses of pages: what a request's path may mean, and the paths of links. Pure.

    /                                     the index; ?q= finds projects
    /-/search?q=                          what the files say
    /<repository>                         a release
    /<repository>/tree/<rev>[/<path>]     a directory
    /<repository>/blob/<rev>/<path>       a file; #L10 and #L10-L20 are lines
    /<repository>/raw/<rev>/<path>        its bytes
    /<repository>/commit/<rev>            the commit
    /-/static/<file>                      our own files

A repository's name may have parts such as ``tree``, so a path can have several meanings. No part of a name begins with
a dash, so ``/-/`` is nobody's. Names of files are bytes: every byte that is not plain is written as an escape.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, quote_from_bytes, unquote_to_bytes

from codehost.model.repository_names import SUFFIX
from codehost.reading.snapshot import Path
from codehost.serve.names import repository_name

# What a reader may call a commit. Nothing here begins with a dash, is a path, or means anything to git but itself.
_REVISION = re.compile(r"(?:HEAD|latest|v(?!.*\.\.)[A-Za-z0-9._+!-]{1,250}|[0-9a-f]{40})\Z")
_OBJECT_NAME = re.compile(r"[0-9a-f]{40}\Z")
_DOTS = frozenset({b"", b".", b".."})
_MOST_PARTS = 200


class View(StrEnum):
    """What is shown of a repository."""

    TREE = "tree"
    BLOB = "blob"
    RAW = "raw"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something in a repository: ``path`` leads from the root of the tree at ``rev``."""

    repository: str
    view: View
    rev: str
    path: Path = ()

    @property
    def fixed(self) -> bool:
        """Whether the place names its commit: then it shows the same for ever."""
        return _OBJECT_NAME.match(self.rev) is not None


def places(raw_path: str) -> Iterator[Place]:
    """What a request's path, as it came over the wire, may mean within a repository; the shortest name first."""
    parts = _parts(raw_path)
    for at in range(1, len(parts) - 1):
        if parts[at] not in set(View):
            continue
        name = _name(parts[:at])
        rev = unquote_to_bytes(parts[at + 1]).decode("latin-1")
        path = _path(parts[at + 2 :])
        view = View(parts[at])
        if name is None or path is None or _REVISION.match(rev) is None or (view is View.COMMIT and path):
            continue
        yield Place(repository=name, view=view, rev=rev, path=path)


def repository_in(raw_path: str) -> str | None:
    """The name of the repository that the whole path may be, or None."""
    return _name(_parts(raw_path))


def words_in(raw_path: str) -> list[str]:
    """The parts of a path that lead nowhere, for finding out what was meant."""
    return [unquote_to_bytes(part).decode("utf-8", "replace") for part in _parts(raw_path)]


def _parts(raw_path: str) -> list[str]:
    parts = raw_path.partition("?")[0].split("/")[1:]
    if parts and not parts[-1]:
        parts.pop()
    return parts if len(parts) <= _MOST_PARTS else []


def _name(parts: list[str]) -> str | None:
    return repository_name("/".join(parts) + SUFFIX) if parts else None


def _path(parts: list[str]) -> Path | None:
    path = tuple(unquote_to_bytes(part) for part in parts)
    # An escaped slash separates nothing, and no file is called by dots: a tree holds no such names.
    return None if any(part in _DOTS or b"/" in part or b"\0" in part for part in path) else path


class Links:
    """Paths of pages, as they stand in a link.

    Args:
        base: what stands before every path when the server is not at the root of its host: ``/code``, or nothing.
    """

    def __init__(self, base: str = "") -> None:
        self.base = base.rstrip("/")

    def index(self) -> str:
        """The first page."""
        return f"{self.base}/"

    def search(self, parameters: str = "") -> str:
        """The search page; ``parameters`` as they stand in an address."""
        return f"{self.base}/-/search{'?' if parameters else ''}{parameters}"

    def static(self, name: str) -> str:
        """One of our own files."""
        return f"{self.base}/-/static/{name}"

    def release(self, repository: str) -> str:
        """A repository's first page."""
        return f"{self.base}/{quote(repository, safe='/+!')}"

    def clone(self, repository: str) -> str:
        """Where git finds it."""
        return f"{self.base}/git/{quote(repository, safe='/+!')}{SUFFIX}"

    def tree(self, repository: str, rev: str, path: Iterable[bytes] = ()) -> str:
        """A directory."""
        return self._within(repository, View.TREE, rev, path)

    def blob(self, repository: str, rev: str, path: Iterable[bytes]) -> str:
        """A file."""
        return self._within(repository, View.BLOB, rev, path)

    def raw(self, repository: str, rev: str, path: Iterable[bytes]) -> str:
        """A file's bytes."""
        return self._within(repository, View.RAW, rev, path)

    def commit(self, repository: str, rev: str) -> str:
        """A commit."""
        return self._within(repository, View.COMMIT, rev, ())

    def to(self, place: Place) -> str:
        """Whatever is at a place."""
        return self._within(place.repository, place.view, place.rev, place.path)

    def _within(self, repository: str, view: View, rev: str, path: Iterable[bytes]) -> str:
        parts = (
            self.release(repository),
            view.value,
            quote(rev, safe="+!"),
            *(quote_from_bytes(part, safe="") for part in path),
        )
        return "/".join(parts)
