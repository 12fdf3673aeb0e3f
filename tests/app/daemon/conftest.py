from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.record.database import Database
from tests.app.daemon.scene import Scene, scene


@pytest.fixture
async def here(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(database, tmp_path) as made:
        yield made
