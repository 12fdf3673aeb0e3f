"""Code hosts kept in the database: added, edited, looked at, paused, removed. For commands and for programs.

Nothing here prints or asks. What cannot be done is raised as a ``UserError``; violations of a document are returned.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from codehost.app.keys import Keyring
from codehost.app.storage import Storage, database_if_any, existing_database, understood
from codehost.config.reach import Reach
from codehost.config.restoring import KnownSecret, UnknownSecretError, keep, restore
from codehost.config.violations import Violation
from codehost.model.codehosts import MAX_NAME, is_name
from codehost.model.jobs import JobState
from codehost.model.records import RecordedCodeHost, Source
from codehost.record.database import Database, open_database
from codehost.record.hosts import (
    CodeHosts,
    DocumentChangedError,
    HostError,
    KeptElsewhereError,
    NameTakenError,
    UnknownHostError,
)
from codehost.record.secrets import SealedSecret
from codehost.record.tallies import load_tally
from codehost.record.texts import storable

__all__ = [
    "BadNameError",
    "DocumentChangedError",
    "HostError",
    "HostState",
    "Hosting",
    "KeptElsewhereError",
    "NameTakenError",
    "Saved",
    "UnknownHostError",
    "UnusableDocumentError",
    "UsableDocument",
    "hosting",
    "states",
]

DEFAULT_PRIORITY = 100


class BadNameError(HostError):
    """No code host can be called so."""

    def __str__(self) -> str:
        return f"{self.name!r} cannot be a code host's name: give printable characters, at most {MAX_NAME}."


class UnusableDocumentError(HostError):
    """The stored document lacks a secret.

    Attributes:
        what: what is missing, in a clause.
    """

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name)
        self.what = what

    def __str__(self) -> str:
        return (
            f"The document of the code host {self.name!r} cannot be used: {self.what}. Write the secret again with"
            f" codehost hosts edit {self.name}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What became of a document. With ``violations`` it was not taken; ``host`` is the code host as it is, if any.

    ``changed``: whether the document, a secret or the keeper is another than before.
    """

    host: RecordedCodeHost | None
    changed: bool = False
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostState:
    """A code host with its releases counted: wanted ones by state, and retired ones."""

    host: RecordedCodeHost
    counts: dict[JobState, int]
    retired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableDocument:
    """A code host with the text of its document, secrets included: for the loader, and for nobody's eyes."""

    host: RecordedCodeHost
    text: str = field(repr=False)


class Hosting:
    """The code hosts in a database. Keys are asked for only when a document has secrets.

    ``reach`` is how far documents may refer that come from afar; None: they are the operator's own.
    """

    def __init__(self, database: Database, keyring: Keyring, *, reach: Reach | None = None) -> None:
        self._reach = reach
        self._database = database
        self._hosts = CodeHosts(database)
        self._keyring = keyring

    async def add(
        self, name: str, text: str | bytes, *, priority: int = DEFAULT_PRIORITY, source: str = Source.HOSTS
    ) -> Saved:
        """Make a code host. One of the same name that is being removed comes back with this document.

        Raises:
            UserError: the name is taken (``NameTakenError``) or cannot be one, or there is no key for the secrets.
        """
        check_name(name)
        known = await self._hosts.find(name)
        if known is not None and known.removed_at is None:
            raise NameTakenError(name)
        # A document may have a million pins, and whatever else is on this loop goes on.
        kept = await asyncio.to_thread(keep, _bytes(text), reach=self._reach)
        if kept.violations:
            return Saved(host=None, violations=kept.violations)
        secrets = await self._seal(kept.secrets)
        host = await self._hosts.create(
            name, storable(kept.text), source=str(source), priority=priority, secrets=secrets
        )
        return Saved(host=host, changed=True)

    async def edit(
        self, name: str, text: str | bytes, *, expected_sha256: str | None = None, source: str = Source.HOSTS
    ) -> Saved:
        """Give a code host another document. ``REDACTED`` in it stands for the secret that belongs to the same URL.

        Args:
            name: the code host's.
            text: the whole document.
            expected_sha256: the digest of the document that was edited; None takes whatever is there.
            source: who keeps the document from now on. What follows a watched file is changed by that file only.

        Raises:
            UserError: there is no such code host (``UnknownHostError``), it was changed by somebody else
                (``DocumentChangedError``), a file keeps it (``KeptElsewhereError``), or no key fits its secrets.
        """
        base, sealed = await self._hosts.read(name)
        if base.source.startswith(Source.FILE) and base.source != source:
            raise KeptElsewhereError(name, base.source)
        if expected_sha256 is not None and expected_sha256 != base.document_sha256:
            raise DocumentChangedError(name)
        known = self._keyring.open(name, sealed)
        kept = await asyncio.to_thread(keep, _bytes(text), base.document, known, reach=self._reach)
        if kept.violations:
            return Saved(host=base, violations=kept.violations)
        document = storable(kept.text)
        same = document == base.document and _as_set(kept.secrets) == _as_set(known)
        if same and base.source == source:
            return Saved(host=base)
        secrets = await self._seal(kept.secrets)
        host = await self._hosts.replace(base, document, source=str(source), secrets=secrets)
        return Saved(host=host, changed=True)

    async def keep_file(self, path: Path, text: str | bytes) -> Saved:
        """Let a code host follow a watched file; it is called as the file without its ending.

        A document that is not valid leaves the last good one in force and becomes the code host's ``problem``; where
        there is no code host yet, none is made.

        Raises:
            UserError: the name is kept by the commands or another file (``KeptElsewhereError``), or cannot be a name,
                or no key fits.
        """
        name, source = path.stem, f"{Source.FILE.value}{path}"
        host = await self._hosts.find(name)
        if host is None or host.removed_at is not None:
            return await self.add(name, text, source=source)
        if host.source not in {source, Source.SYNC}:
            raise KeptElsewhereError(name, host.source)
        saved = await self.edit(name, text, source=source)
        opening = f"The file {path} is not followed as it is now"
        problem = None if saved.changed else host.problem
        if saved.violations:
            problem = _problem(opening, saved.violations)
        elif problem is not None and problem.startswith(opening):
            problem = None
        # Files are looked at again and again: where nothing happened, nothing is written.
        if saved.host is not None and problem != saved.host.problem:
            await self._hosts.set_problem(host.code_host_id, problem)
        return Saved(host=await self._hosts.find(name), changed=saved.changed, violations=saved.violations)

    async def all(self) -> list[HostState]:
        """All code hosts in the order of their priority, then of their names; those being removed too."""
        hosts = sorted(await self._hosts.all(), key=lambda host: (host.priority, host.name))
        return [await self._state(host) for host in hosts]

    async def show(self, name: str) -> HostState:
        """One code host; its document shows no secret.

        Raises:
            UnknownHostError: there is none of that name.
        """
        host = await self._hosts.find(name)
        if host is None:
            raise UnknownHostError(name)
        return await self._state(host)

    async def usable(self, name: str) -> UsableDocument:
        """The document with its secrets.

        Raises:
            UserError: there is no such code host, a secret is not known (``UnusableDocumentError``), or no key fits.
        """
        host, sealed = await self._hosts.read(name)
        try:
            text = restore(host.document, self._keyring.open(name, sealed))
        except UnknownSecretError as error:
            raise UnusableDocumentError(name, str(error)) from None
        return UsableDocument(host=host, text=text)

    async def remove(
        self, name: str, *, source: str | None = None, expected_sha256: str | None = None
    ) -> RecordedCodeHost:
        """Retire all releases of a code host and forget its secrets; the rest goes when its repositories have gone.

        Args:
            name: the code host's.
            source: who asks. A watched file's code host is removed by that file's keeper, or by anybody once the file
                is not there any more.
            expected_sha256: the digest of the document that was seen; None takes whatever is there.

        Raises:
            UserError: there is no such code host, or it is removed already, or follows a file, or has another
                document than the expected one (``DocumentChangedError``).
        """
        host = await self._hosts.find(name)
        if host is not None and host.source != source and await _is_followed(host.source):
            raise KeptElsewhereError(name, host.source)
        removed = await self._hosts.remove(name, expected_sha256=expected_sha256)
        await self._hosts.forget_removed()
        return removed

    async def pause(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Let its jobs wait. What is in hand is finished."""
        return await self._hosts.pause(name, paused=True, expected_sha256=expected_sha256)

    async def resume(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Let its jobs go on."""
        return await self._hosts.pause(name, paused=False, expected_sha256=expected_sha256)

    async def request_sync(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Ask the workers to plan it anew now, although its document is the same."""
        return await self._hosts.request_sync(name, expected_sha256=expected_sha256)

    async def confirm_removal(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Confirm that the document as it is now retires as many releases as it does."""
        return await self._hosts.confirm_removal(name, expected_sha256=expected_sha256)

    async def set_priority(self, name: str, priority: int, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Of two code hosts the one with the smaller number goes first."""
        return await self._hosts.set_priority(name, priority, expected_sha256=expected_sha256)

    async def _state(self, host: RecordedCodeHost) -> HostState:
        async with self._database.read() as connection:
            tally = await load_tally(connection, host.code_host_id)
        return HostState(host=host, counts=tally.states, retired=tally.retired)

    async def _seal(self, secrets: Sequence[KnownSecret]) -> list[SealedSecret]:
        if not secrets:
            return []
        keys = await self._keyring.keys_to_write(self._database)
        return [keys.seal(secret) for secret in secrets]


@asynccontextmanager
async def hosting(storage: Storage, keyring: Keyring, *, may_make: bool = False) -> AsyncIterator[Hosting]:
    """Open the database; ``may_make`` one where there is none.

    Raises:
        UserError: there is none, or it cannot be used.
    """
    with understood(storage):
        opened = open_database(storage.database_url, storage.data.root) if may_make else existing_database(storage)
        async with opened as database:
            yield Hosting(database, keyring)


async def states(storage: Storage, keyring: Keyring) -> list[HostState]:
    """All code hosts as ``Hosting.all`` gives them; where there is no database there are none.

    Raises:
        UserError: there is a database, and it cannot be used.
    """
    with understood(storage):
        async with database_if_any(storage) as database:
            return [] if database is None else await Hosting(database, keyring).all()


async def _is_followed(source: str) -> bool:
    if not source.startswith(Source.FILE):
        return False
    return await asyncio.to_thread(Path(source.removeprefix(Source.FILE)).exists)


def check_name(name: str) -> None:
    """Let nothing be done under a name that no code host can have.

    Raises:
        BadNameError: it is one.
    """
    if not is_name(name):
        raise BadNameError(name)


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def _as_set(secrets: Sequence[KnownSecret]) -> set[tuple[str, str, str]]:
    return {(secret.place, secret.url, secret.value) for secret in secrets}


def _problem(opening: str, violations: Sequence[Violation]) -> str:
    count = f"it has {len(violations)} mistakes, the first on" if len(violations) > 1 else "it has a mistake on"
    return f"{opening}: {count} {violations[0]}"
