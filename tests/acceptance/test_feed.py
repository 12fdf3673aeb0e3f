"""The short form of ``python -m tests.acceptance.feed``."""

from pathlib import Path

from tests.acceptance.feed import run


async def test_writers_and_consumers_that_crash(database_url: str, tmp_path: Path) -> None:
    outcome = await run(database_url, tmp_path, seconds=6)
    assert outcome.entries > 20
    assert outcome.crashes > 5
