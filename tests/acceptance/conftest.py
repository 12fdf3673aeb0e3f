"""A data directory that has been synced once, for tests that begin with one."""

import asyncio
from pathlib import Path

import pytest

from tests.acceptance.program import Desk
from tests.acceptance.six import PIN, serve_six
from tests.simulator.mirror import Mirror


@pytest.fixture(scope="session")
def six_synced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that holds one release; copy it (``Desk.adopt``)."""
    desk = Desk(folder=tmp_path_factory.mktemp("six"))

    async def sync() -> None:
        async with Mirror() as mirror:
            serve_six(mirror)
            desk.configure([mirror.url], [PIN])
            ended = await desk.sync()
            assert ended.status == 0, ended.said

    asyncio.run(sync())
    return desk.data
