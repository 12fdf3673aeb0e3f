"""``uv.lock``: every ``[[package]]`` has a ``source`` with one telling key."""

from collections.abc import Mapping
from typing import Any

from codehost.imports.entries import Imported, Kind
from codehost.imports.packages import (
    Elsewhere,
    is_remote,
    local_project,
    parse_toml,
    read_packages,
    table,
    text_of,
)
from codehost.imports.sources import Source, sources_of

# The keys of a source; ``registry`` stands apart. ``virtual``: a member that is not even installed.
_PROJECTS = {"editable": Kind.EDITABLE, "virtual": Kind.MEMBER, "directory": Kind.LOCAL}
_OTHERS = {"git": Kind.VCS, "url": Kind.URL, "path": Kind.LOCAL}


def read_uv_lock(path: str, text: str) -> Imported:
    """The packages of all groups, extras and platforms.

    Raises:
        ImportFileError: the text is no TOML.
    """
    return read_packages(path, parse_toml(path, text).get("package"), _elsewhere, _sources)


def _sources(package: Mapping[str, Any]) -> tuple[Source, ...]:
    return sources_of(table(package.get("source")).get("registry"))


def _elsewhere(package: Mapping[str, Any]) -> Elsewhere | None:
    source = table(package.get("source"))
    registry = text_of(source.get("registry"))
    if registry:
        # A flat index may be a directory, written as its path.
        return None if is_remote(registry) else Elsewhere(kind=Kind.LOCAL_INDEX, at=registry)
    for key, kind in _PROJECTS.items():
        if key in source:
            return local_project(kind, text_of(source[key]))
    for key, kind in _OTHERS.items():
        if key in source:
            return Elsewhere(kind=kind, at=text_of(source[key]))
    return Elsewhere(kind=Kind.SOURCE)
