"""File names of distribution files, read with their project known. Pure.

The project decides where a name ends: ``foo-bar-1.0.tar.gz`` is ``bar-1.0`` of no project but ``1.0`` of ``foo-bar``.
"""

import re
from dataclasses import dataclass

from packaging.utils import InvalidWheelFilename, canonicalize_name, canonicalize_version, parse_wheel_filename
from packaging.version import Version

from codehost.model.releases import FileKind

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar")

# Archives and installers that pages list and nothing here reads: they still say that a release exists.
_UNREADABLE = (".exe", ".msi", ".rpm", ".deb", ".dmg", ".tar.z", ".tar.lz", ".tar.lzma", ".tar.zst", ".7z", ".rar")
_WHEEL_PARTS = (5, 6)

# What installers and built archives put behind the version: ".win32-py2.7", ".linux-x86_64", "-1.noarch", "-py3.8".
_BUILT_FOR = re.compile(r"(\.(win|linux|macosx|cygwin|darwin).*|-\d+\.(noarch|src|x86_64|i\d86)|-py\d(\.\d+)?)\Z")
# setuptools names an egg by name, version, Python and, if compiled, platform.
_EGG_TAG = re.compile(r"-py\d(\.\d+)?(-.+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """What a file name says.

    ``version`` is canonical (PEP 440); ``kind`` is None for a file that nothing here reads.
    """

    version: str
    kind: FileKind | None


def looks_readable(filename: str) -> bool:
    """Whether the suffix is one of a distribution file that can be read."""
    return filename.lower().endswith((*SDIST_SUFFIXES, ".whl", ".egg"))


def parse_filename(filename: str, project: str) -> NamedFile | None:
    """What ``filename`` says about a release of ``project`` (normalised), or None when it names none."""
    lowered = filename.lower()
    if lowered.endswith(".whl"):
        return _named(_wheel_version(filename, project), FileKind.WHEEL)
    if lowered.endswith(".egg"):
        return _named(_version(_EGG_TAG.sub("", _after_project(filename[:-4], project))), FileKind.EGG)
    for suffix in SDIST_SUFFIXES:
        if lowered.endswith(suffix):
            return _sdist(filename[: -len(suffix)], project)
    for suffix in _UNREADABLE:
        if lowered.endswith(suffix):
            rest = _after_project(filename[: -len(suffix)], project)
            return _named(_version(_BUILT_FOR.sub("", rest)), None)
    return None


def _sdist(stem: str, project: str) -> NamedFile | None:
    rest = _after_project(stem, project)
    # bdist_dumb writes compiled trees under an sdist's suffix: foo-1.0.linux-x86_64.tar.gz.
    if _BUILT_FOR.search(rest):
        return _named(_version(_BUILT_FOR.sub("", rest)), None)
    return _named(_version(rest), FileKind.SDIST)


def _wheel_version(filename: str, project: str) -> Version | None:
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        parts = filename[:-4].split("-")
        if len(parts) not in _WHEEL_PARTS or canonicalize_name(parts[0]) != project:
            return None
        return _version(parts[1])
    return version if name == project else None


def _after_project(stem: str, project: str) -> str:
    """What follows ``project-`` in a name, however the project is spelled there; empty if it is another project."""
    for dash in re.finditer("-", stem):
        # PEP 503: names are compared normalised.
        if canonicalize_name(stem[: dash.start()]) == project:
            return stem[dash.end() :]
    return ""


def _version(text: str) -> Version | None:
    # Old build tools escaped a dash, and later the plus of a local version, as an underscore.
    for candidate in (text, text.replace("_", "-"), text.replace("_", "+", 1)):
        try:
            return Version(candidate)
        except ValueError:  # InvalidVersion, or more digits than Python reads
            continue
    return None


def _named(version: Version | None, kind: FileKind | None) -> NamedFile | None:
    if version is None:
        return None
    return NamedFile(version=canonicalize_version(version, strip_trailing_zero=True), kind=kind)
