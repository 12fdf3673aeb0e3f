"""``pylock.toml`` (PEP 751), read with the reference library."""

from collections.abc import Iterator
from typing import Any

from packaging.pylock import Package, Pylock, PylockUnsupportedVersionError, PylockValidationError

from codehost.imports.entries import Entry, Imported, Kind, collect, leave_out
from codehost.imports.packages import (
    Elsewhere,
    entry_of,
    is_remote,
    kind_of_url,
    local_project,
    parse_toml,
    place_of,
    table,
    tables,
    text_of,
)
from codehost.imports.problems import ImportFileError
from codehost.imports.sources import Source, sources_of


def read_pylock(path: str, text: str) -> Imported:
    """The packages of all environments, extras and groups.

    Raises:
        ImportFileError: the text is no TOML, or its head breaks PEP 751 or is of a later major version.
    """
    document = parse_toml(path, text)
    try:
        Pylock.from_dict({**document, "packages": []})
    except PylockUnsupportedVersionError:
        raise ImportFileError(path, "has a lock-version that is not understood", "write it as version 1.0") from None
    except PylockValidationError as error:
        problem = f"breaks PEP 751 at {error.context or 'its root'}"
        raise ImportFileError(path, problem, "make it again with the tool that wrote it") from None
    return collect(_entries(path, tables(document.get("packages"))))


def _entries(path: str, packages: list[Any]) -> Iterator[Entry]:
    for number, members in enumerate(packages, start=1):
        raw = table(members)
        name = text_of(raw.get("name"))
        place = place_of(path, name) if name else path
        # By themselves, so that one table that breaks the rules leaves the others.
        alone = {"lock-version": "1.0", "created-by": "codehost", "packages": [members]}
        try:
            (package,) = Pylock.from_dict(alone).packages
        except PylockValidationError:
            yield leave_out(Kind.UNREADABLE, name or f"package {number}", place, name)
            continue
        yield entry_of(name, text_of(raw.get("version")), _elsewhere(package), place, _sources(package))


def _sources(package: Package) -> tuple[Source, ...]:
    if package.index:
        return sources_of(package.index)
    # PEP 751: the index is optional; the files say the host then.
    found = (sources_of(url) for url in _urls(package))
    return next((sources for sources in found if sources), ())


def _urls(package: Package) -> list[str | None]:
    return [wheel.url for wheel in package.wheels or ()] + ([package.sdist.url] if package.sdist else [])


def _elsewhere(package: Package) -> Elsewhere | None:
    if package.vcs:
        return Elsewhere(kind=Kind.VCS, at=package.vcs.url or package.vcs.path or "")
    if package.directory:
        kind = Kind.EDITABLE if package.directory.editable else Kind.LOCAL
        return local_project(kind, package.directory.path)
    if package.archive:
        at = package.archive.url or package.archive.path or ""
        return Elsewhere(kind=kind_of_url(at), at=at)
    if package.index and not is_remote(package.index):
        return Elsewhere(kind=Kind.LOCAL_INDEX, at=package.index)
    if not package.index and not any(is_remote(url or "") for url in _urls(package)):
        return Elsewhere(kind=Kind.LOCAL_INDEX)
    return None
