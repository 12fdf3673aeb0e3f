import os
import sys
from pathlib import Path

import pytest

from benchmarks.processes import Stat, parse_stat, tree, watch

TICKS = os.sysconf("SC_CLK_TCK")
# A child that holds 32 MB for a moment.
HOLD = "import time; held = bytearray(32 << 20); held[::4096] = b'x' * len(held[::4096]); time.sleep(0.6)"
PARENT = f"import subprocess, sys; print('out'); subprocess.run([sys.executable, '-c', {HOLD!r}]); sys.exit(3)"


@pytest.mark.parametrize("name", ["python", "a name", "a) R 1 (b"])
def test_parse_stat(name: str) -> None:
    rest = " ".join(["S", "7", *"0" * 9, "150", "50", *"0" * 30])
    assert parse_stat(f"42 ({name}) {rest}\n") == Stat(parent=7, cpu=200 / TICKS)


@pytest.mark.parametrize(("root", "found"), [(1, [1, 2, 3, 4]), (2, [2, 4]), (4, [4]), (9, [])])
def test_tree(root: int, found: list[int]) -> None:
    assert tree(root, {1: 0, 2: 1, 3: 1, 4: 2, 5: 0}) == found


def test_a_command_and_its_children_are_watched(tmp_path: Path) -> None:
    watched = watch([sys.executable, "-c", PARENT], tmp_path, outputs=tmp_path)
    assert (watched.status, watched.output, watched.errors) == (3, "out\n", "")
    assert watched.seconds > 0.6
    assert watched.child_peak > 32 << 20 > watched.main_peak > 1 << 20
    assert watched.together_peak > 32 << 20
    assert watched.main_cpu + watched.children_cpu > 0
