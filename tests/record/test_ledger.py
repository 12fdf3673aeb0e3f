"""The hard budget on both databases: exact, shared, remembered."""

import asyncio
import itertools
from collections.abc import Awaitable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from codehost.model.budget import COUNTED, SECOND, WINDOW
from codehost.model.errors import UserError
from codehost.model.events import BudgetWait, Event, RequestSent
from codehost.record.clock import clock, read_clock
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from codehost.record.ledger import LedgerBudget
from codehost.record.tables import ledger
from tests.record.clocks import MustWait, SetClock, refuse_to_wait


class Watcher:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def notify(self, event: Event) -> None:
        self.events.append(event)


class TimeMachine:
    """Sleeps by moving the ledger into the past: for it, that is the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        async with self._database.write() as connection:
            earlier = ledger.c.granted_at - round(seconds * SECOND)
            await connection.execute(update(ledger).values(granted_at=earlier))


async def total(database: Database) -> int:
    async with database.read() as connection:
        return int((await connection.execute(select(func.coalesce(func.sum(ledger.c.tokens), 0)))).scalar_one())


async def another_worker_spent(database: Database, host: int, tokens: int) -> None:
    async with database.write() as connection:
        await connection.execute(insert(ledger).values(code_host_id=host, granted_at=clock(), tokens=tokens))


def impatient(database: Database, host: int, cap: int, watcher: Watcher | None = None) -> LedgerBudget:
    return LedgerBudget(database, host, cap, watcher, sleep=refuse_to_wait)


async def spend_while_allowed(budget: LedgerBudget) -> int:
    """Spend until the budget makes us wait; return how many requests went."""
    for count in itertools.count():
        try:
            await budget.spend()
        except MustWait:
            return count
    raise AssertionError


@pytest.fixture
async def host(database: Database) -> int:
    return await CodeHosts(database).save("host", "{}")


@pytest.mark.parametrize("cap", [1, 7, 50])
async def test_the_cap_is_the_cap(database: Database, host: int, cap: int) -> None:
    assert await spend_while_allowed(impatient(database, host, cap)) == cap


async def test_the_last_batch_is_cut_to_the_cap(database: Database, host: int) -> None:
    await another_worker_spent(database, host, 19_200 - 70)
    assert await spend_while_allowed(impatient(database, host, 19_200)) == 70


async def test_a_second_budget_goes_on_where_the_first_stopped(database: Database, host: int) -> None:
    async with LedgerBudget(database, host, 50) as first:
        for _ in range(7):
            await first.spend()
    assert await spend_while_allowed(impatient(database, host, 50)) == 43
    assert await spend_while_allowed(impatient(database, host, 50)) == 0


async def test_a_killed_worker_loses_at_most_its_batch(database: Database, host: int) -> None:
    await another_worker_spent(database, host, 2_900)
    await LedgerBudget(database, host, 3_000).spend()  # not closed: its other 4 tokens count as spent
    assert await spend_while_allowed(impatient(database, host, 3_000)) == 95


async def test_workers_share_one_budget(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        host = await CodeHosts(one).save("host", "{}")
        await another_worker_spent(one, host, 1_200)
        budgets = [impatient((one, other)[n % 2], host, 1_299) for n in range(4)]
        assert sum(await asyncio.gather(*map(spend_while_allowed, budgets))) == 99


async def test_workers_that_ask_at_once_do_not_get_the_last_batch_twice(database_url: str, tmp_path: Path) -> None:
    async with open_database(database_url, tmp_path) as one, open_database(database_url, tmp_path) as other:
        workers = (one, other) * 4

        async def look(database: Database) -> int:
            async with database.read() as connection:
                return await read_clock(connection)

        await asyncio.gather(*map(look, workers))  # all connections are made, so that the next ones start together
        for attempt in range(5):
            host = await CodeHosts(one).save(f"host {attempt}", "{}")
            await another_worker_spent(one, host, 19_200 - 40)
            asked = (impatient(database, host, 19_200).spend() for database in workers)
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert [type(answer) for answer in answers if answer is not None] == [MustWait] * 6
            assert await total(one) == 19_200 * (attempt + 1)


async def test_code_hosts_have_budgets_of_their_own(database: Database, host: int) -> None:
    other = await CodeHosts(database).save("other", "{}")
    assert await spend_while_allowed(impatient(database, host, 3)) == 3
    assert await spend_while_allowed(impatient(database, other, 3)) == 3


async def test_when_nothing_is_left_it_waits_for_the_oldest_grant_to_leave(database: Database, host: int) -> None:
    watcher = Watcher()
    machine = TimeMachine(database)
    budget = LedgerBudget(database, host, 2, watcher, sleep=machine.sleep)
    for _ in range(3):
        await budget.spend()
    assert machine.slept == pytest.approx(COUNTED / SECOND, abs=5)
    waits = [event.seconds for event in watcher.events if isinstance(event, BudgetWait)]
    assert waits[0] == pytest.approx(COUNTED / SECOND, abs=5)
    assert waits == sorted(waits, reverse=True)
    lefts = [event.left for event in watcher.events if isinstance(event, RequestSent)]
    assert lefts[:2] == [1, 0]


async def test_every_request_tells_what_is_left(database: Database, host: int) -> None:
    watcher = Watcher()
    budget = LedgerBudget(database, host, 1_250, watcher)
    for _ in range(5):
        await budget.spend()
    assert watcher.events == [RequestSent(left=left) for left in (1_249, 1_248, 1_247, 1_246, 1_245)]


async def test_a_grant_is_used_within_its_time_and_its_rest_given_back(database: Database, host: int) -> None:
    now = [0.0]
    budget = LedgerBudget(database, host, 3_000, monotonic=lambda: now[0])
    await budget.spend()
    assert await total(database) == 5
    now[0] = 4.9
    await budget.spend()
    assert await total(database) == 5
    now[0] = 5.0  # too late for the other 3: their requests could leave late
    await budget.spend()
    assert await total(database) == 2 + 5


async def test_closing_gives_back_what_was_not_used(database: Database, host: int) -> None:
    budget = LedgerBudget(database, host, 3_000)
    await budget.spend()
    await budget.aclose()
    await budget.aclose()
    assert await total(database) == 1


async def test_what_has_left_the_window_is_forgotten(database: Database, host: int) -> None:
    machine = TimeMachine(database)
    await LedgerBudget(database, host, 3_000).spend()
    await machine.sleep(COUNTED / SECOND + 1)
    await LedgerBudget(database, host, 3_000).spend()
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(ledger))).scalar() == 1


@pytest.mark.parametrize("error", [-WINDOW, -SECOND, WINDOW, 48 * WINDOW])
async def test_a_clock_that_is_set_gives_nothing_away_and_takes_little(
    database: Database, host: int, error: int
) -> None:
    clock = SetClock(true=1_800_000_000 * SECOND)
    budget = clock.budget(database, host, 2)
    assert [await clock.may_spend(budget) for _ in range(3)] == [True, True, False]
    clock.true += 60 * SECOND
    assert not await clock.may_spend(budget)
    clock.error = error
    clock.true += COUNTED - 65 * SECOND
    assert not await clock.may_spend(budget)
    # What is lost: the time that nobody looked before it was set back, and what two clocks may drift apart.
    clock.true += COUNTED if error < 0 else 10 * SECOND
    assert [await clock.may_spend(budget) for _ in range(3)] == [True, True, False]


async def test_a_clock_set_back_goes_on_from_where_the_ledger_was(database: Database, host: int) -> None:
    clock = SetClock(true=1_800_000_000 * SECOND)
    assert await clock.may_spend(clock.budget(database, host, 1))
    for _ in range(60):
        clock.true += 30 * SECOND
        assert not await clock.may_spend(clock.budget(database, host, 1))  # each time another worker
    clock.error = -24 * WINDOW
    assert not await clock.may_spend(clock.budget(database, host, 1))
    clock.true += COUNTED - 60 * 30 * SECOND
    assert not await clock.may_spend(clock.budget(database, host, 1))
    clock.true += 15 * SECOND
    assert await clock.may_spend(clock.budget(database, host, 1))


async def test_a_forward_step_without_a_witness_is_believed(database: Database, host: int) -> None:
    """What is not promised, so that it is known."""
    clock = SetClock(true=1_800_000_000 * SECOND)
    assert await clock.may_spend(clock.budget(database, host, 1))
    clock.error = 2 * WINDOW
    assert await clock.may_spend(clock.budget(database, host, 1))
    assert not await clock.may_spend(clock.budget(database, host, 1))


async def test_a_stopped_worker_does_not_keep_the_turn_for_ever(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codehost.record.ledger._LONGEST_TURN", "1s")
    async with open_database(postgresql_url, tmp_path) as one, open_database(postgresql_url, tmp_path) as other:
        host = await CodeHosts(one).save("host", "{}")
        stopped, goes_on = asyncio.Event(), asyncio.Event()

        async def stop(connection: AsyncConnection) -> int:
            stopped.set()
            await goes_on.wait()
            return await read_clock(connection)

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            late = tasks.create_task(_refused(LedgerBudget(one, host, 10, clock=stop).spend()))
            await stopped.wait()
            await LedgerBudget(other, host, 10).spend()
            goes_on.set()
        assert "cannot be reached" in str(late.result())
        assert await total(other) == 1


async def _refused(spending: Awaitable[None]) -> BaseException:
    with pytest.raises(UserError) as caught:
        await spending
    return caught.value


async def test_waiters_are_served_in_order(database: Database, host: int) -> None:
    budget = LedgerBudget(database, host, 3_000)
    served: list[int] = []

    async def wait(number: int) -> None:
        await budget.spend()
        served.append(number)

    await asyncio.gather(*map(wait, range(50)))
    assert served == list(range(50))


async def test_a_cancelled_waiter_takes_nothing(database: Database, host: int) -> None:
    budget = LedgerBudget(database, host, 1)
    await budget.spend()
    waiter = asyncio.create_task(budget.spend())
    await asyncio.sleep(0.1)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    await asyncio.wait_for(budget.aclose(), 5)
    assert await total(database) == 1


async def test_no_limit_touches_no_database(database: Database, host: int) -> None:
    watcher = Watcher()
    async with LedgerBudget(database, host, None, watcher) as budget:
        for _ in range(3):
            await budget.spend()
    assert watcher.events == [RequestSent(left=None)] * 3
    assert await total(database) == 0


def test_a_paused_budget_cannot_be_made(database: Database) -> None:
    with pytest.raises(ValueError, match="paused"):
        LedgerBudget(database, 1, 0)
