"""The hard hourly budget of a code host: what was spent is in the database, so workers and restarts share it.

The arithmetic, why it is exact, and what holds when clocks are set, is in ``codehost.model.budget``. A code host has
one grant made at a time, by any of its workers on any machine; tokens in a dead worker's hand count until they have
left the window. Workers that follow different caps for a moment, because a document has just changed, each keep to
their own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.budget import (
    DEPARTURE,
    KEPT_EVERY,
    SECOND,
    USABLE,
    Allotment,
    Spent,
    Witness,
    allot,
    counted_from,
    moment,
)
from codehost.model.events import BudgetWait, Observer, RequestSent
from codehost.net.elapsed import elapsed
from codehost.record.clock import microseconds, read_clock
from codehost.record.database import Database
from codehost.record.tables import code_hosts, counters, ledger
from codehost.record.urls import POSTGRESQL

# Another worker may give tokens back, and a machine may sleep: look again at least this often.
_LONGEST_SLEEP = 60.0
# A worker that is stopped while it has the turn would keep all others waiting: PostgreSQL then ends its transaction.
_LONGEST_TURN = "15s"

# What the counters keep for each code host, in microseconds: how far the present lies behind the database's clock, and
# the last present that was not a grant's.
_BEHIND = "behind"
_SEEN = "seen"


@dataclass(slots=True, kw_only=True)
class _Hand:
    """The tokens of one grant that are still to be used, before ``until`` on the monotonic clock."""

    grant_id: int
    tokens: int
    until: float


class LedgerBudget:
    """Implements ``codehost.model.ports.Budget`` on the ledger.

    Args:
        database: where the ledger is.
        code_host_id: whose budget.
        requests_per_hour: the cap; None means no limit, and then the ledger is not touched.
        observer: is told of every request and of every wait.
        monotonic: seconds on a clock that is never set and goes on while the machine sleeps.
        sleep: waits so many seconds.
        clock: reads the database's clock.
    """

    def __init__(
        self,
        database: Database,
        code_host_id: int,
        requests_per_hour: int | None,
        observer: Observer | None = None,
        *,
        monotonic: Callable[[], float] = elapsed,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        clock: Callable[[AsyncConnection], Awaitable[int]] = read_clock,
    ) -> None:
        if requests_per_hour is not None and requests_per_hour < 1:
            raise ValueError("a budget of 0 means paused: nothing may be sent, so nothing may wait for it")
        self._database = database
        self._code_host_id = code_host_id
        self._cap = requests_per_hour
        self._observer = observer
        self._monotonic = monotonic
        self._sleep = sleep
        self._clock = clock
        self._turn = asyncio.Lock()
        self._witness: Witness | None = None
        self._hand: _Hand | None = None
        self._left = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def spend(self) -> None:
        """Wait until one more request may be sent, and count it. Waiters are served in the order of their calls.

        Raises:
            UserError: the database is not there any more.
        """
        left = None
        if self._cap is not None:
            async with self._turn:
                left = await self._take(self._cap)
        self._notify(RequestSent(left=left))

    async def aclose(self) -> None:
        """Give unused tokens back: no request was sent with them, so another worker may use them."""
        async with self._turn:
            hand, self._hand = self._hand, None
            if hand is not None and hand.tokens:
                async with self._database.write() as connection:
                    await _give_back(connection, hand)

    async def _take(self, cap: int) -> int:
        while (hand := self._usable()) is None:
            allotment, now = await self._ask(cap)
            if allotment.leaves_at is not None:
                seconds = max(allotment.leaves_at - now, 0) / SECOND
                self._notify(BudgetWait(seconds=seconds))
                await self._sleep(min(seconds, _LONGEST_SLEEP))
        hand.tokens -= 1
        return self._left + hand.tokens

    def _usable(self) -> _Hand | None:
        hand = self._hand
        return hand if hand is not None and hand.tokens and self._monotonic() < hand.until else None

    async def _ask(self, cap: int) -> tuple[Allotment, int]:
        """Exchange what is left in hand for a new grant; return the answer and the present."""
        hand, self._hand = self._hand, None
        async with self._database.write() as connection:
            await _lock(connection, self._code_host_id)
            if hand is not None and hand.tokens:
                await _give_back(connection, hand)
            # The grant's time is taken later than this, so its use ends earlier here than the ledger assumes. The
            # wait for the lock is over: it takes nothing from the time of use.
            asked_at = self._monotonic()
            now = await self._present(connection)
            allotment = allot(cap, await _spent(connection, self._code_host_id, now))
            granted = await _grant(connection, self._code_host_id, now, allotment) if allotment.tokens else None
        self._witness = Witness(present=now, asked_at=microseconds(asked_at))
        if granted is not None:
            until = asked_at + (USABLE - DEPARTURE) / SECOND
            self._hand = _Hand(grant_id=granted, tokens=allotment.tokens, until=until)
            self._left = allotment.left
        return allotment, now

    async def _present(self, connection: AsyncConnection) -> int:
        """The present, the same for all workers. What has to be known of it later is kept."""
        clock = await self._clock(connection)
        answered_at = microseconds(self._monotonic())
        known = await _known(connection, self._code_host_id)
        latest = None if self._witness is None else self._witness.latest(answered_at)
        now = moment(clock, known.behind, known.newest, latest)
        if clock - now != known.behind:
            await _keep(connection, _BEHIND, self._code_host_id, clock - now)
        if known.newest is not None and now >= known.newest + KEPT_EVERY:
            await _keep(connection, _SEEN, self._code_host_id, now)
        return now

    def _notify(self, event: RequestSent | BudgetWait) -> None:
        if self._observer is not None:
            self._observer.notify(event)


async def _lock(connection: AsyncConnection, code_host_id: int) -> None:
    """One grant at a time. On PostgreSQL the code host's row serves; new releases may still refer to it meanwhile."""
    query = select(code_hosts.c.id).where(code_hosts.c.id == code_host_id).with_for_update(key_share=True)
    if connection.dialect.name == POSTGRESQL:
        # PostgreSQL's manual, 9.28.1: the third argument makes it last for this transaction only.
        setting = literal("idle_in_transaction_session_timeout")
        query = query.add_columns(func.set_config(setting, _LONGEST_TURN, True))  # noqa: FBT003 - an SQL argument
    await connection.execute(query)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """``newest``: the newest grant, or a later present that was kept. ``behind``: see ``model.budget``."""

    newest: int | None
    behind: int


async def _known(connection: AsyncConnection, code_host_id: int) -> _Known:
    newest = select(func.max(ledger.c.granted_at)).where(ledger.c.code_host_id == code_host_id)
    seen, behind = (
        select(counters.c.value).where(counters.c.name == _name(what, code_host_id)) for what in (_SEEN, _BEHIND)
    )
    row = (await connection.execute(select(*(part.scalar_subquery() for part in (newest, seen, behind))))).one()
    return _Known(newest=max((at for at in row[:2] if at is not None), default=None), behind=row[2] or 0)


async def _keep(connection: AsyncConnection, what: str, code_host_id: int, value: int) -> None:
    name = _name(what, code_host_id)
    renewed = await connection.execute(update(counters).where(counters.c.name == name).values(value=value))
    if not renewed.rowcount:
        await connection.execute(insert(counters).values(name=name, value=value))


def _name(what: str, code_host_id: int) -> str:
    return f"ledger-{what}-{code_host_id}"


async def look(connection: AsyncConnection, code_host_id: int) -> tuple[Spent, int]:
    """What counts now and the present, on the ledger's clock, for those who only look."""
    known = await _known(connection, code_host_id)
    now = moment(await read_clock(connection), known.behind, known.newest)
    return await _spent(connection, code_host_id, now), now


async def _spent(connection: AsyncConnection, code_host_id: int, now: int) -> Spent:
    query = select(func.coalesce(func.sum(ledger.c.tokens), 0), func.min(ledger.c.granted_at)).where(
        ledger.c.code_host_id == code_host_id, ledger.c.granted_at >= counted_from(now), ledger.c.tokens > 0
    )
    tokens, oldest = (await connection.execute(query)).one()
    return Spent(tokens=int(tokens), oldest=oldest)


async def _grant(connection: AsyncConnection, code_host_id: int, now: int, allotment: Allotment) -> int:
    mine = ledger.c.code_host_id == code_host_id
    await connection.execute(delete(ledger).where(mine, ledger.c.granted_at < counted_from(now)))
    row = insert(ledger).values(code_host_id=code_host_id, granted_at=now, tokens=allotment.tokens)
    return int((await connection.execute(row.returning(ledger.c.id))).scalar_one())


async def _give_back(connection: AsyncConnection, hand: _Hand) -> None:
    # The row stays, even with nothing left: its time keeps the present from going back.
    await connection.execute(
        update(ledger).where(ledger.c.id == hand.grant_id).values(tokens=ledger.c.tokens - hand.tokens)
    )
