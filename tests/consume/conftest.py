from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.consume.site import Site, opened, serving


@pytest.fixture
async def site(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Site]:
    """A site that is served."""
    async with opened(tmp_path / "data", migrated_sqlite) as made, serving(made):
        yield made
