"""Pins: what a site admin writes, and the release that each one names.

Nomenclature (docs/glossary.md): a *project* is the named thing on a mirror, a *pin* is one entry
``name==version`` of the configuration, a *release* is a project at one version.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from packaging.utils import canonicalize_name, canonicalize_version
from packaging.version import Version

DEFAULT_REPOSITORY_PATTERN = "python/{project}/{version}"

# PEP 508: a name starts and ends with a letter or digit.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
_PIN = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*==\s*([^\s=;,\[\]@*]+)\s*\Z")
_OPERATOR = re.compile(r"===|~=|!=|<=|>=|==|<|>|=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A project at one version; equal releases are one release whatever their spelling.

    ``version`` is the canonical form (PEP 440, trailing zeros dropped): ``5.0`` and ``5.0.0`` are equal.
    """

    project: str
    version: str

    def __str__(self) -> str:
        return f"{self.project}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One parsed entry of ``dependencies``.

    ``project`` is normalised (PEP 503); ``version`` is ``str(Version)`` of what was written, with its zeros.
    """

    project: str
    version: str
    release: Release

    def __str__(self) -> str:
        return f"{self.project}=={self.version}"

    def repository(self, pattern: str = DEFAULT_REPOSITORY_PATTERN) -> str:
        """The repository's name, for example ``python/six/1.16.0``."""
        return pattern.replace("{project}", self.project).replace("{version}", self.version)


class PinError(ValueError):
    """A text that is no pin: what is wrong with it and what to write instead."""

    def __init__(self, text: str, problem: str, hint: str) -> None:
        super().__init__(text, problem, hint)
        self.text = text
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.text!r} {self.problem}; {self.hint}"


def normalise_project(name: str) -> str:
    """The project's one name: lower case, runs of ``-_.`` as one dash (PEP 503)."""
    return canonicalize_name(name)


def parse_pin(text: str) -> Pin:
    """The pin that ``text`` writes.

    Raises:
        PinError: the text is a range, a wildcard, has extras, a marker or a URL, lacks a version, or is garbage.
    """
    match = _PIN.match(text)
    if match is None:
        raise _explain(text)
    try:
        written, canonical = _spellings(match[2])
    except ValueError:  # InvalidVersion, or a number with more digits than int() reads
        raise PinError(
            text,
            f"has the version {match[2]!r}, which PEP 440 does not allow",
            "write a version such as 1.4.2",
        ) from None
    project = normalise_project(match[1])
    return Pin(project=project, version=written, release=Release(project=project, version=canonical))


@lru_cache(maxsize=1 << 16)
def _spellings(text: str) -> tuple[str, str]:
    # Thousands of projects share their versions, and parsing one is most of the work on a pin.
    version = Version(text)
    return str(version), canonicalize_version(version, strip_trailing_zero=True)


def _explain(text: str) -> PinError:
    stripped = text.strip()
    if not stripped:
        return PinError(text, "is empty", "write name==version or remove the entry")
    if stripped.startswith(("-", "#")):
        return PinError(text, "is an option or comment of a requirements file", "keep only name==version")
    if "@" in stripped or "://" in stripped:
        return PinError(text, "is a URL", "only releases on a mirror can be pinned: write name==version")
    if ";" in stripped:
        return PinError(text, "has an environment marker", f"drop the marker: {stripped.split(';', 1)[0].strip()}")
    if "[" in stripped:
        bare = re.sub(r"\s*\[[^\]]*\]?", "", stripped)
        return PinError(text, "has extras, which do not change the source", f"drop them: {bare}")
    return _explain_specifier(text, stripped)


def _explain_specifier(text: str, stripped: str) -> PinError:
    operator = _OPERATOR.search(stripped)
    name = (stripped[: operator.start()] if operator else stripped).strip()
    if not _NAME.match(name):
        return PinError(text, f"has {name!r} as its name, which PEP 508 does not allow", "write name==version")
    hint = f"pin one version: {name}==1.2.3"
    if operator is None:
        return PinError(text, "has no version", hint)
    if operator[0] != "==" or "," in stripped:
        return PinError(text, f"is a range ({operator[0]}), not a pin", hint)
    if "*" in stripped:
        return PinError(text, "is a wildcard", hint)
    if not stripped[operator.end() :].strip():
        return PinError(text, "has no version after '=='", hint)
    return PinError(text, "has a version that PEP 440 does not allow", hint)
