"""What the lock files have in common: parsed tables of packages, each from a mirror or from somewhere else."""

import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from codehost.imports.entries import Entry, Imported, Kind, collect, leave_out, pinned
from codehost.imports.problems import ImportFileError
from codehost.imports.sources import Source

VCS = ("git", "hg", "svn", "bzr")

_REMOTE = re.compile(r"https?://", re.IGNORECASE)
_VCS_URL = re.compile(r"(?:(?:git|hg|svn|bzr)(?:\+|://)|ssh://|[\w.+-]+@[\w.-]+:(?!/))", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Where a package is from when it is not from a mirror. ``at`` is the URL or path as written."""

    kind: Kind
    at: str = ""


Judge = Callable[[Mapping[str, Any]], Elsewhere | None]
FindSources = Callable[[Mapping[str, Any]], tuple[Source, ...]]


def parse_toml(path: str, text: str) -> dict[str, Any]:
    """The document.

    Raises:
        ImportFileError: the text is no TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # TOMLDecodeError, or a number with more digits than int() reads
        hint = "make it again with the tool that wrote it (conflict markers of a merge do this)"
        raise ImportFileError(path, "is no valid TOML", hint) from None


def parse_json(path: str, text: str) -> Any:
    """The document.

    Raises:
        ImportFileError: the text is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        hint = "make it again with the tool that wrote it (conflict markers of a merge do this)"
        raise ImportFileError(path, "is no valid JSON", hint) from None


def table(value: Any) -> dict[str, Any]:
    """``value`` if it is a table, else an empty one."""
    return value if isinstance(value, dict) else {}


def tables(value: Any) -> list[Any]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """``value`` if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def read_packages(path: str, packages: Any, judge: Judge, sources: FindSources | None = None) -> Imported:
    """The entries of a list of tables with ``name`` and ``version``.

    ``judge`` tells those that no mirror has, ``sources`` the mirror of the others where the format names it.
    """
    return collect(_entries(path, tables(packages), judge, sources))


def entry_of(
    name: str, version: str, elsewhere: Elsewhere | None, place: str, sources: tuple[Source, ...] = ()
) -> Entry:
    """One package of a lock file. ``version`` is empty where there is none."""
    if elsewhere is not None:
        return leave_out(elsewhere.kind, f"{name} @ {elsewhere.at}" if elsewhere.at else name, place, name)
    if not version:
        return leave_out(Kind.UNPINNED, name, place, name)
    return pinned(name, version, place, sources)


def place_of(path: str, name: str) -> str:
    """Where a package stands: the file and its name."""
    return f"{path} ({name})"


def local_project(kind: Kind, at: str) -> Elsewhere:
    """A local project: the one that the lock file belongs to, or another of the sort ``kind``."""
    return Elsewhere(kind=Kind.ROOT if is_here(at) else kind, at=at)


def is_here(path: str) -> bool:
    """Whether a path is that of the project which the lock file belongs to."""
    return posixpath.normpath(path.replace("\\", "/")) == "."


def is_remote(url: str) -> bool:
    """Whether an index is a server rather than a directory."""
    return _REMOTE.match(url) is not None


def kind_of_url(url: str) -> Kind:
    """What sort of thing a direct reference leads to."""
    if _VCS_URL.match(url):
        return Kind.VCS
    # PEP 508 allows any reference after the "@", relative paths included.
    if "://" not in url or url.lower().startswith("file:"):
        return Kind.LOCAL
    return Kind.URL


def _entries(path: str, packages: list[Any], judge: Judge, sources: FindSources | None) -> Iterator[Entry]:
    for number, package in enumerate(packages, start=1):
        members = table(package)
        name = text_of(members.get("name"))
        if not name:
            yield leave_out(Kind.UNREADABLE, f"package {number}", path)
            continue
        found = sources(members) if sources else ()
        yield entry_of(name, text_of(members.get("version")), judge(members), place_of(path, name), found)
