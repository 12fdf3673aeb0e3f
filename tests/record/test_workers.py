"""The rows of workers: who is alive, what it does, and who is forgotten."""

from dataclasses import replace

from sqlalchemy import select, update

from codehost.model.workers import Doing, Wait, WaitKind
from codehost.record.database import Database
from codehost.record.tables import workers
from codehost.record.workers import Workers

SECOND = 1_000_000
DOING = (Doing(repository="python/six/1.0", stage="download", since=5),)
WAITS = (
    Wait(kind=WaitKind.BUDGET, code_host="work", since=1, until=2),
    Wait(kind=WaitKind.MIRROR, code_host="work", since=3, mirror="https://m.example.com/simple"),
)


async def shift(database: Database, owner: str, seconds: float) -> None:
    moved = workers.c.seen_at + round(seconds * SECOND)
    async with database.write() as connection:
        await connection.execute(update(workers).where(workers.c.owner == owner).values(seen_at=moved))


async def owners(database: Database) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(workers.c.owner).order_by(workers.c.owner))).scalars())


async def test_what_a_worker_tells_is_read_as_it_was_told(database: Database) -> None:
    known = Workers(database)
    await known.register("a", "machine", 7, "1.2")
    [first] = await known.all()
    assert (first.owner, first.host, first.pid, first.version) == ("a", "machine", 7, "1.2")
    assert (first.stopping, first.doing, first.waits) == (False, (), ())
    await known.seen("a", stopping=True, doing=DOING, waits=WAITS, held=("work",))
    [told] = await known.alive(30)
    assert told == replace(first, seen_at=told.seen_at, stopping=True, doing=DOING, waits=WAITS, held=("work",))
    assert told.seen_at >= first.seen_at
    await known.seen("a", stopping=False, doing=(), waits=())
    assert (await known.all())[0].doing == ()


async def test_who_is_alive(database: Database) -> None:
    known = Workers(database)
    for owner in "abcd":
        await known.register(owner, "machine", 1, "1")
    await shift(database, "b", -40)
    # The clock was set back since.
    await shift(database, "c", 3_600)
    await shift(database, "d", -90_000)
    assert [worker.owner for worker in await known.alive(30)] == ["a"]
    assert [worker.owner for worker in await known.alive(60)] == ["a", "b"]
    assert [worker.owner for worker in await known.all()] == ["a", "b", "c"]


async def test_a_worker_that_ends_in_order_is_gone(database: Database) -> None:
    known = Workers(database)
    await known.register("a", "machine", 1, "1")
    await known.remove("a")
    assert await known.all() == []
    # A last word that comes late does not bring it back.
    await known.seen("a", stopping=True, doing=(), waits=())
    assert await known.all() == []


async def test_who_was_not_seen_for_a_day_is_forgotten(database: Database) -> None:
    known = Workers(database)
    for owner in "abc":
        await known.register(owner, "machine", 1, "1")
    await shift(database, "a", -86_500)
    await shift(database, "b", -86_000)
    await shift(database, "c", 90_000)
    await known.register("d", "machine", 1, "1")
    assert await owners(database) == ["b", "d"]


async def test_who_was_forgotten_and_lives_is_known_again(database: Database) -> None:
    known = Workers(database)
    await known.register("a", "machine", 9, "1")
    await shift(database, "a", -86_500)
    await Workers(database).register("b", "machine", 1, "1")
    assert await owners(database) == ["b"]
    await known.seen("a", stopping=False, doing=DOING, waits=())
    again = next(worker for worker in await known.alive(30) if worker.owner == "a")
    assert (again.pid, again.doing) == (9, DOING)


async def test_texts_are_storable_and_hold_no_password(database: Database) -> None:
    known = Workers(database)
    await known.register("a", "mach\0ine", 1, "1")
    wait = replace(WAITS[1], mirror="https://user:secret@m.example.com/simple", code_host="a\0")
    await known.seen("a", stopping=False, doing=(), waits=[wait])
    [worker] = await known.all()
    assert worker.waits[0].mirror == "https://m.example.com/simple"
    assert "\0" not in worker.host + worker.waits[0].code_host


async def test_what_a_later_version_waits_for_is_passed_over(database: Database) -> None:
    known = Workers(database)
    await known.register("a", "machine", 1, "1")
    told = {"doing": [], "waits": [{"kind": "moon", "code_host": "x", "since": 1, "until": None, "mirror": None}]}
    async with database.write() as connection:
        await connection.execute(update(workers).values(doing=told))
    assert (await known.all())[0].waits == ()
