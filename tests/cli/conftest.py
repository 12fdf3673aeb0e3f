from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.pins import ATTRS, SIX
from tests.desk import Desk
from tests.simulator.mirror import Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    mirror = Mirror()
    for pin in (SIX, ATTRS):
        add_sdist(mirror, pin)
    with running(mirror):
        made = Desk(folder=tmp_path, mirror=mirror, capsys=capsys)
        made.configure(SIX, ATTRS)
        yield made
