import subprocess
import sys
from pathlib import Path

from benchmarks.replan import make_pins
from codehost.model.pins import parse_pin

ROOT = Path(__file__).parents[2]


def test_nothing_to_do_and_a_small_change_are_measured() -> None:
    command = [sys.executable, "-m", "benchmarks.replan", "--pins", "30", "--runs", "1", "--profile"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if line[0] == "|"
    ]
    assert (rows[2][:2], rows[2][-1]) == (["30", "1"], "0")
    assert rows[-4:] == [["unchanged", "28"], ["to sync", "2"], ["retired", "2"], ["requests", "0"]]
    assert "main.py" in done.stdout
    assert "modules  sqlalchemy" in done.stdout


def test_pins_are_different_releases_and_the_same_each_time() -> None:
    pins = make_pins(200)
    assert len({parse_pin(text).release for text in pins}) == 200
    assert make_pins(200) == pins
