"""What a mirror says of a release after it was synced, and what of that is new. Pure.

Nomenclature: *marks* are what is said of a recorded release later: yanked, quarantined, gone, an alarm. A mark changes
neither the repository nor the job, and nothing is ever deleted for one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from codehost.model.releases import DistributionFile
from codehost.record.texts import bounded_or_none, storable


class Page(Protocol):
    """A project page: what of it matters here."""

    @property
    def quarantined(self) -> bool:
        """Whether the project must not be offered (PEP 792)."""
        ...

    @property
    def files(self) -> Mapping[str, tuple[DistributionFile, ...]]:
        """The distribution files by canonical version."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The marks of one release. ``yanked`` is None or the reason, which may be empty; ``alarm`` is a sentence."""

    yanked: str | None = None
    quarantined: bool = False
    gone: bool = False
    alarm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRelease:
    """A synced release as it is recorded.

    ``sha256`` was computed from the file, ``hashes`` are the digests that the page promised. ``commit`` and
    ``synced_at`` tell this record of the release from a later one.
    """

    release_id: int
    project: str
    version: str
    repository: str
    mirror: str
    page_url: str
    file_name: str
    sha256: str
    hashes: dict[str, str] = field(default_factory=dict)
    commit: str
    synced_at: int
    marks: Marks = Marks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A release whose marks are to be others than those recorded."""

    release: WatchedRelease
    marks: Marks


def compare(releases: Iterable[WatchedRelease], page: Page) -> tuple[Marked, ...]:
    """The releases of a project whose marks change by what its page says now."""
    return _changed((release, _marks(release, page)) for release in releases)


def all_gone(releases: Iterable[WatchedRelease]) -> tuple[Marked, ...]:
    """The releases whose marks change when their mirror lacks the whole project."""
    return _changed((release, replace(release.marks, gone=True)) for release in releases)


def _changed(marks: Iterable[tuple[WatchedRelease, Marks]]) -> tuple[Marked, ...]:
    return tuple(Marked(release=release, marks=new) for release, new in marks if new != release.marks)


def _marks(release: WatchedRelease, page: Page) -> Marks:
    before = release.marks
    if page.quarantined:
        # PEP 792: the page of a quarantined project lists no files; that says nothing of them.
        return replace(before, quarantined=True)
    file = _same_file(release, page.files.get(release.version, ()))
    if file is None:
        return replace(before, quarantined=False, gone=True)
    return Marks(yanked=bounded_or_none(file.yanked), alarm=_alarm(release, file))


def _same_file(release: WatchedRelease, files: Iterable[DistributionFile]) -> DistributionFile | None:
    """The recorded file as the page lists it: by its name, or by its digest where the mirror spells names anew."""
    listed = tuple(files)
    named = (file for file in listed if storable(file.filename) == release.file_name)
    alike = (file for file in listed if file.hashes.get("sha256") == release.sha256)
    return next(named, None) or next(alike, None)


def _alarm(release: WatchedRelease, file: DistributionFile) -> str | None:
    """The sentence on a digest that differs.

    The sha256 that was computed is what counts; another digest is compared with the one that the page promised. Where
    the page has none of them to compare, what was said before stands.
    """
    known = {**release.hashes, "sha256": release.sha256}
    common = [name for name in file.hashes if name in known]
    if not common:
        return release.marks.alarm
    differing = sorted((name for name in common if file.hashes[name] != known[name]), key=lambda name: name != "sha256")
    if not differing:
        return None
    name = differing[0]
    return (
        f"The mirror now offers {release.file_name} with the {name} {file.hashes[name]}, recorded is {known[name]}:"
        " find out why before you trust either; the repository is as it was."
    )
