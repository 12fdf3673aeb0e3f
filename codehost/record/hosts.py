"""Code hosts in the database: their documents, who keeps these, and what people ask of them."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Update, case, delete, exists, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.budget import counted_from
from codehost.model.errors import UserError
from codehost.model.records import RecordedCodeHost, Source
from codehost.record.clock import clock, read_clock
from codehost.record.database import Database
from codehost.record.host_rows import NEW, create_or_revive, save_of_sync
from codehost.record.moves import cancel
from codehost.record.secrets import SealedSecret, read_with_secrets, replace_secrets
from codehost.record.tables import changes, code_hosts, ledger, releases
from codehost.record.texts import storable, without_user_information
from codehost.record.wakeups import notify


class HostError(UserError):
    """Something cannot be done to a code host.

    Attributes:
        name: the code host's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownHostError(HostError):
    """There is no code host of that name."""

    def __str__(self) -> str:
        return f"There is no code host {self.name!r}: codehost hosts list shows all of them."


class NameTakenError(HostError):
    """There is a code host of that name already."""

    def __str__(self) -> str:
        return (
            f"There is a code host {self.name!r} already: change it with codehost hosts edit, or give the new one"
            " another name with --name."
        )


class DocumentChangedError(HostError):
    """Somebody else changed the document since it was read."""

    def __str__(self) -> str:
        return (
            f"The document of the code host {self.name!r} was changed by somebody else in the meantime: look at it"
            f" again (codehost hosts show {self.name}), and repeat your change."
        )


class KeptElsewhereError(HostError):
    """The document is kept by somebody else, who would write over the change.

    Attributes:
        source: who keeps it, as in ``RecordedCodeHost``.
    """

    def __init__(self, name: str, source: str) -> None:
        super().__init__(name)
        self.source = source

    def __str__(self) -> str:
        if self.source.startswith(Source.FILE):
            path = self.source.removeprefix(Source.FILE)
            return (
                f"The code host {self.name!r} follows the watched file {path}: change or remove that file, or use"
                " another name."
            )
        return (
            f"The document of the code host {self.name!r} is kept in the database: change it with codehost hosts edit"
            f" {self.name}, or use another name."
        )


class CodeHosts:
    """The code hosts that the database knows. Those that are being removed are among them, with ``removed_at``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, name: str, document: str) -> int:
        """Create the code host of one sync or renew its document; return its id.

        ``document`` is kept with its comments, but without user information in URLs; its digest is that of the kept
        text.

        Raises:
            KeptElsewhereError: the code host has another document, which somebody else keeps.
        """
        kept = storable(without_user_information(document))
        digest = digest_of(kept)
        known = await self.find(name)
        if known is not None and known.document_sha256 == digest and known.removed_at is None:
            return known.code_host_id
        async with self._database.write() as connection:
            saved = (
                await connection.execute(save_of_sync(self._database.dialect, name, kept, digest))
            ).scalar_one_or_none()
            if saved is None:
                raise KeptElsewhereError(name, (await _find(connection, name)).source)
            return int(saved)

    async def forget_if_unused(self, code_host_id: int) -> None:
        """Remove a code host of a sync that has no release and sent no request: it was never really there."""
        used = (exists().where(table.c.code_host_id == code_host_id) for table in (releases, ledger, changes))
        statement = delete(code_hosts).where(
            code_hosts.c.id == code_host_id,
            code_hosts.c.source == Source.SYNC.value,
            *(not_(condition) for condition in used),
        )
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def find(self, name: str) -> RecordedCodeHost | None:
        """The code host of that name."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(code_hosts).where(code_hosts.c.name == name))).mappings().first()
        return None if row is None else _recorded(dict(row))

    async def all(self) -> list[RecordedCodeHost]:
        """All code hosts in the order of their names."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(code_hosts).order_by(code_hosts.c.name))).mappings().all()
        return [_recorded(dict(row)) for row in rows]

    async def read(self, name: str) -> tuple[RecordedCodeHost, tuple[SealedSecret, ...]]:
        """A code host with the secrets that belong to its document as it is now.

        Raises:
            UnknownHostError: there is none of that name, or it is being removed.
        """
        async with self._database.read() as connection:
            found = await read_with_secrets(connection, code_hosts.c.name == name, _present())
        if found is None:
            raise UnknownHostError(name)
        row, sealed = found
        return _recorded(row), sealed

    async def create(
        self, name: str, document: str, *, source: str, priority: int, secrets: Sequence[SealedSecret]
    ) -> RecordedCodeHost:
        """Make a code host. One of the same name that is being removed comes back with the new document.

        ``document`` has its secrets replaced already, and ends up in the database as it is.

        Raises:
            NameTakenError: there is one of that name.
        """
        async with self._database.write_alone() as connection:
            statement = create_or_revive(
                self._database.dialect, name, document, digest_of(document), source=source, priority=priority
            )
            code_host_id = (await connection.execute(statement)).scalar_one_or_none()
            if code_host_id is None:
                raise NameTakenError(name)
            await replace_secrets(connection, code_host_id, secrets)
            await notify(connection)
            return await _find(connection, name)

    async def replace(
        self, base: RecordedCodeHost, document: str, *, source: str, secrets: Sequence[SealedSecret]
    ) -> RecordedCodeHost:
        """Give a code host another document, other secrets or another keeper.

        A document that shows no difference has other secrets: then a sync is asked for, because its digest tells
        nobody.

        Raises:
            DocumentChangedError: it is not as it was in ``base`` any more.
        """
        values: dict[str, Any] = {"document": document, "document_sha256": digest_of(document)}
        if document == base.document:
            values["sync_requested_at"] = _after_the_last_plan()
        statement = (
            update(code_hosts)
            .where(code_hosts.c.id == base.code_host_id, code_hosts.c.updated_at == base.updated_at, _present())
            .values(**values, source=source, problem=None, updated_at=_later_than(base.updated_at))
        )
        async with self._database.write_alone() as connection:
            if (await connection.execute(statement)).rowcount == 0:
                raise DocumentChangedError(base.name)
            await replace_secrets(connection, base.code_host_id, secrets)
            await notify(connection)
            return await _find(connection, base.name)

    async def pause(self, name: str, *, paused: bool, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Keep its jobs from being worked on, or let them go on."""
        return await self._set(name, expected_sha256, paused=paused)

    async def set_priority(self, name: str, priority: int, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """The smaller number goes first."""
        return await self._set(name, expected_sha256, priority=priority)

    async def request_sync(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Ask for a new plan although the document is the same."""
        return await self._set(name, expected_sha256, sync_requested_at=_after_the_last_plan())

    async def confirm_removal(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Confirm that the document as it is now may retire as much as it does."""
        return await self._set(name, expected_sha256, removal_confirmed_sha256=code_hosts.c.document_sha256)

    async def set_problem(
        self, code_host_id: int, problem: str | None, *, seen: tuple[int, int | None] | None = None
    ) -> None:
        """Say why the document cannot be followed, or that nothing is in its way.

        ``seen`` are its ``updated_at`` and ``applied_at`` when that was found out: of a later document or plan it
        would not be true.
        """
        statement = update(code_hosts).where(
            code_hosts.c.id == code_host_id, code_hosts.c.problem.is_distinct_from(problem)
        )
        if seen is not None:
            updated_at, applied_at = seen
            same_plan = code_hosts.c.applied_at.is_not_distinct_from(applied_at)
            statement = statement.where(code_hosts.c.updated_at == updated_at, same_plan)
        kept = None if problem is None else storable(without_user_information(problem))
        async with self._database.write() as connection:
            await connection.execute(statement.values(problem=kept))

    async def remove(self, name: str, *, expected_sha256: str | None = None) -> RecordedCodeHost:
        """Begin to remove a code host: its releases are retired, its secrets are gone.

        The row goes (``forget_removed``) when the last of its releases has gone.

        Raises:
            UnknownHostError: there is none of that name, or it is being removed already.
            DocumentChangedError: it has another document than the expected one.
        """
        gone = {**NEW, "removed_at": clock()}
        async with self._database.write_alone() as connection:
            code_host_id = await _change(connection, name, expected_sha256, gone)
            await _retire_all(connection, code_host_id)
            await replace_secrets(connection, code_host_id, ())
            await notify(connection)
            return await _find(connection, name)

    async def forget_removed(self) -> list[str]:
        """Forget the removed code hosts that have no release left; returns their names.

        One that sent requests within the hour stays until they have left the window: who adds it again has no new
        allowance.
        """
        removed = select(code_hosts.c.id).where(code_hosts.c.removed_at.is_not(None))
        async with self._database.read() as connection:
            if (await connection.execute(removed.limit(1))).first() is None:
                return []
        async with self._database.write_alone() as connection:
            # Before the ledger's rows, as whoever spends locks them. One for which somebody counts a request stays.
            locked = (await connection.execute(removed.with_for_update(skip_locked=True))).scalars().all()
            outside = ledger.c.granted_at < counted_from(await read_clock(connection))
            await connection.execute(delete(ledger).where(ledger.c.code_host_id.in_(locked), outside))
            used = (exists().where(table.c.code_host_id == code_hosts.c.id) for table in (releases, ledger))
            statement = delete(code_hosts).where(code_hosts.c.id.in_(locked), *(not_(condition) for condition in used))
            names = (await connection.execute(statement.returning(code_hosts.c.name))).scalars().all()
        return sorted(names)

    async def _set(self, name: str, expected_sha256: str | None, **values: Any) -> RecordedCodeHost:
        async with self._database.write() as connection:
            await _change(connection, name, expected_sha256, values)
            await notify(connection)
            return await _find(connection, name)


def digest_of(document: str) -> str:
    """The digest by which a stored document is known: SHA-256 in hexadecimal, of its UTF-8."""
    return hashlib.sha256(document.encode()).hexdigest()


async def _find(connection: AsyncConnection, name: str) -> RecordedCodeHost:
    row = (await connection.execute(select(code_hosts).where(code_hosts.c.name == name))).mappings().one()
    return _recorded(dict(row))


async def _retire_all(connection: AsyncConnection, code_host_id: int) -> None:
    wanted = (releases.c.code_host_id == code_host_id, releases.c.wanted)
    await cancel(connection, (await connection.execute(select(releases.c.id).where(*wanted))).scalars().all())
    await connection.execute(update(releases).where(*wanted).values(wanted=False, retired_at=clock()))


def _present() -> ColumnElement[bool]:
    return code_hosts.c.removed_at.is_(None)


async def _change(connection: AsyncConnection, name: str, expected_sha256: str | None, values: dict[str, Any]) -> int:
    """Change a code host if it has the expected document, or whatever it has; returns its id."""
    named = (code_hosts.c.name == name, _present())
    statement: Update = update(code_hosts).where(*named).values(values)
    if expected_sha256 is not None:
        statement = statement.where(code_hosts.c.document_sha256 == expected_sha256)
    code_host_id = (await connection.execute(statement.returning(code_hosts.c.id))).scalar_one_or_none()
    if code_host_id is not None:
        return int(code_host_id)
    there = (await connection.execute(select(exists().where(*named)))).scalar_one()
    raise DocumentChangedError(name) if there else UnknownHostError(name)


def _after_the_last_plan() -> ColumnElement[int]:
    # Also within the plan's tick, and when the clock was set back since.
    return case((code_hosts.c.applied_at >= clock(), code_hosts.c.applied_at + 1), else_=clock())


def _later_than(moment: int) -> ColumnElement[int]:
    # Two changes within a tick, or before and after the clock was set back, must not look like one.
    return case((clock() > moment, clock()), else_=moment + 1)


def _recorded(row: dict[str, Any]) -> RecordedCodeHost:
    return RecordedCodeHost(code_host_id=row.pop("id"), **row)
