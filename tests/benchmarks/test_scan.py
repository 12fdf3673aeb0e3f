"""The benchmark of searching runs, and its table says what it measured."""

import re
from pathlib import Path

import pytest

from benchmarks.scan import GREP, OURS, QUERIES, Run, main, table
from codehost.model.datadir import DataDirectory
from tests.search.scan.library import text
from tests.serve.pages.site import make_repository


def test_a_tiny_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--releases", "4", "--files", "2", "--rounds", "1"]) == 0
    head, _, *lines, _, memory = capsys.readouterr().out.splitlines()
    assert head.startswith("4 repositories, ")
    assert re.search(r"memory .* 799 told .* this process \d+\.\d MB before, .* a child [1-9]", memory)
    assert len(lines) == 2 + 3 * len(QUERIES)
    told = {(cells[1].strip(), cells[2].strip()): cells[6].strip() for cells in (line.split("|") for line in lines)}
    for query, _, _ in QUERIES:
        assert told[query, OURS] == told[query, GREP]
    assert told["rare word", OURS] == "1"


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data-dir", str(tmp_path)]) == 1
    assert "no repository" in capsys.readouterr().err
    make_repository(DataDirectory(tmp_path), "python/six/1.0", [text("a.py", "def f(value):\n    return 1\n")])
    before = sorted(tmp_path.rglob("*"))
    assert main(["--data-dir", str(tmp_path), "--rounds", "1"]) == 0
    assert "1 repositories" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_table() -> None:
    run = Run(seconds=2.0, first=0.5, lines=1_234)
    quick = Run(seconds=0.5, first=0.001, lines=1_234)
    *_, last = table({("q", GREP): [run], ("q", OURS): [quick]}, 10_000_000).splitlines()
    assert [cell.strip() for cell in last.split("|")[1:-1]] == ["q", OURS, "0.500", "20.0", "1.0", "1,234", "4.00"]


@pytest.mark.parametrize("arguments", [["--releases", "0"], ["--rounds", "0"]])
def test_numbers(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
