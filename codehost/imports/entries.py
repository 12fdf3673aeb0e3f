"""What a file of another tool comes to: pins, and what was left out and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from codehost.imports.showing import shown
from codehost.imports.sources import Source
from codehost.model.pins import Pin, PinError, normalise_project, parse_pin
from codehost.model.texts import printable

# A part of a repository's name is no longer (codehost.config.repositories).
MAX_PART = 200
_MAX_PLACE = 300


class Kind(StrEnum):
    """Why something was left out."""

    EDITABLE = "editable"
    VCS = "vcs"
    URL = "url"
    LOCAL = "local"
    MEMBER = "member"
    ROOT = "root"
    SOURCE = "source"
    LOCAL_INDEX = "local-index"
    UNPINNED = "unpinned"
    RANGE = "range"
    WILDCARD = "wildcard"
    VERSION = "version"
    VARIABLE = "variable"
    INDEX = "index"
    OPTION = "option"
    UNREADABLE = "unreadable"
    MISSING_FILE = "missing-file"
    REMOTE_FILE = "remote-file"
    VARIABLE_FILE = "variable-file"
    CYCLE = "cycle"
    TOO_DEEP = "too-deep"


_ELSEWHERE = "pin a release of it if a mirror has one"
_PIN_ONE = "pin one version (name==1.2.3), or import the lock file that was made from this"
# What is wrong, as a clause that follows the text, and what to do.
_WORDS: dict[Kind, tuple[str, str]] = {
    Kind.EDITABLE: ("is an editable install", _ELSEWHERE),
    Kind.VCS: ("comes from version control, not from a mirror", _ELSEWHERE),
    Kind.URL: ("comes from a URL, not from a mirror", _ELSEWHERE),
    Kind.LOCAL: (
        "is a local file or directory",
        f"{_ELSEWHERE}; 'pip list --format=freeze' names installed projects without their paths",
    ),
    Kind.MEMBER: ("is a member of the workspace, not a release", _ELSEWHERE),
    Kind.ROOT: ("is the project itself, not a release", _ELSEWHERE),
    Kind.SOURCE: ("comes from a source of an unknown sort", _ELSEWHERE),
    Kind.LOCAL_INDEX: ("was found in a local directory of files, not on a mirror", "pin it if a mirror has it"),
    Kind.UNPINNED: ("has no version", _PIN_ONE),
    Kind.RANGE: ("is a range, not a pin", _PIN_ONE),
    Kind.WILDCARD: ("is a wildcard, not a pin", _PIN_ONE),
    Kind.VERSION: ("has a name or version that PEP 508 and PEP 440 do not allow", "pin a release that a mirror has"),
    Kind.VARIABLE: ("has an environment variable, and none are read here", "write its value instead"),
    Kind.INDEX: (
        "says where to look for releases",
        "mirrors are in urls; 'codehost init' reads pip's configuration",
    ),
    Kind.OPTION: ("is an option that is not understood", "remove it if it names releases, and pin them"),
    Kind.UNREADABLE: ("is nothing that names a release", "write name==version"),
    Kind.MISSING_FILE: ("is a file that cannot be read", "put it there, or import it by its own path"),
    Kind.REMOTE_FILE: (
        "is a file on a server, and nothing is fetched",
        "download it and import it by its path",
    ),
    Kind.VARIABLE_FILE: ("has an environment variable, and none are read here", "write its value instead"),
    Kind.CYCLE: ("includes a file that is being read already", "nothing is lost; remove one of the two lines"),
    Kind.TOO_DEEP: ("is included through too many other files", "import it by its own path"),
}
# These say nothing new about a project that is pinned elsewhere.
OPEN_KINDS = frozenset({Kind.UNPINNED, Kind.RANGE, Kind.WILDCARD})
# Whole files were not read: pins are likely to be missing.
UNREAD_KINDS = frozenset({Kind.MISSING_FILE, Kind.REMOTE_FILE, Kind.VARIABLE_FILE, Kind.TOO_DEEP})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPin:
    """A pin that was found. ``name`` and ``version`` are as written; ``origin`` is file and line, or file and package.

    ``sources`` are the mirrors other than PyPI that it was locked from, as far as the file says.

    Environment markers and extras are gone: a release is searchable as a whole, wherever it gets installed.
    """

    name: str
    version: str
    origin: str
    pin: Pin
    sources: tuple[Source, ...] = ()

    @property
    def line(self) -> str:
        """The entry for ``dependencies``."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that did not become a pin. All texts may be shown: they hold no credentials.

    ``text`` is what was found, ``reason`` a clause that follows it, ``advice`` what to do. ``project`` is the
    normalised name where one is known.
    """

    kind: Kind
    text: str
    place: str
    project: str | None = None

    @property
    def reason(self) -> str:
        """Why, as a clause: ``is an editable install``."""
        return _WORDS[self.kind][0]

    @property
    def advice(self) -> str:
        """What to do, as a clause."""
        return _WORDS[self.kind][1]

    def __str__(self) -> str:
        return f"{self.place}: {self.text} {self.reason}; {self.advice}"


Entry = ImportedPin | LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """All of one file and of those it includes, in the order of the text."""

    pins: tuple[ImportedPin, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def collect(entries: Iterable[Entry]) -> Imported:
    """The entries, apart."""
    pins: list[ImportedPin] = []
    left_out: list[LeftOut] = []
    for entry in entries:
        if isinstance(entry, ImportedPin):
            pins.append(entry)
        else:
            left_out.append(entry)
    return Imported(pins=tuple(pins), left_out=tuple(left_out))


def leave_out(kind: Kind, text: str, place: str, name: str | None = None) -> LeftOut:
    """What is left out, with credentials and unprintable characters taken from ``text``."""
    project = normalise_project(name) if name else None
    return LeftOut(kind=kind, text=shown(text), place=printable(place, _MAX_PLACE), project=project)


def pinned(name: str, version: str, place: str, sources: tuple[Source, ...] = ()) -> Entry:
    """The pin of a name and a version as some tool wrote them, or why there is none."""
    name, version = name.strip(), version.strip()
    line = f"{name}=={version}"
    try:
        pin = parse_pin(line)
    except PinError:
        return leave_out(Kind.VERSION, line, place, name)
    if max(len(pin.project), len(pin.version)) > MAX_PART:
        return leave_out(Kind.VERSION, line, place, name)
    return ImportedPin(name=name, version=version, origin=printable(place, _MAX_PLACE), pin=pin, sources=sources)
