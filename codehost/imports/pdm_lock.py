"""``pdm.lock``: a ``[[package]]`` from elsewhere has its origin as a key of its own."""

from collections.abc import Mapping
from typing import Any

from codehost.imports.entries import Imported, Kind
from codehost.imports.packages import (
    VCS,
    Elsewhere,
    kind_of_url,
    local_project,
    parse_toml,
    read_packages,
    table,
    tables,
    text_of,
)
from codehost.imports.sources import Source, sources_of


def read_pdm_lock(path: str, text: str) -> Imported:
    """The packages of all groups. A project with extras has several tables; they come to one pin when merged.

    Raises:
        ImportFileError: the text is no TOML.
    """
    return read_packages(path, parse_toml(path, text).get("package"), _elsewhere, _sources)


def _sources(package: Mapping[str, Any]) -> tuple[Source, ...]:
    # Only the strategy "static_urls" writes where the files are.
    files = (sources_of(table(file).get("url")) for file in tables(package.get("files")))
    return next((found for found in files if found), ())


def _elsewhere(package: Mapping[str, Any]) -> Elsewhere | None:
    editable = package.get("editable") is True
    for key in VCS:
        if key in package:
            return Elsewhere(kind=Kind.EDITABLE if editable else Kind.VCS, at=text_of(package[key]))
    if "path" in package:
        return local_project(Kind.EDITABLE if editable else Kind.LOCAL, text_of(package["path"]))
    if "url" in package:
        url = text_of(package["url"])
        return Elsewhere(kind=kind_of_url(url), at=url)
    return Elsewhere(kind=Kind.EDITABLE) if editable else None
