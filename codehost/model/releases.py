"""Resolutions: which distribution file stands for a pin, where it was found and why."""

from dataclasses import dataclass, field
from enum import StrEnum

from codehost.model.pins import Pin


class FileKind(StrEnum):
    """What sort of distribution file."""

    SDIST = "sdist"
    WHEEL = "wheel"
    EGG = "egg"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionFile:
    """One downloadable archive, as a project page offers it.

    ``url`` is absolute and has neither user information nor fragment. ``hashes`` maps hashlib's algorithm names to
    lower-case hexadecimal digests (PEP 503 fragments, PEP 691 ``hashes``); it may be empty. ``size`` (bytes) and
    ``upload_time`` (RFC 3339) come from PEP 700 and are None on pages without them. ``yanked`` is None, or the
    reason, which may be empty (PEP 592). ``version`` is the canonical version that the file name carries.
    """

    filename: str
    url: str
    kind: FileKind
    version: str
    hashes: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    upload_time: str | None = None
    yanked: str | None = None
    requires_python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one mirror said about a pin, as one clause: ``404 for the project``, ``has six-1.16.0.tar.gz``."""

    mirror: str
    page_url: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The outcome of asking the mirrors for a pin. ``why`` says in a clause why this file was chosen.

    ``mirror`` is the URL of the mirror at ``position`` of the code host's.
    """

    pin: Pin
    mirror: str
    position: int = 0
    page_url: str
    file: DistributionFile
    why: str
    asked: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A verified distribution file in the spool.

    ``sha256`` is computed here; ``verified`` names the page's digest algorithms that agreed.
    """

    path: str
    size: int
    sha256: str
    verified: tuple[str, ...]
    final_url: str
