"""One requirement (PEP 508) as pip reads it: a pin, or why it is none."""

import re

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from codehost.imports.entries import Entry, Kind, leave_out, pinned
from codehost.imports.packages import is_here, kind_of_url
from codehost.imports.sources import Source

VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")

_REFERENCE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[\w.+-]+@[\w.-]+:(?!/)|file:", re.IGNORECASE)
_PATH = re.compile(r"[.~/\\]|[A-Za-z]:[\\/]|[^\s;@\[]*[/\\]")
_ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tgz|tbz|txz|tar\.(?:gz|bz2|xz|lzma|Z))(?:\[[^\]]*\])?\Z", re.IGNORECASE)
_NAMED = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*={2,3}\s*[^\s=]")
_EXACT = ("==", "===")
_MAX_LENGTH = 4096


def required(written: str, place: str) -> Entry:
    """The entry of a requirement without comments and options. Markers and extras are dropped."""
    unnamed = _unnamed(written)
    if unnamed is not None:
        return leave_out(unnamed, written, place)
    try:
        requirement = Requirement(written)
    except InvalidRequirement:
        named = _NAMED.match(written)
        return leave_out(Kind.VERSION if named else Kind.UNREADABLE, written, place, named[1] if named else None)
    if requirement.url is not None:
        return leave_out(kind_of_url(requirement.url), written, place, requirement.name)
    return _judged(requirement.name, requirement.specifier, written, place)


def specified(name: str, specifier: str, place: str, sources: tuple[Source, ...] = ()) -> Entry:
    """The entry of a name and a specifier such as ``==1.0``."""
    written = f"{name}{specifier}"
    try:
        return _judged(name, SpecifierSet(specifier), written, place, sources)
    except InvalidSpecifier:
        return leave_out(Kind.VERSION, written, place, name)


def _unnamed(written: str) -> Kind | None:
    # What pip takes for a reference or a path before it looks for a name.
    if len(written) > _MAX_LENGTH:
        return Kind.UNREADABLE
    if VARIABLE.search(written):
        return Kind.VARIABLE
    if _REFERENCE.match(written):
        return kind_of_url(written)
    is_archive = "@" not in written and _ARCHIVE.search(written.partition(";")[0].strip())
    if _PATH.match(written) or is_archive:
        return Kind.ROOT if is_here(written.partition("[")[0]) else Kind.LOCAL
    return None


def _judged(name: str, specifiers: SpecifierSet, written: str, place: str, sources: tuple[Source, ...] = ()) -> Entry:
    found = list(specifiers)
    if not found:
        return leave_out(Kind.UNPINNED, written, place, name)
    exact = [specifier for specifier in found if specifier.operator in _EXACT]
    version = next((specifier.version for specifier in exact if not _is_wildcard(specifier)), None)
    if version is None:
        kind = Kind.WILDCARD if exact and len(found) == 1 else Kind.RANGE
        return leave_out(kind, written, place, name)
    # PEP 440: "===" compares text; it pins a release only where the text is a version.
    try:
        wanted = Version(version)
    except (InvalidVersion, ValueError):  # the latter for a number with more digits than int() reads
        return leave_out(Kind.VERSION, written, place, name)
    if len(found) > 1 and not specifiers.contains(wanted, prereleases=True):
        return leave_out(Kind.RANGE, written, place, name)
    return pinned(name, version, place, sources)


def _is_wildcard(specifier: Specifier) -> bool:
    return specifier.operator == "==" and specifier.version.endswith(".*")
