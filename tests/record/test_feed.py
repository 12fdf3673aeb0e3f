"""What a consumer of the feed can rely on: from any cursor, however old, it ends with the present set."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from sqlalchemy import func, insert, select, update

from codehost.model.records import Change, ChangeKind
from codehost.record.changes import append_change
from codehost.record.clock import MICROSECONDS, clock
from codehost.record.database import Database
from codehost.record.feed import KEPT_SECONDS, START, Feed, Position, drop_superseded
from codehost.record.hosts import CodeHosts
from codehost.record.tables import changes, counters

DAY = 86_400 * MICROSECONDS
CREATED, UPDATED, MARKED, REMOVED = ChangeKind


async def append(database: Database, repository: str, kind: ChangeKind, host: int = 1) -> None:
    async with database.write() as connection:
        await append_change(
            connection,
            code_host_id=host,
            repository=repository,
            project="p",
            version="1",
            kind=kind,
            commit="c" * 40,
        )


async def grow_older(database: Database, days: float) -> None:
    async with database.write() as connection:
        await connection.execute(update(changes).values(at=changes.c.at - round(days * DAY)))


async def everything(database: Database, after: int = 0, code_host: str | None = None) -> list[Change]:
    """What a consumer reads that asks until there is no more."""
    feed, found = Feed(database), list[Change]()
    while True:
        page = await feed.page(after, 2, code_host)
        found += page.items
        after = page.end.sequence
        if not page.more:
            return found


def applied(entries: Sequence[Change], known: set[str] = frozenset()) -> set[str]:  # type: ignore[assignment]
    present = set(known)
    for entry in entries:
        if entry.kind is REMOVED:
            present.discard(entry.repository)
        else:
            present.add(entry.repository)
    return present


async def test_the_feeds_number_is_its_own_and_stays(database: Database) -> None:
    number = await Feed(database).identity()
    assert number > 2**20
    assert await Feed(database).identity() == number


async def test_pages_and_where_they_end(database: Database) -> None:
    feed = Feed(database)
    assert await feed.newest() == START
    empty = await feed.page(0, 5)
    assert (empty.items, empty.end, empty.more) == ((), START, False)
    for number in range(5):
        await append(database, f"r/{number}", CREATED)
    first = await feed.page(0, 3)
    assert ([one.sequence for one in first.items], first.end.sequence, first.more) == ([1, 2, 3], 3, True)
    assert first.end == Position(sequence=3, at=first.items[-1].at)
    last = await feed.page(3, 2)
    assert ([one.sequence for one in last.items], last.end, last.more) == ([4, 5], await feed.newest(), False)
    beyond = await feed.page(9, 2)
    assert (beyond.items, beyond.end.sequence, beyond.more) == ((), 5, False)


async def test_of_one_code_host(database: Database) -> None:
    one, other = [await CodeHosts(database).save(name, "{}") for name in ("one", "other")]
    for number, host in enumerate([one, other, one, other, other]):
        await append(database, f"r/{number}", CREATED, host)
    page = await Feed(database).page(0, 1, "one")
    assert ([change.repository for change in page.items], page.end.sequence, page.more) == (["r/0"], 1, True)
    page = await Feed(database).page(1, 1, "one")
    assert ([change.repository for change in page.items], page.end.sequence, page.more) == (["r/2"], 5, False)
    assert page.items[0].code_host == "one"
    assert await everything(database, code_host="nobody") == []


async def test_positions_of_another_history_are_not_known(database: Database) -> None:
    feed = Feed(database)
    assert await feed.knows(START)
    assert not await feed.knows(Position(sequence=1, at=5))
    for number in range(3):
        await append(database, f"r/{number}", CREATED)
        await grow_older(database, 1)
    given = [Position(sequence=one.sequence, at=one.at) for one in await everything(database)]
    assert [await feed.knows(one) for one in given] == [True, True, True]
    assert not await feed.knows(Position(sequence=4, at=given[2].at + 1))
    # The same number at another time: a backup has ended the history in which it was given.
    assert not await feed.knows(Position(sequence=2, at=given[1].at - 1))


async def test_a_position_whose_entry_was_dropped_is_known(database: Database) -> None:
    feed = Feed(database)
    for kind in (CREATED, UPDATED, UPDATED, UPDATED):
        await append(database, "r/1", kind)
        await grow_older(database, 20)
    given = [Position(sequence=one.sequence, at=one.at) for one in await everything(database)]
    assert await drop_superseded(database) == 2
    assert [one.sequence for one in await everything(database)] == [3, 4]
    assert [await feed.knows(one) for one in given] == [True, True, True, True]
    assert not await feed.knows(Position(sequence=4, at=given[1].at))


async def test_what_is_superseded_goes_when_what_supersedes_it_is_old(database: Database) -> None:
    await append(database, "r/1", CREATED)
    await append(database, "r/2", CREATED)
    await grow_older(database, 90)
    await append(database, "r/1", UPDATED)
    assert await drop_superseded(database) == 0
    await grow_older(database, 29)
    assert await drop_superseded(database) == 0
    await grow_older(database, 2)
    assert await drop_superseded(database) == 1
    assert [one.sequence for one in await everything(database)] == [2, 3]
    assert await drop_superseded(database) == 0


async def test_the_last_word_stays_whatever_it_is(database: Database) -> None:
    for kind in (CREATED, MARKED, REMOVED):
        await append(database, "r/1", kind)
    await grow_older(database, 400)
    assert await drop_superseded(database) == 2
    assert [(one.sequence, one.kind) for one in await everything(database)] == [(3, REMOVED)]


async def test_a_name_that_went_to_another_code_host_is_told_to_the_followers_of_both(database: Database) -> None:
    one, other = [await CodeHosts(database).save(name, "{}") for name in ("one", "other")]
    await append(database, "r/1", CREATED, one)
    await append(database, "r/1", REMOVED, one)
    await append(database, "r/1", CREATED, other)
    await grow_older(database, 400)
    assert await drop_superseded(database) == 1
    assert applied(await everything(database, code_host="one"), {"r/1"}) == set()
    assert applied(await everything(database)) == {"r/1"}


async def test_entries_from_a_clock_that_was_ahead_hold_nothing_up(database: Database) -> None:
    await append(database, "r/1", CREATED)
    await append(database, "r/1", UPDATED)
    await grow_older(database, -4_000)
    await append(database, "r/2", CREATED)
    assert await drop_superseded(database) == 1
    assert [one.sequence for one in await everything(database)] == [2, 3]


async def test_a_look_without_need_writes_nothing(database: Database) -> None:
    async def settled() -> int:
        async with database.read() as connection:
            found = await connection.execute(select(counters.c.value).where(counters.c.name == "feed-settled"))
            return int(found.scalar_one())

    await append(database, "r/1", CREATED)
    await grow_older(database, KEPT_SECONDS / 86_400 + 0.001)
    assert (await drop_superseded(database), await settled()) == (0, 0)
    await grow_older(database, 1)
    assert (await drop_superseded(database), await settled()) == (0, 1)


@pytest.mark.parametrize("seed", range(4))
async def test_from_any_cursor_the_present_set(database: Database, seed: int) -> None:
    """A history at random, dropped from at random moments; consumers that stopped anywhere come back at the end."""
    chance = random.Random(seed)
    names = [f"r/{number}" for number in range(6)]
    hosts = [await CodeHosts(database).save(name, "{}") for name in ("one", "other")]
    owner: dict[str, int] = {}
    stopped: list[tuple[int, set[str]]] = [(0, set())]
    for _ in range(60):
        name = chance.choice(names)
        if name not in owner:
            owner[name] = chance.choice(hosts)
            await append(database, name, CREATED, owner[name])
        elif chance.random() < 0.4:
            await append(database, name, REMOVED, owner.pop(name))
        else:
            await append(database, name, chance.choice([UPDATED, MARKED]), owner[name])
        await grow_older(database, chance.choice([0.1, 5, 20]))
        if chance.random() < 0.3:
            await drop_superseded(database)
        stopped.append(((await Feed(database).newest()).sequence, set(owner)))
    assert await drop_superseded(database, 3_600) >= 0
    left = await everything(database)
    assert len(left) <= 2 * len(names) + 1 + 1
    assert all(one.sequence < other.sequence for one, other in pairwise(left))
    for after, known in stopped:
        assert applied(await everything(database, after), known) == set(owner)
    for host, name in zip(hosts, ("one", "other"), strict=True):
        mine = {repository for repository, owned in owner.items() if owned == host}
        assert applied(await everything(database, code_host=name)) == mine


async def test_dropping_goes_on_in_batches(database: Database) -> None:
    async with database.write() as connection:
        rows = [
            {
                "sequence": number,
                "code_host_id": 1,
                "repository": f"r/{number % 7}",
                "project": "p",
                "version": "1",
                "kind": "updated",
            }
            for number in range(1, 2_501)
        ]
        await connection.execute(insert(changes).values(at=clock() - 100 * DAY), rows)
        await connection.execute(update(counters).where(counters.c.name == "changes").values(value=2_500))
    assert [await drop_superseded(database) for _ in range(4)] == [993, 1_000, 500, 0]
    async with database.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(changes))).scalar_one() == 7
