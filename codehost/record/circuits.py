"""Circuit breakers that all workers of a code host share. What they mean is in ``codehost.model.circuits``.

A row is there only while a mirror fails. It is read every few seconds, and written when a failure, a probe or a
recovery changes it; a mirror that works costs no write. A worker learns of another's findings a few seconds later.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Insert, and_, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.circuits import (
    SECOND,
    Setback,
    Standing,
    Ticket,
    after_setback,
    probed,
    refusal,
    standing,
    unprobed,
)
from codehost.model.errors import Reason
from codehost.model.events import MirrorBack, MirrorRests, Observer
from codehost.model.workers import Circuit
from codehost.net.elapsed import elapsed
from codehost.record.clock import microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import circuits
from codehost.record.texts import message, storable, without_user_information
from codehost.record.urls import SQLITE

_REFRESH = 5.0


class SharedCircuits:
    """Implements ``codehost.model.ports.Circuits`` in the database, for one code host.

    Args:
        database: where the circuits are.
        code_host_id: whose mirrors.
        observer: is told of every mirror that is left alone, and of every one that is back.
        refresh: seconds after which the circuits are read again.
        elapsed: seconds on a clock that is never set.
        jitter: random numbers from 0 to 1 for the time a mirror is left alone.
    """

    def __init__(
        self,
        database: Database,
        code_host_id: int,
        observer: Observer | None = None,
        *,
        refresh: float = _REFRESH,
        elapsed: Callable[[], float] = elapsed,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._code_host_id = code_host_id
        self._observer = observer
        self._refresh = refresh
        self._elapsed = elapsed
        self._jitter = jitter
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._clock = 0
        self._known: dict[str, Circuit] = {}
        self._refused_projects: dict[str, set[str]] = {}

    async def admit(self, url: str) -> Ticket:
        """Leave to send a request to the mirror.

        Raises:
            Failure: ``unasked``: the mirror is left alone.
        """
        key = _key(url)
        await self._read()
        circuit = self._known.get(key)
        match standing(circuit, self._now()):
            case Standing.DUE if await self._claim_probe(key):
                return Ticket(url=url, probe=True)
            case Standing.CLOSED:
                return Ticket(url=url)
        # Another worker may have been first with the probe, or done with it.
        circuit = self._known.get(key)
        if circuit is None or circuit.open_until is None:
            return Ticket(url=url)
        failure = refusal(circuit, self._now())
        self._notify(MirrorRests(mirror=url, seconds=failure.retry_after or 0.0, message=circuit.message))
        raise failure

    async def rest(self, url: str) -> float:
        """For how many seconds the mirror is still left alone; 0 when it may be asked.

        Every resolution begins at the first mirror that is enabled. While that one rests, there is no use in claiming
        jobs only to put them back.
        """
        await self._read()
        circuit = self._known.get(_key(url))
        now = self._now()
        if circuit is None or circuit.open_until is None or standing(circuit, now) is not Standing.OPEN:
            return 0.0
        return (circuit.open_until - now) / SECOND

    async def succeeded(self, ticket: Ticket) -> None:
        """Close the circuit, unless it was opened since and this was no probe."""
        key = _key(ticket.url)
        self._refused_projects.pop(key, None)
        known = self._known.get(key)
        if not ticket.probe and (known is None or known.open_until is not None):
            return
        # What another worker has opened meanwhile stays.
        mine = self._row(key) if ticket.probe else and_(self._row(key), circuits.c.open_until.is_(None))
        async with self._database.write() as connection:
            await connection.execute(delete(circuits).where(mine))
        self._known.pop(key, None)
        if ticket.probe:
            self._notify(MirrorBack(mirror=ticket.url))

    async def failed(self, ticket: Ticket, setback: Setback) -> None:
        """Count the failure, which may open the circuit. What left before it was opened does not count any more."""
        key = _key(ticket.url)
        if setback.reason is Reason.AUTH and not ticket.probe:
            projects = self._refused_projects.setdefault(key, set())
            if setback.project in projects:
                return
            projects.add(setback.project)
        async with self._database.write() as connection:
            now = await read_clock(connection)
            known = await self._load(connection, key)
            if known is None or known.open_until is None or ticket.probe:
                known = after_setback(key, known, setback, now, self._jitter())
                await connection.execute(self._upsert(known))
        self._known[key] = known
        if known.open_until is not None:
            seconds = max(known.open_until - now, 0) / SECOND
            self._notify(MirrorRests(mirror=ticket.url, seconds=seconds, message=known.message))

    async def withdrawn(self, ticket: Ticket) -> None:
        """Let another request be the probe."""
        if not ticket.probe:
            return
        key = _key(ticket.url)
        async with self._database.write() as connection:
            known = await self._load(connection, key)
            if known is not None:
                known = unprobed(known, await read_clock(connection))
                await connection.execute(self._upsert(known))
        self._remember(key, known)

    async def _claim_probe(self, key: str) -> bool:
        """Take the probe for this request, unless another worker has it or knows better."""
        async with self._database.write() as connection:
            now = await read_clock(connection)
            known = await self._load(connection, key)
            due = known is not None and standing(known, now) is Standing.DUE
            if known is not None and due:
                known = probed(known, now)
                await connection.execute(self._upsert(known))
        self._remember(key, known)
        return due

    async def _read(self) -> None:
        async with self._reading:
            began = self._elapsed()
            if self._read_at is not None and began < self._read_at + self._refresh:
                return
            async with self._database.read() as connection:
                self._clock = await read_clock(connection)
                self._known = {circuit.url: circuit for circuit in await load_circuits(connection, self._code_host_id)}
            self._read_at = began

    def _now(self) -> int:
        """The database's time, as far as it is known here."""
        return self._clock + microseconds(self._elapsed() - (self._read_at or 0.0))

    def _remember(self, key: str, circuit: Circuit | None) -> None:
        if circuit is None:
            self._known.pop(key, None)
        else:
            self._known[key] = circuit

    async def _load(self, connection: AsyncConnection, key: str) -> Circuit | None:
        query = select(circuits).where(self._row(key)).with_for_update()
        row = (await connection.execute(query)).mappings().first()
        return None if row is None else _circuit(dict(row))

    def _row(self, key: str) -> ColumnElement[bool]:
        return and_(circuits.c.code_host_id == self._code_host_id, circuits.c.url == key)

    def _upsert(self, circuit: Circuit) -> Insert:
        key = {"code_host_id": self._code_host_id, "url": circuit.url}
        values = {
            "failures": circuit.failures,
            "since": circuit.since,
            "open_until": circuit.open_until,
            "reason": circuit.reason,
            "message": message(circuit.message),
        }
        insert = sqlite.insert if self._database.dialect == SQLITE else postgresql.insert
        return insert(circuits).values(**key, **values).on_conflict_do_update(index_elements=list(key), set_=values)

    def _notify(self, event: MirrorRests | MirrorBack) -> None:
        if self._observer is not None:
            self._observer.notify(event)


async def load_circuits(connection: AsyncConnection, code_host_id: int) -> list[Circuit]:
    """The circuits of a code host's mirrors that failed of late, by the mirrors' URLs."""
    query = select(circuits).where(circuits.c.code_host_id == code_host_id).order_by(circuits.c.url)
    return [_circuit(dict(row)) for row in (await connection.execute(query)).mappings()]


def _circuit(row: dict[str, Any]) -> Circuit:
    del row["code_host_id"]
    return Circuit(**row)


def _key(url: str) -> str:
    return storable(without_user_information(url))
