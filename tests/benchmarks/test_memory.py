import pytest

from benchmarks.memory import Mark, growth, main


def test_a_workers_memory_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--releases", "20", "--projects", "4", "--marks", "5", "10"]) == 0
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[2:]] == ["5", "10", "20"]
    assert all(10 < float(row[2]) < 1_000 for row in rows[2:])


def test_the_first_mark_is_not_held_against_it() -> None:
    sizes = ((1, 50_000_000), (2, 100_000_000), (3, 104_000_000))
    marks = [Mark(synced=number, seconds=1.0, main=size, child=0) for number, size in sizes]
    assert growth(marks) == 4.0
    assert growth(marks[:1]) == 0.0
