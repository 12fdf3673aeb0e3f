"""The reliability page names tests, pages and commands that are there."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(?:tests/[\w/]+/)?(test_\w+\.py)`", PAGE))))
def test_a_test_is_there(name: str) -> None:
    assert list((ROOT / "tests").rglob(name))


@pytest.mark.parametrize("module", sorted(set(re.findall(r"-m ((?:tests|benchmarks)\.[\w.]+)", PAGE))))
def test_a_command_is_there(module: str) -> None:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    assert '__name__ == "__main__"' in Path(found.origin).read_text()
