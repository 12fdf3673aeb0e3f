"""A short run with fixed seeds; ``python -m tests.fuzz`` runs for longer. See docs/fuzzing.md."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.running import Tally, Work, run

COUNT = 600


def judged(work: Work) -> Tally:
    whole = Tally()
    for tally in run(work):
        whole.add(tally)
    return whole


@pytest.mark.parametrize("of_pages", [False, True], ids=["archives", "pages"])
def test_no_mutant_gets_in_or_out(of_pages: bool) -> None:  # noqa: FBT001 - a table
    tally = judged(Work(seed=20_26, first=0, last=COUNT, of_pages=of_pages))
    assert [(found.number, found.filename, found.what) for found in tally.violations] == []
    assert tally.total == COUNT
    # A run in which everything is refused tries nothing.
    assert tally.outcomes["page" if of_pages else "published"] > COUNT // 20


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--seed", "2026", "--count", "40", "--keep", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert "40 mutants of archives" in done.stdout
    assert "40 mutants of pages" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_the_command_refuses_what_it_cannot_do() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--only", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 2
    assert "--archives or --pages" in done.stderr
