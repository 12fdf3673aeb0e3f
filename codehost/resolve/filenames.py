"""File names of distribution files, read with their project known. Pure.

The project decides where a name ends: ``foo-bar-1.0.tar.gz`` is ``bar-1.0`` of no project but ``1.0`` of ``foo-bar``.
Pages of tens of thousands of files repeat their names and versions, so what was read once is remembered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import Version

from codehost.model.releases import FileKind

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")

_READABLE = (*SDIST_SUFFIXES, ".whl", ".egg")
# Archives and installers that pages list and nothing here reads: they still say that a release exists.
_UNREADABLE = (".exe", ".msi", ".rpm", ".deb", ".dmg", ".tar.z", ".tar.lz", ".tar.lzma", ".tar.zst", ".7z", ".rar")

_KNOWN = (*_READABLE, *_UNREADABLE)

# PEP 427: version, an optional build tag, and three tags.
_WHEEL_PARTS_AFTER_NAME = (4, 5)

# Visible ASCII without slashes, and no longer than any file system stores. Nothing else names a distribution file.
_LONGEST = 255
_PLAIN = re.compile(rf"[!-.0-\[\]-~]{{1,{_LONGEST}}}\Z")
# What installers and built archives put behind the version: ".win32-py2.7", ".linux-x86_64", "-1.noarch", "-py3.8".
_BUILT_FOR = re.compile(r"(\.(win|linux|macosx|cygwin|darwin).*|-\d+\.(noarch|src|x86_64|i\d86)|-py\d(\.\d+)?)\Z")
# setuptools names an egg by name, version, Python and, if compiled, platform.
_EGG_TAG = re.compile(r"-py\d(\.\d+)?(-.+)?\Z")

# Underscores that may stand for the plus of a local version: each is a reading to try, and no public version has more.
_MAX_ESCAPED = 8

_REMEMBERED_NAMES = 1 << 12
_REMEMBERED_VERSIONS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """What a file name says.

    ``version`` is canonical (PEP 440); ``kind`` is None for a file that nothing here reads.
    """

    version: str
    kind: FileKind | None


def looks_readable(filename: str) -> bool:
    """Whether the suffix is one of a distribution file that can be read."""
    return filename.lower().endswith(_READABLE)


def parse_filename(filename: str, project: str) -> NamedFile | None:
    """What ``filename`` says about a release of ``project`` (normalised), or None when it names none."""
    lowered = filename.lower()
    if not lowered.endswith(_KNOWN) or not _PLAIN.match(filename):
        return None
    if lowered.endswith(".whl"):
        parts = _after_project(filename[:-4], project).split("-")
        return _wheel(parts[0]) if len(parts) in _WHEEL_PARTS_AFTER_NAME else None
    if lowered.endswith(".egg"):
        return _egg(_after_project(filename[:-4], project))
    suffix = next(suffix for suffix in (*SDIST_SUFFIXES, *_UNREADABLE) if lowered.endswith(suffix))
    rest = _after_project(filename[: -len(suffix)], project)
    return _sdist(rest) if suffix in SDIST_SUFFIXES else _built(rest)


def canonical_version(text: str) -> str | None:
    """The canonical form (PEP 440, trailing zeros dropped) of a version as file names spell it; None if it is none."""
    for spelling in _spellings(text) if len(text) <= _LONGEST else ():
        try:
            return canonicalize_version(Version(spelling), strip_trailing_zero=True)
        except ValueError:  # InvalidVersion is one
            continue
    return None


def _spellings(text: str) -> Iterator[str]:
    yield text
    # Old build tools escaped a dash, and later the plus of a local version, as an underscore.
    if "_" in text:
        yield text.replace("_", "-")
        places = [found.start() for found in re.finditer("_", text)]
        for underscore in reversed(places[:_MAX_ESCAPED]):
            yield f"{text[:underscore].replace('_', '-')}+{text[underscore + 1 :]}"


def _after_project(stem: str, project: str) -> str:
    """What follows ``project-`` in a name, however the project is spelled there; empty if it is another project."""
    dash = stem.find("-")
    while dash >= 0:
        # PEP 503: names are compared normalised.
        if _normalised(stem[:dash]) == project:
            return stem[dash + 1 :]
        dash = stem.find("-", dash + 1)
    return ""


@lru_cache(maxsize=_REMEMBERED_NAMES)
def _normalised(name: str) -> str:
    return canonicalize_name(name)


@lru_cache(maxsize=_REMEMBERED_VERSIONS)
def _wheel(version: str) -> NamedFile | None:
    return _named(version, FileKind.WHEEL)


@lru_cache(maxsize=_REMEMBERED_VERSIONS)
def _egg(rest: str) -> NamedFile | None:
    return _named(_EGG_TAG.sub("", rest), FileKind.EGG)


@lru_cache(maxsize=_REMEMBERED_VERSIONS)
def _sdist(rest: str) -> NamedFile | None:
    # bdist_dumb writes compiled trees under an sdist's suffix: foo-1.0.linux-x86_64.tar.gz.
    return _built(rest) if _BUILT_FOR.search(rest) else _named(rest, FileKind.SDIST)


def _built(rest: str) -> NamedFile | None:
    return _named(_BUILT_FOR.sub("", rest), None)


def _named(version: str, kind: FileKind | None) -> NamedFile | None:
    canonical = canonical_version(version)
    return None if canonical is None else NamedFile(version=canonical, kind=kind)
