"""A project page, read: what both wire formats become. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from codehost.model.errors import Failure, Reason
from codehost.model.releases import DistributionFile, FileKind
from codehost.net.origins import BadAddressError, origin_of, without_user_information
from codehost.resolve.filenames import looks_readable, parse_filename

_KNOWN_MAJOR = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry of a page, not yet judged.

    The fields are those of ``DistributionFile``; ``url`` is absolute and has no fragment.
    """

    filename: str
    url: str
    hashes: dict[str, str] = field(default_factory=dict)
    size: int | None = None
    upload_time: str | None = None
    yanked: str | None = None
    requires_python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """What a project page offers.

    ``url`` is the final address of the page, ``files`` are by canonical version in the page's order, ``other_versions``
    are versions that the page speaks of without a file that can be read, ``left_out`` counts entries that should be
    distribution files and cannot be understood.
    """

    url: str
    files: dict[str, tuple[DistributionFile, ...]]
    other_versions: frozenset[str] = frozenset()
    left_out: int = 0
    quarantined: bool = False

    @property
    def empty(self) -> bool:
        """Whether the page speaks of no release at all, as some mirrors answer for a project they lack."""
        return not self.files and not self.other_versions and not self.left_out


def build_page(
    url: str,
    project: str,
    links: Iterable[Link],
    *,
    versions: Iterable[str] = (),
    left_out: int = 0,
    quarantined: bool = False,
) -> ProjectPage:
    """Judge the links of a page. ``versions`` are canonical versions that the page lists by themselves (PEP 700)."""
    files: dict[str, list[DistributionFile]] = {}
    others = set(versions)
    for link in links:
        named = parse_filename(link.filename, project)
        if named is None:
            left_out += looks_readable(link.filename)
        elif named.kind is None:
            others.add(named.version)
        elif (file := _file(link, named.version, named.kind)) is None:
            left_out += 1
        else:
            files.setdefault(named.version, []).append(file)
    return ProjectPage(
        url=url,
        files={version: tuple(listed) for version, listed in files.items()},
        other_versions=frozenset(others - files.keys()),
        left_out=left_out,
        quarantined=quarantined,
    )


def check_api_version(version: str) -> None:
    """Raise when a page speaks a version of the simple API that is not understood.

    Raises:
        Failure: BAD_PAGE.
    """
    # PEP 629: fail on an unknown major version, go on with an unknown minor one.
    if version.strip().partition(".")[0] != _KNOWN_MAJOR:
        raise Failure(Reason.BAD_PAGE, f"the page speaks version {version[:20]!r} of the simple API, not 1.x")


def _file(link: Link, version: str, kind: FileKind) -> DistributionFile | None:
    try:
        origin_of(link.url)
    except BadAddressError:
        return None
    return DistributionFile(
        filename=link.filename,
        url=without_user_information(link.url) if "@" in link.url else link.url,
        kind=kind,
        version=version,
        hashes=link.hashes,
        size=link.size,
        upload_time=link.upload_time,
        yanked=link.yanked,
        requires_python=link.requires_python,
    )
