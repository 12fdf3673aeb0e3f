from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codehost.record.database import Database, open_database
from tests.serve.api.administered import Administered, administered


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Administered]:
    """The admin API on SQLite."""
    async with open_database(None, tmp_path) as database, administered(database, tmp_path) as running:
        yield running


@pytest.fixture
async def both(database: Database, tmp_path: Path) -> AsyncIterator[Administered]:
    """The admin API on each of the two databases."""
    async with administered(database, tmp_path) as running:
        yield running
