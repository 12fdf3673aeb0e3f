"""``codehost status`` and ``codehost show``, wired."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from codehost.app.overview import Lookout
from codehost.app.storage import Storage, existing_database, understood
from codehost.model.errors import UserError
from codehost.model.pins import PinError, parse_pin
from codehost.model.records import FailedRelease, ReleaseDetails
from codehost.model.status import Status
from codehost.record.reports import Reports
from codehost.record.texts import storable

REFRESH = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How everything stands, and the failures of each code host by its name."""

    status: Status
    failures: dict[str, tuple[FailedRelease, ...]]


async def status(storage: Storage) -> Status:
    """How every code host and worker stands now.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            return await Lookout(database).status()


async def status_and_failures(storage: Storage) -> Looked:
    """The same, with every release that failed.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            found, reports = await Lookout(database).status(), Reports(database)
            failures = {
                host.record.host.name: tuple(await reports.failures(host.record.host.code_host_id))
                for host in found.hosts
            }
    return Looked(status=found, failures=failures)


async def watch(storage: Storage, show: Callable[[Status | UserError], None], *, every: float = REFRESH) -> NoReturn:
    """Show how everything stands, each ``every`` seconds, until this is cancelled.

    A database that goes away later is shown as what it is, and asked again.

    Raises:
        UserError: the database cannot be used from the beginning.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            lookout = Lookout(database)
            while True:
                try:
                    show(await lookout.status())
                except UserError as error:
                    show(error)
                await asyncio.sleep(every)


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
