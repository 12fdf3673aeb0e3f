import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.loopback import Requests
from benchmarks.processes import Watched
from benchmarks.sdists import Offered
from benchmarks.sync import Outcome, judge, table

ROOT = Path(__file__).parents[2]

WATCHED = Watched(
    status=0,
    output="",
    errors="",
    seconds=2.0,
    main_peak=90_000_000,
    child_peak=26_500_000,
    together_peak=110_000_000,
    main_cpu=1.5,
    children_cpu=0.25,
)
OUTCOME = Outcome(
    watched=WATCHED, requests=Requests(pages=1, files=2, others=0), mirror_cpu=0.1, completed=2, repositories=2
)
OFFERED = [Offered(project="sample", version=version) for version in ("1.0", "2.0")]


@pytest.mark.parametrize(("options", "releases", "projects"), [((), 6, 2), (("--large", "2", "--html"), 9, 5)])
def test_a_small_sync_is_measured(options: tuple[str, ...], releases: int, projects: int) -> None:
    command = [sys.executable, "-m", "benchmarks.sync", "--releases", "6", "--projects", "2", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines()[1:-1]]
    figures = dict(cells)
    assert figures["releases"] == str(releases)
    assert figures["requests (counted by the mirror)"] == str(releases + projects)
    assert all(float(value) > 0 for figure, value in figures.items() if figure.startswith("peak memory"))


def test_table() -> None:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(OUTCOME, 200).splitlines()]
    assert lines[2:5] == [["releases", "200"], ["seconds", "2.00"], ["releases per second", "100.0"]]
    assert ["peak memory, largest child (RSS), MB", "26.5"] in lines


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (OUTCOME, 0),
        (replace(OUTCOME, completed=1), 1),
        (replace(OUTCOME, repositories=3), 1),
        (replace(OUTCOME, requests=Requests(pages=2, files=2, others=0)), 1),
        (replace(OUTCOME, watched=replace(WATCHED, status=1)), 1),
    ],
)
def test_what_is_not_as_it_should_be_is_an_error(outcome: Outcome, status: int) -> None:
    assert judge(outcome, OFFERED) == status
