"""One exact hourly budget for many workers: simulated, and with real processes at one real ledger."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from codehost.model.budget import SECOND, WINDOW
from codehost.record.database import Database, open_database
from codehost.record.hosts import CodeHosts
from tests.acceptance.budget import BrokenPromiseError, Outcome, check, fullest_window, run
from tests.acceptance.forks import fork
from tests.record.clocks import SetClock

SKEWS = (-3600, -1800, -1, 0, 1, 60, 1800, 3600)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_cap_holds_and_is_used_whatever_happens(seed: int) -> None:
    outcomes = list(run(15_000, seed))
    assert sum(outcome.kills for outcome in outcomes) > 100
    assert sum(outcome.steps for outcome in outcomes) > 100


def outcome(fullest: int, use: float) -> Outcome:
    return Outcome(cap=7, grants=1, sent=1, fullest=fullest, use=use, hours=1, kills=0, lost=0, steps=0)


@pytest.mark.parametrize("broken", [outcome(8, 1.0), outcome(7, 0.94)])
def test_a_broken_promise_is_noticed(broken: Outcome) -> None:
    with pytest.raises(BrokenPromiseError):
        check(broken)
    check(outcome(7, 0.95))


@pytest.mark.parametrize(
    ("sent", "fullest"), [([0], 1), ([0, WINDOW], 2), ([0, WINDOW + 1], 1), ([0, 1, WINDOW, WINDOW + 1, WINDOW + 2], 3)]
)
def test_the_fullest_window(sent: list[int], fullest: int) -> None:
    assert fullest_window(sent) == fullest


async def test_the_real_ledger_holds_while_its_clock_is_set_and_workers_come_and_go(
    database: Database,
) -> None:
    """Some hours pass in a few seconds: workers ask one after the other, each at the time that it has come to."""
    chance = random.Random(1)
    cap, workers = 40, 4
    clock = SetClock(true=1_800_000_000 * SECOND)
    host = await CodeHosts(database).save("host", "{}")
    budgets = [clock.budget(database, host, cap) for _ in range(workers)]
    sent: list[int] = []
    worker = 0
    for turn in range(400):
        if await clock.may_spend(budgets[worker]):
            sent.append(clock.true)
        clock.true += chance.randrange(80 * SECOND)
        if turn % 20 == 10:
            budgets[worker] = clock.budget(database, host, cap)  # killed, and started again
        if turn % 30 == 29:
            clock.error += chance.choice((-WINDOW, -SECOND, WINDOW, 90 * SECOND))  # the same worker asks next
        else:
            worker = chance.randrange(workers)
    assert fullest_window(sorted(sent)) == cap
    whole = (sent[-1] - sent[0]) // WINDOW
    assert whole >= 2
    assert sum(at < sent[0] + whole * WINDOW for at in sent) >= 0.95 * cap * whole


async def test_eight_processes_with_skewed_clocks_share_one_budget_and_the_dead_give_nothing_back(
    postgresql_url: str, tmp_path: Path
) -> None:
    cap = 2_400  # batches of 4
    async with open_database(postgresql_url, tmp_path, migrate=True) as database:
        host = await CodeHosts(database).save("host", "{}")
        outputs = [tmp_path / f"{number}.out" for number in range(len(SKEWS))]
        processes = [
            await fork(
                (postgresql_url, str(tmp_path), str(host), str(cap), str(skew)),
                os.environ,
                output,
                output.with_suffix(".err"),
                module="tests.acceptance.spending",
            )
            for skew, output in zip(SKEWS, outputs, strict=True)
        ]
        victims = processes[:2]
        async with asyncio.timeout(120):
            for victim, output in zip(victims, outputs, strict=False):
                while output.stat().st_size < 5:  # noqa: ASYNC110 - another process does it
                    await asyncio.sleep(0.01)
                victim.kill()
            statuses = await asyncio.gather(*(process.wait() for process in processes))
    requests = sum(output.stat().st_size for output in outputs)
    assert statuses == [-signal.SIGKILL] * 2 + [0] * 6
    # Each of the dead had at most one batch in hand.
    assert cap - 4 * len(victims) <= requests <= cap
