"""A project page, read: what both wire formats become. Pure.

Of the tens of thousands of files that a page may list, a handful is ever wanted. So every entry is judged by its name
and the beginning of its address, and the rest of it is read for the version that is asked for.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urljoin

from codehost.model.errors import Failure, Reason
from codehost.model.releases import DistributionFile, FileKind
from codehost.net.origins import LONGEST_ADDRESS, BadAddressError, origin_of, without_user_information
from codehost.resolve.filenames import NamedFile, looks_readable

# The files of one release are read at once, all of them; the greatest releases have a few hundred.
MAX_FILES_OF_RELEASE = 5_000
# An entry is kept for as long as pins of its project are in work; the greatest pages have some ten thousands.
MAX_FILES = 250_000

_KNOWN_MAJOR = "1"
# PEP 792: the statuses that there are; a page that names none is of an active project.
_STATUSES = frozenset({"active", "archived", "quarantined", "deprecated"})

# Addresses that are good whatever follows; all others are looked at in full.
_PLAINLY_GOOD = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,4})?/|/(?![/\\])|\.{1,2}/|[A-Za-z0-9_%.+~-]+(?:[/?#]|\Z)"
)


class Entry(NamedTuple):
    """One entry of a page as it stands there.

    ``named`` is what the file name says, ``href`` may be relative, ``raw`` is the wire form, for the rest of it.
    """

    filename: str
    named: NamedFile | None
    href: str
    raw: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an entry says beside name and address; the fields are those of ``DistributionFile``."""

    hashes: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    upload_time: str | None = None
    yanked: str | None = None
    requires_python: str | None = None


class Offers(Mapping[str, tuple[DistributionFile, ...]]):
    """Distribution files by canonical version, in the page's order; a version's entries are read when it is looked up.

    Of several entries with one file name the first counts, whatever the others say: the answer must not depend on
    which of them is at hand.
    """

    def __init__(
        self, base: str, entries: dict[str, list[tuple[FileKind, Entry]]], details: Callable[[Entry], Details]
    ) -> None:
        self._base = base
        self._entries = entries
        self._details = details

    def __getitem__(self, version: str) -> tuple[DistributionFile, ...]:
        by_name: dict[str, DistributionFile] = {}
        for kind, entry in self._entries[version]:
            if entry.filename not in by_name:
                by_name[entry.filename] = self._read(version, kind, entry)
        return tuple(by_name.values())

    def __contains__(self, version: object) -> bool:
        return version in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _read(self, version: str, kind: FileKind, entry: Entry) -> DistributionFile:
        details = self._details(entry)
        return DistributionFile(
            filename=entry.filename,
            url=join(self._base, entry.href),
            kind=kind,
            version=version,
            hashes=details.hashes,
            size=details.size,
            upload_time=details.upload_time,
            yanked=details.yanked,
            requires_python=details.requires_python,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """What a project page offers.

    ``url`` is the final address of the page and ``format`` its wire format, "JSON" or "HTML". ``files`` are by
    canonical version in the page's order, ``other_versions`` are versions that the page speaks of without a file that
    can be read, ``left_out`` counts entries that should be distribution files and cannot be understood. ``status`` is
    the project's (PEP 792), None when the page gives none that is known; ``status_reason`` may explain it.
    """

    url: str
    format: str
    files: Mapping[str, tuple[DistributionFile, ...]]
    other_versions: frozenset[str] = frozenset()
    left_out: int = 0
    status: str | None = None
    status_reason: str | None = None

    @property
    def quarantined(self) -> bool:
        """Whether the project must not be offered (PEP 792)."""
        return self.status == "quarantined"

    @property
    def empty(self) -> bool:
        """Whether the page speaks of no release at all, as some mirrors answer for a project they lack."""
        return not self.files and not self.other_versions and not self.left_out


@dataclass(slots=True, kw_only=True)
class PageBuilder:
    """Judges the entries of a page one by one, then makes the page.

    ``base`` is what relative addresses are joined to, ``details`` reads the rest of an entry.
    """

    url: str
    format: str
    base: str
    details: Callable[[Entry], Details]
    _entries: dict[str, list[tuple[FileKind, Entry]]] = field(default_factory=dict)
    _others: set[str] = field(default_factory=set)
    _left_out: int = 0
    _kept: int = 0
    _base_is_good: bool = False

    def __post_init__(self) -> None:
        self._base_is_good = _is_good(self.base)

    def add(self, entry: Entry) -> None:
        """Take an entry, or count it among those left out, or ignore what is no distribution file at all.

        Raises:
            Failure: BAD_PAGE when there are more than ``MAX_FILES``.
        """
        named = entry.named
        if named is None:
            self._left_out += looks_readable(entry.filename)
        elif named.kind is None:
            self._others.add(named.version)
        elif self._leads_somewhere(entry.href):
            entries = self._entries.setdefault(named.version, [])
            if len(entries) < MAX_FILES_OF_RELEASE:
                entries.append((named.kind, entry))
                self._kept += 1
                if self._kept > MAX_FILES:
                    raise Failure(Reason.BAD_PAGE, f"the page lists more than {MAX_FILES:,} files")
            else:
                self._left_out += 1
        else:
            self._left_out += 1

    def leave_out(self) -> None:
        """Count an entry that cannot be understood."""
        self._left_out += 1

    def page(
        self, *, versions: Iterable[str] = (), status: str | None = None, status_reason: str | None = None
    ) -> ProjectPage:
        """The page. ``versions`` are canonical versions that it lists by themselves (PEP 700)."""
        status = (status or "").strip().lower()
        known = status in _STATUSES
        return ProjectPage(
            url=self.url,
            format=self.format,
            files=Offers(self.base, self._entries, self.details),
            other_versions=frozenset((self._others | set(versions)) - self._entries.keys()),
            left_out=self._left_out,
            status=status if known else None,
            status_reason=(status_reason or None) if known else None,
        )

    def _leads_somewhere(self, href: str) -> bool:
        if len(self.base) + len(href) > LONGEST_ADDRESS:
            return False
        if self._base_is_good and _PLAINLY_GOOD.match(href):
            return True
        try:
            return _is_good(urljoin(self.base, href))
        except ValueError:
            return False


def join(base: str, href: str) -> str:
    """The absolute address, without user information and fragment.

    Raises:
        ValueError: the two make no address.
    """
    address = urljoin(base, href).partition("#")[0]
    return without_user_information(address) if "@" in address else address


def check_api_version(version: str) -> None:
    """Raise when a page speaks a version of the simple API that is not understood.

    Raises:
        Failure: BAD_PAGE.
    """
    # PEP 629: fail on an unknown major version, go on with an unknown minor one.
    if version.strip().partition(".")[0] != _KNOWN_MAJOR:
        raise Failure(Reason.BAD_PAGE, f"the page speaks version {version[:20]!r} of the simple API, not 1.x")


def _is_good(address: str) -> bool:
    try:
        origin_of(address)
    except BadAddressError:
        return False
    return True
