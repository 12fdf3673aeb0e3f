"""``codehost cancel`` and ``codehost retry``, wired. Workers may be at work meanwhile: nothing here locks anything."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codehost.app.storage import Storage, existing_database, understood
from codehost.model.datadir import DataDirectory
from codehost.model.errors import Reason
from codehost.model.jobs import JobChange, JobState
from codehost.model.pins import PinError, parse_pin
from codehost.record.database import Database
from codehost.record.jobs import Jobs
from codehost.record.reports import Reports
from codehost.record.texts import storable

_Ask = Callable[[Iterable[str]], Awaitable[list[JobChange]]]

# Why nothing was done, by the state that a job was in.
_NOT_CANCELLED = {
    JobState.COMPLETED: "is completed: there is nothing to cancel. To remove it, take its pin out of the configuration",
    JobState.CANCELLED: "is cancelled already",
}
_NOT_RETRIED = {
    JobState.COMPLETED: "is completed: there is nothing to try again. codehost verify --repair renews what is damaged",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """The outcome of a request: the repositories whose jobs changed, and a sentence for each that did not."""

    changed: tuple[str, ...]
    complaints: tuple[str, ...] = ()


class JobDesk:
    """What people ask of jobs, in a database that is open. Texts are names of repositories, paths or pins."""

    def __init__(self, database: Database, data: DataDirectory) -> None:
        self._jobs = Jobs(database)
        self._reports = Reports(database)
        self._data = data

    async def cancel(self, texts: Sequence[str]) -> JobRequest:
        """As ``cancel``."""
        return await _ask(self._jobs.cancel, await self._named(texts), _NOT_CANCELLED)

    async def retry(self, texts: Sequence[str]) -> JobRequest:
        """As ``retry``."""
        return await _ask(self._jobs.retry, await self._named(texts), _NOT_RETRIED)

    async def retry_failed(self, reason: Reason | None) -> JobRequest:
        """As ``retry_failed``."""
        changes = await self._jobs.retry_failed(reason)
        return JobRequest(changed=tuple(change.repository for change in changes if change.changed))

    async def _named(self, texts: Sequence[str]) -> dict[str, list[str]]:
        """What each text may mean: names of repositories."""
        named = {}
        for text in texts:
            try:
                named[text] = await self._reports.names_of(parse_pin(text).release)
            except PinError:
                named[text] = [_name(self._data, text)]
        return named


async def cancel(storage: Storage, texts: Sequence[str]) -> JobRequest:
    """Cancel the jobs of repositories, given by their names, paths or pins; a pin means it in every code host.

    A worker that has one in hand drops it. It stays cancelled until somebody retries it, or ``codehost sync`` runs.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            return await JobDesk(database, storage.data).cancel(texts)


async def retry(storage: Storage, texts: Sequence[str]) -> JobRequest:
    """Put the jobs of repositories first in the queue, as if never tried. Otherwise as ``cancel``.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            return await JobDesk(database, storage.data).retry(texts)


async def retry_failed(storage: Storage, reason: Reason | None) -> JobRequest:
    """Put all jobs first in the queue whose last attempt failed, for that reason or for any.

    Raises:
        UserError: the database cannot be used.
    """
    with understood(storage):
        async with existing_database(storage) as database:
            return await JobDesk(database, storage.data).retry_failed(reason)


def _name(data: DataDirectory, text: str) -> str:
    """The repository's name, from a name or a path."""
    path = Path(text).absolute()
    repositories = data.repositories
    name = str(path.relative_to(repositories)) if path.is_relative_to(repositories) else text
    # A command line may hold bytes that are no text.
    return storable(name).strip("/").removesuffix(".git")


async def _ask(ask: _Ask, named: dict[str, list[str]], idle: dict[JobState, str]) -> JobRequest:
    changes = {change.repository: change for change in await ask(name for names in named.values() for name in names)}
    unknown = [
        f"There is no pinned release {text}: give a pin such as six==1.16.0, or a name such as python/six/1.16.0."
        for text, names in named.items()
        if not any(name in changes for name in names)
    ]
    idle_ones = [f"{name} {idle[change.before]}." for name, change in changes.items() if not change.changed]
    return JobRequest(
        changed=tuple(name for name, change in changes.items() if change.changed),
        complaints=(*unknown, *idle_ones),
    )
