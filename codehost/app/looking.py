"""``codehost status`` and ``codehost show``, wired."""

from dataclasses import dataclass
from pathlib import Path

from codehost.app.storage import Storage, existing_database, understood
from codehost.model.errors import UserError
from codehost.model.jobs import JobState
from codehost.model.pins import PinError, parse_pin
from codehost.model.records import FailedRelease, ReleaseDetails
from codehost.record.hosts import CodeHosts
from codehost.record.releases import Releases
from codehost.record.reports import Reports
from codehost.record.texts import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHostStatus:
    """One code host at a glance."""

    name: str
    counts: dict[JobState, int]
    retired: int
    failures: tuple[FailedRelease, ...]


async def status(storage: Storage) -> list[CodeHostStatus]:
    """Every code host with its counts and failures.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            reports, releases = Reports(database), Releases(database)
            return [
                CodeHostStatus(
                    name=host.name,
                    counts=await reports.counts(host.code_host_id),
                    retired=len(await releases.retired(host.code_host_id)),
                    failures=tuple(await reports.failures(host.code_host_id)),
                )
                for host in await CodeHosts(database).all()
            ]


async def details(storage: Storage, repository: str) -> ReleaseDetails:
    """All that is known of one repository, given by its name, its path or its pin.

    Raises:
        UserError: there is no such repository, or the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            reports = Reports(database)
            for name in await _possible_names(storage, reports, repository):
                if (found := await reports.details(name)) is not None:
                    return found
    raise UserError(
        f"There is no repository {repository}: give a pin such as six==1.16.0, or a name such as python/six/1.16.0."
    )


def _below(folder: Path, text: str) -> str:
    """The part of a path that is below the folder; any other text as it is."""
    path = Path(text).absolute()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else text


async def _possible_names(storage: Storage, reports: Reports, text: str) -> list[str]:
    """The repositories that a person may mean by a name, a path or a pin, the likeliest first."""
    # A command line may hold bytes that are no text.
    plain = storable(_below(storage.data.repositories, text)).strip("/").removesuffix(".git")
    try:
        pinned = await reports.names_of(parse_pin(text).release)
    except PinError:
        pinned = []
    return [plain, *pinned, plain.lower()]
