import subprocess
import sys
from pathlib import Path

from benchmarks.corpus import generate

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # In a process of its own: the command sets variables for all that it starts.
    command = [sys.executable, "-m", "benchmarks.ingest", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)


def test_a_folder_is_measured_and_what_cannot_be_is_told(tmp_path: Path) -> None:
    generate(tmp_path, files=2, members=30)
    (tmp_path / "broken-1.zip").write_bytes(b"no zip")
    (tmp_path / "other-1.tar.bz2").touch()
    done = run(str(tmp_path), "--rounds", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("left out: other-1.tar.bz2")
    assert lines[1].startswith("left out: broken-1.zip cannot be read")
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| ")] == [
        "way", "---------------", "git sequence", "GitPython", "git fast-import", "ours (1)", "ours (2)", "floor",
    ]  # fmt: skip
    assert lines[-1] == "trees: ours equal those of the git sequence for 2 of 2 files compared"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert (done.returncode, done.stdout) == (
        2,
        "there is no distribution file to measure: name a folder that holds some\n",
    )
