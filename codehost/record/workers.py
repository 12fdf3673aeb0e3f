"""Worker processes that the database knows: each tells every few seconds that it lives, and what it does."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Insert, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from codehost.model.workers import Doing, RecordedWorker, Wait, WaitKind
from codehost.record.clock import MICROSECONDS, clock, microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import workers
from codehost.record.texts import storable, without_user_information
from codehost.record.urls import SQLITE

DAY = 86_400 * MICROSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    host: str
    pid: int
    version: str


class Workers:
    """The rows of worker processes, on the database's clock. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registered: dict[str, _Who] = {}

    async def register(self, owner: str, host: str, pid: int, version: str) -> None:
        """Make a worker known. Those that nobody has seen for a day are forgotten."""
        who = _Who(host=storable(host), pid=pid, version=version)
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(_long_gone(await read_clock(connection))))
            await connection.execute(self._upsert(owner, who, stopping=False, doing=None))
        self._registered[owner] = who

    async def seen(
        self,
        owner: str,
        *,
        stopping: bool,
        doing: Sequence[Doing],
        waits: Sequence[Wait],
        held: Sequence[str] = (),
    ) -> None:
        """The worker lives, and does and waits for this; ``held`` is as in ``RecordedWorker``.

        One that others have forgotten meanwhile, because its machine slept, is known again.
        """
        told = {
            "doing": [_doing(one) for one in doing],
            "waits": [_wait(one) for one in waits],
            "held": [storable(name) for name in held],
        }
        statement = (
            update(workers).where(workers.c.owner == owner).values(seen_at=clock(), stopping=stopping, doing=told)
        )
        async with self._database.write() as connection:
            known = (await connection.execute(statement)).rowcount
            if not known and owner in self._registered:
                again = self._upsert(owner, self._registered[owner], stopping=stopping, doing=told)
                await connection.execute(again)

    async def remove(self, owner: str) -> None:
        """The worker has ended in order."""
        self._registered.pop(owner, None)
        async with self._database.write() as connection:
            await connection.execute(delete(workers).where(workers.c.owner == owner))

    async def alive(self, within_seconds: float) -> list[RecordedWorker]:
        """The workers that were seen within so many seconds, the oldest first."""
        async with self._database.read() as connection:
            now = await read_clock(connection)
            near = microseconds(within_seconds)
            # What was seen in the time to come was seen before the clock was set back: that says nothing.
            query = select(workers).where(workers.c.seen_at.between(now - near, now + near))
            rows = (await connection.execute(query.order_by(*_IN_ORDER))).mappings().all()
        return [_recorded(dict(row)) for row in rows]

    async def all(self) -> list[RecordedWorker]:
        """The workers that were seen within a day, the oldest first."""
        return await self.alive(DAY / MICROSECONDS)

    def _upsert(self, owner: str, who: _Who, *, stopping: bool, doing: Any) -> Insert:
        values = {**asdict(who), "started_at": clock(), "seen_at": clock(), "stopping": stopping, "doing": doing}
        insert = sqlite.insert if self._database.dialect == SQLITE else postgresql.insert
        statement = insert(workers).values(owner=owner, **values)
        return statement.on_conflict_do_update(index_elements=["owner"], set_=values)


_IN_ORDER = (workers.c.started_at, workers.c.owner)


def _long_gone(now: int) -> ColumnElement[bool]:
    return or_(workers.c.seen_at < now - DAY, workers.c.seen_at > now + DAY)


def _doing(one: Doing) -> dict[str, Any]:
    return {"repository": storable(one.repository), "stage": storable(one.stage), "since": one.since}


def _wait(one: Wait) -> dict[str, Any]:
    mirror = None if one.mirror is None else storable(without_user_information(one.mirror))
    return {**asdict(one), "kind": one.kind.value, "code_host": storable(one.code_host), "mirror": mirror}


def _recorded(row: dict[str, Any]) -> RecordedWorker:
    told = row.pop("doing") or {}
    return RecordedWorker(
        **row,
        doing=tuple(Doing(**one) for one in told.get("doing", ())),
        waits=tuple(_waits(told.get("waits", ()))),
        held=tuple(told.get("held", ())),
    )


def _waits(told: Sequence[dict[str, Any]]) -> list[Wait]:
    waits = []
    for one in told:
        # A worker of a later version may wait for what is not known here.
        with suppress(ValueError):
            waits.append(Wait(**{**one, "kind": WaitKind(one["kind"])}))
    return waits
