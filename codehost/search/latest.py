"""Which release of a project is the newest."""

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A release of the project: its ``id``, its ``version`` by PEP 440 as text, and whether it was ``yanked``."""

    id: int
    version: str
    yanked: bool


def newest(releases: Iterable[Candidate]) -> int:
    """The id of the release that "latest" means, among at least one of the same project.

    One that is not yanked goes before one that is (PEP 592), then a final release before a pre-release (PEP 440,
    "handling of pre-releases"; a development release is one too), then the higher version, then the lower id. A
    version that PEP 440 does not know goes behind all others.

    Raises:
        ValueError: there are no releases.
    """
    return max(releases, key=_rank).id


def _rank(release: Candidate) -> tuple[bool, bool, bool, Version, int]:
    try:
        version, known = Version(release.version), True
    except InvalidVersion:
        version, known = Version("0"), False
    return not release.yanked, known, not version.is_prerelease, version, -release.id
