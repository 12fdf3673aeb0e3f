"""``Pipfile.lock``: JSON with an object for each category, from names to entries with a specifier."""

from collections.abc import Iterator
from typing import Any

from codehost.imports.entries import Entry, Imported, Kind, collect
from codehost.imports.packages import (
    VCS,
    Elsewhere,
    entry_of,
    kind_of_url,
    local_project,
    parse_json,
    place_of,
    table,
    tables,
    text_of,
)
from codehost.imports.sources import Source, sources_of
from codehost.imports.specifiers import specified

_META = "_meta"
_ANY = "*"


def read_pipfile_lock(path: str, text: str) -> Imported:
    """The entries of all categories: ``default``, ``develop`` and those with names of their own.

    Raises:
        ImportFileError: the text is no JSON.
    """
    document = table(parse_json(path, text))
    categories = [table(members) for key, members in document.items() if key != _META]
    indexes = [table(source) for source in tables(table(document.get(_META)).get("sources"))]
    return collect(
        _entry(name, value, place_of(path, name), indexes)
        for category in categories
        for name, value in category.items()
    )


def _entry(name: str, value: Any, place: str, indexes: list[dict[str, Any]]) -> Entry:
    # Old files have entries that are the specifier alone.
    members = {"version": value} if isinstance(value, str) else table(value)
    elsewhere = next(_elsewhere(members), None)
    specifier = text_of(members.get("version"))
    if elsewhere is not None or not specifier or specifier == _ANY:
        return entry_of(name, "", elsewhere, place)
    return specified(name, specifier, place, _sources(members, indexes))


def _sources(members: dict[str, Any], indexes: list[dict[str, Any]]) -> tuple[Source, ...]:
    # Pipenv's documentation: what names no index is from the first.
    name = members.get("index")
    meant = [index for index in indexes if name in (None, index.get("name"))]
    return sources_of(meant[0].get("url")) if meant else ()


def _elsewhere(members: dict[str, Any]) -> Iterator[Elsewhere]:
    editable = members.get("editable") is True
    for key in VCS:
        if key in members:
            yield Elsewhere(kind=Kind.EDITABLE if editable else Kind.VCS, at=text_of(members[key]))
    if "path" in members:
        yield local_project(Kind.EDITABLE if editable else Kind.LOCAL, text_of(members["path"]))
    if "file" in members:
        file = text_of(members["file"])
        yield Elsewhere(kind=kind_of_url(file), at=file)
    if editable:
        yield Elsewhere(kind=Kind.EDITABLE)
