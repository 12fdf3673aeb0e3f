"""``kill -9`` loses nothing. The long form: ``python -m tests.acceptance.kill``."""

import asyncio
from pathlib import Path

from tests.acceptance.kill import storm

# Kills during a sync, a prune and a repair.
SHARES = (6, 3, 3)


async def test_nothing_is_lost_when_the_program_is_killed_at_any_moment(tmp_path: Path) -> None:
    storms = await asyncio.gather(*(storm(tmp_path / str(seed), seed, lambda _: SHARES) for seed in (1, 2)))
    for made in storms:
        assert made.kills.total() + made.late == sum(SHARES)
        assert made.kills["sync"] >= SHARES[0] // 2
