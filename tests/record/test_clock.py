import time

from codehost.record.clock import microseconds, read_clock
from codehost.record.database import Database


async def test_the_database_tells_microseconds_since_the_epoch(database: Database) -> None:
    before = time.time_ns() // 1_000_000 * 1_000  # SQLite's clock ticks in milliseconds
    async with database.read() as connection:
        told = await read_clock(connection)
    assert before <= told <= time.time_ns() // 1_000


async def test_the_clock_goes_on_within_a_transaction(database: Database) -> None:
    async with database.read() as connection:
        first = await read_clock(connection)
        time.sleep(0.003)  # noqa: ASYNC251 - nothing else runs
        assert await read_clock(connection) > first


def test_microseconds() -> None:
    assert microseconds(1.5) == 1_500_000
