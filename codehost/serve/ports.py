"""What the server needs of the parts above and beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from codehost.config.violations import Violation
from codehost.model.errors import Reason
from codehost.model.jobs import JobState
from codehost.model.listings import ListedCodeHost, ListedRelease
from codehost.model.records import Change, RecordedCodeHost, ReleaseDetails
from codehost.model.status import Status
from codehost.record.repositories import ListedRepository, Wanted


class Catalogue(Protocol):
    """Looking around in the record."""

    async def details(self, repository: str) -> ReleaseDetails | None:
        """All that is known of the release in that repository, or None."""
        ...

    async def releases_of(self, project: str, limit: int) -> list[ListedRelease]:
        """The project's releases on all code hosts, the latest added first."""
        ...

    async def projects(self, part: str, limit: int) -> list[str]:
        """Projects with ``part`` in their name, in the order of their names."""
        ...

    async def latest(self, limit: int) -> list[Change]:
        """The last entries of the feed, the newest first."""
        ...

    async def code_hosts(self) -> list[ListedCodeHost]:
        """The code hosts, in the order of their names."""
        ...

    async def page(self, wanted: Wanted, after: int, limit: int) -> list[ListedRepository]:
        """At most ``limit`` releases behind the one with the id ``after``; fewer: there are no more."""
        ...


class SavedDocument(Protocol):
    """What became of a document. With ``violations`` it was not taken."""

    @property
    def host(self) -> RecordedCodeHost | None:
        """The code host as it is now, if there is one."""
        ...

    @property
    def violations(self) -> Sequence[Violation]:
        """What is wrong with the document."""
        ...


class CountedHost(Protocol):
    """A code host with its releases counted."""

    @property
    def host(self) -> RecordedCodeHost:
        """The code host."""
        ...

    @property
    def counts(self) -> Mapping[JobState, int]:
        """Wanted releases by state."""
        ...

    @property
    def retired(self) -> int:
        """Releases that no pin names any more."""
        ...


class Hosting(Protocol):
    """The code hosts in the database. Whatever cannot be done is raised as a ``UserError``.

    With ``expected_sha256`` something is done only to a code host whose document has that digest.
    """

    async def add(self, name: str, text: str, *, priority: int) -> SavedDocument:
        """Make a code host."""
        ...

    async def edit(self, name: str, text: str, *, expected_sha256: str | None) -> SavedDocument:
        """Give it another document."""
        ...

    async def all(self) -> Sequence[CountedHost]:
        """All of them in the order of their priority."""
        ...

    async def show(self, name: str) -> CountedHost:
        """One of them."""
        ...

    async def remove(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Begin to remove it."""
        ...

    async def pause(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Let its jobs wait."""
        ...

    async def resume(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Let its jobs go on."""
        ...

    async def request_sync(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Ask the workers to plan it now."""
        ...

    async def confirm_removal(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Let its document as it is now retire many releases."""
        ...

    async def set_priority(self, name: str, priority: int, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """The smaller number goes first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a preview or a check tells, as its command prints it; or ``violations`` of the document."""

    content: Mapping[str, object]
    violations: Sequence[Violation] = ()


class Consulting(Protocol):
    """Previews and checks. Nothing is made. Whatever cannot be done is raised as a ``UserError``.

    Both take the ``name`` of a code host and a ``document``. If it is ``stored``, the document is an edited form of the
    stored one, None for just that, and its markers stand for the stored secrets.
    """

    async def preview(self, name: str, document: str | None, *, stored: bool, ask: bool, most: int) -> Told:
        """What following the document would do, as far as the record tells, or the mirrors when they are asked.

        Each list has at most ``most`` entries.
        """
        ...

    async def check(self, name: str, document: str | None, *, stored: bool) -> Told:
        """How each mirror is."""
        ...


class ChangedJobs(Protocol):
    """The outcome of a request to change jobs."""

    @property
    def changed(self) -> Sequence[str]:
        """The repositories whose jobs changed."""
        ...

    @property
    def complaints(self) -> Sequence[str]:
        """A sentence for each that did not."""
        ...


class JobDesk(Protocol):
    """What people ask of jobs, by names of repositories or pins."""

    async def cancel(self, texts: Sequence[str]) -> ChangedJobs:
        """Take them out of the queue."""
        ...

    async def retry(self, texts: Sequence[str]) -> ChangedJobs:
        """Put them to the front of the queue."""
        ...

    async def retry_failed(self, reason: Reason | None) -> ChangedJobs:
        """The same for all whose last attempt failed, for that reason or for any."""
        ...


class Lookout(Protocol):
    """Looks how everything stands."""

    async def status(self) -> Status:
        """How everything stands now."""
        ...
