"""The examples of docs/examples: the script that searches."""

import subprocess
from pathlib import Path

import pytest

from tests.acceptance.program import ROOT
from tests.desk import Desk
from tests.simulator.distfiles import make_sdist
from tests.simulator.mirror import Mirror
from tests.simulator.running import running

SCRIPT = ROOT / "docs" / "examples" / "search.sh"


def search(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh", str(SCRIPT), *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mirror = Mirror()
    for project in ("six", "attrs"):
        mirror.add(f"{project}-1.0.tar.gz", make_sdist(project, "1.0", {"m.py": b"\n# the needle\n"}))
    desk = Desk(folder=tmp_path, mirror=mirror, capsys=capsys)
    with running(mirror):
        desk.configure("six==1.0", "attrs==1.0")
        assert desk.sync().status == 0
    found = search(str(desk.data), "the n[e]*dle")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.splitlines() == [
        "python/attrs/1.0: m.py:2:# the needle",
        "python/six/1.0: m.py:2:# the needle",
    ]


def test_search_where_there_is_nothing(tmp_path: Path) -> None:
    found = search(str(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == (
        f"There are no repositories in {tmp_path}/repos: check the directory, or run codehost sync.\n"
    )


def test_search_without_a_directory() -> None:
    found = search()
    assert found.returncode != 0
    assert "usage: search.sh DATA_DIR [PATTERN]" in found.stderr
