"""``poetry.lock`` of Poetry 1 and 2: a ``[[package]]`` without ``source`` is from PyPI.

The project itself is not in it.
"""

from collections.abc import Mapping
from typing import Any

from codehost.imports.entries import Imported, Kind
from codehost.imports.packages import (
    VCS,
    Elsewhere,
    is_remote,
    local_project,
    parse_toml,
    read_packages,
    table,
    text_of,
)
from codehost.imports.sources import Source, sources_of

_INDEX = "legacy"  # the simple API, which is called so here
_KINDS = {"url": Kind.URL, "file": Kind.LOCAL, **dict.fromkeys(VCS, Kind.VCS)}


def read_poetry_lock(path: str, text: str) -> Imported:
    """The packages of all groups and extras.

    Raises:
        ImportFileError: the text is no TOML.
    """
    return read_packages(path, parse_toml(path, text).get("package"), _elsewhere, _sources)


def _sources(package: Mapping[str, Any]) -> tuple[Source, ...]:
    return sources_of(table(package.get("source")).get("url"))


def _elsewhere(package: Mapping[str, Any]) -> Elsewhere | None:
    if "source" not in package:
        return None
    source = table(package["source"])
    sort, url = text_of(source.get("type")), text_of(source.get("url"))
    if sort == _INDEX:
        return None if is_remote(url) else Elsewhere(kind=Kind.LOCAL_INDEX, at=url)
    if sort == "directory":
        return local_project(Kind.EDITABLE if package.get("develop") is True else Kind.LOCAL, url)
    return Elsewhere(kind=_KINDS.get(sort, Kind.SOURCE), at=url)
