from pathlib import Path

import pytest

from codehost.app.storage import Storage
from codehost.model.datadir import DataDirectory


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(data=DataDirectory(tmp_path / "data"))
